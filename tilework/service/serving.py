"""An application under uvicorn, as a program of its own that ends as a program should."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import uvicorn

if TYPE_CHECKING:
    from starlette.types import ASGIApp

PR_SET_PDEATHSIG = 1
"""From linux/prctl.h."""

SHUTDOWN_SECONDS = 1
"""What requests under way get before they are cut off; whoever asked asks again."""


def server_of(app: ASGIApp, host: str, port: int, **more: Any) -> uvicorn.Server:
    """A server that a signal ends in order, with status 0 for SIGTERM; ``more`` as uvicorn.Config takes it."""
    # uvicorn shuts down in order at a signal, then raises it once more
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(
            number, lambda received, _: sys.exit(0 if received == signal.SIGTERM else 128 + received)
        )
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            # its lines go where ours do
            log_config=None,
            log_level="warning",
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            server_header=False,
            ws="none",
            **more,
        )
    )


def die_with_parent() -> None:
    """Have the kernel end this process when the thread that started it ends, however that happens."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) was refused")
    if os.getppid() == 1:
        # the parent ended before we could ask
        sys.exit(1)
