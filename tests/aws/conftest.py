"""A server on a real socket that answers what a test tells it to."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Script:
    """Answers given one after the other, the last for ever; ``requests`` holds the first lines it was sent."""

    endpoint_url: str
    answers: list[bytes] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def answer(self) -> bytes:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def script(aws_credentials: None) -> Iterator[Script]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        told = Script(f"http://127.0.0.1:{server.getsockname()[1]}")
        thread = threading.Thread(target=serve, args=(server, told))
        thread.start()
        yield told
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def serve(server: socket.socket, script: Script) -> None:
    with suppress(OSError):  # the socket is shut down when the test is over
        while True:
            connection, _ = server.accept()
            with connection, connection.makefile("rb") as reader:
                script.requests.append(reader.readline().decode().strip())
                length = 0
                while (line := reader.readline().lower()).strip():
                    if line.startswith(b"content-length:"):
                        length = int(line.partition(b":")[2])
                    if line.startswith(b"expect:"):
                        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                reader.read(length)
                connection.sendall(script.answer())
