"""A wire between a host and its services that a test can lay late, and make silent."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator


def free_address() -> str:
    """A loopback address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


class Wire:
    """Carries bytes both ways; once ``silent`` none at all, while connections are accepted and stay open."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname, parts.port)
        self._ends: list[socket.socket] = []
        self.silent = False

    def accept(self, server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = server.accept()
                far = socket.create_connection(self._target)
                self._ends += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def cut(self) -> None:
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if self.silent:
                    continue
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


@contextmanager
def wire(address: str, target: str) -> Iterator[Wire]:
    """Listen at ``address`` for what ``target`` is to answer."""
    laid = Wire(target)
    with socket.create_server(("127.0.0.1", urlsplit(address).port or 0)) as server:
        thread = threading.Thread(target=laid.accept, args=(server,))
        thread.start()
        try:
            yield laid
        finally:
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            thread.join()
            laid.cut()
