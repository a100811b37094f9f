"""A moment's web server on this machine, which hears of a sign-in from the browser (RFC 8252, 7.3)."""

from __future__ import annotations

import secrets
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

from tilework.api.failures import SignInError
from tilework.sign_in import LOOPBACK_PORTS

if TYPE_CHECKING:
    from collections.abc import Sequence

ADDRESS: Final = "127.0.0.1"

DONE: Final = "You are signed in. This tab can be closed."
FAILED: Final = "The sign-in did not succeed. The terminal tells why; this tab can be closed."
UNASKED: Final = "Nobody asked here for this sign-in."

REQUEST_SECONDS: Final = 5
"""Nobody who only opens a connection may keep the browser waiting."""


class Loopback:
    """Listens on the first port that is free. ``answer`` is the query of the request that had the right state."""

    def __init__(self, ports: Sequence[int] = LOOPBACK_PORTS) -> None:
        self._state = ""
        self._answer: dict[str, str] | None = None
        self._server = self._listening(ports)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.server_port

    def wait(self, state: str, seconds: float) -> str:
        """The code that came with ``state``. Raises SignInError where it was refused, or none came in time."""
        self._state = state
        end = time.monotonic() + seconds
        while self._answer is None:
            left = end - time.monotonic()
            if left <= 0:
                raise SignInError(f"Nobody signed in within {seconds:.0f} seconds.")
            self._server.timeout = left
            self._server.handle_request()
        if "code" not in self._answer:
            told = self._answer.get("error_description") or self._answer.get("error", "")
            raise SignInError(f"The sign-in was refused: {told}.")
        return self._answer["code"]

    def close(self) -> None:
        """Listen no more."""
        self._server.server_close()

    def _hear(self, target: str) -> tuple[HTTPStatus, str]:
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        right = secrets.compare_digest(query.get("state", "").encode(), self._state.encode())
        if parts.path != "/" or not self._state or not right:
            # a browser's own requests, or another site's: the right one may still come
            return HTTPStatus.NOT_FOUND, UNASKED
        self._answer = query
        return (HTTPStatus.OK, DONE) if "code" in query else (HTTPStatus.BAD_REQUEST, FAILED)

    def _listening(self, ports: Sequence[int]) -> HTTPServer:
        hear = self._hear

        class Handler(BaseHTTPRequestHandler):
            timeout = REQUEST_SECONDS

            def do_GET(self) -> None:  # the name is the library's
                status, text = hear(self.path)
                body = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/plain; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Cache-Control", "no-store")
                self.send_header("Referrer-Policy", "no-referrer")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing: the request bears a code."""

        for port in ports:
            try:
                return HTTPServer((ADDRESS, port), Handler)
            except OSError:
                continue
        raise SignInError(
            f"The ports {', '.join(map(str, ports))} of this machine are all taken.",
            advice="End what listens on one of them, such as another `tilework login`.",
        )
