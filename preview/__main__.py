"""``python -m preview``: the preview under uvicorn, on loopback, for the master that forwards to it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

import uvicorn

from preview.app import create_app
from preview.settings import PreviewSettings
from tilework.aws.connect import connect
from tilework.aws.settings import Deployment
from tilework.errors import SettingsError
from tilework.imaging.run import prepare_process
from tilework.logs import LogSettings, log_to_stderr

PR_SET_PDEATHSIG = 1
"""From linux/prctl.h."""

SHUTDOWN_SECONDS = 1
"""What requests under way get before they are cut off: none of them changes anything."""


def main() -> int:
    """Serve until a signal ends it; returns the exit status."""
    log_to_stderr("preview")
    try:
        log_to_stderr("preview", LogSettings.from_environment(os.environ))
        settings = PreviewSettings.from_environment(os.environ)
        deployment = Deployment.from_environment(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"{error.reason} {error.advice}\n")
        return 2
    if settings.die_with_parent:
        _die_with_parent()
    prepare_process()
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(settings, connect(deployment)),
            host=settings.host,
            port=settings.port,
            # its lines go where ours do
            log_config=None,
            log_level="warning",
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            # the master keeps its connections, and asks on them when it is asked
            timeout_keep_alive=3600,
            server_header=False,
            ws="none",
        )
    )
    # uvicorn shuts down in order at a signal, then raises it once more
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(
            number, lambda received, _: sys.exit(0 if received == signal.SIGTERM else 128 + received)
        )
    server.run()
    return 0 if server.started else 1


def _die_with_parent() -> None:
    """Have the kernel end this process when the thread that started it ends, however that happens."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) was refused")
    if os.getppid() == 1:
        # the parent ended before we could ask
        sys.exit(1)


if __name__ == "__main__":
    sys.exit(main())
