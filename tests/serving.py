"""An application served on loopback by a thread of the test's own process."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def serving(app: Any, port: int = 0, *, patience: int | None = None) -> Iterator[int]:
    """The port that ``app`` is served on; 0 finds one. At the end what is asked still has ``patience`` seconds."""
    config = uvicorn.Config(
        app, port=port, log_level="warning", ws="none", timeout_graceful_shutdown=patience
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 30
    while not server.started:
        assert time.monotonic() < end
        time.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)
