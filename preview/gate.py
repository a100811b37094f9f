"""What every request passes and every answer carries: the Host header's judge, the token, and the security headers.

As the master's gate does (docs/security.md): on one machine the preview listens on loopback, where a page of another site
could reach it under a name of its own (DNS rebinding).
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders

from preview.identity import judged, note
from preview.problems import Problem, ProblemError, response_of
from preview.settings import LOOPBACK

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from preview.settings import PreviewSettings

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    # a picture that is opened by itself runs nothing
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


class Gate:
    """ASGI middleware; it also answers what nobody expected, so that such an answer has the headers, too."""

    def __init__(self, app: ASGIApp, settings: PreviewSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            self._judge(scope)
            await self._app(scope, receive, send_with_headers)
        except Exception as error:
            if started:
                raise
            response = response_of(error, scope["path"], scope["method"])
            if response.status_code == HTTPStatus.UNAUTHORIZED:
                response.headers["WWW-Authenticate"] = "Bearer"
            await response(scope, receive, send_with_headers)

    def _judge(self, scope: Scope) -> None:
        if not self._is_ours(Headers(scope=scope).get("host", "")):
            raise ProblemError(
                Problem(
                    HTTPStatus.MISDIRECTED_REQUEST,
                    "foreign_host",
                    "Foreign host",
                    "This service is not known under the name in the Host header.",
                    "Ask the master for it, at the address of its page.",
                )
            )
        who = judged(scope, self._settings)
        if who is None:
            raise ProblemError(
                Problem(
                    HTTPStatus.UNAUTHORIZED,
                    "not_signed_in",
                    "Not signed in",
                    "The request bears no token of this deployment.",
                    "Sign in on the page, or with `tilework login`.",
                )
            )
        note(scope, who)

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            return False
        return self._settings.any_host or name in {*LOOPBACK, self._settings.host}
