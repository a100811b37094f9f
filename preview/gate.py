"""What every request passes and every answer carries: the Host header's judge, the token, and the security headers.

As the master's gate does (docs/security.md): on one machine the preview listens on loopback, where a page of another site
could reach it under a name of its own (DNS rebinding).
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect

from preview.problems import response_of
from tilework.service.hosts import LOOPBACK, is_ours
from tilework.service.identity import note
from tilework.service.problems import NOT_SIGNED_IN, Problem, ProblemError
from tilework.sign_in import judged

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from preview.settings import PreviewSettings

log = logging.getLogger(__name__)

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
        except ClientDisconnect:
            # a page calls off what it has no use for any more; nobody is left to be answered
            log.debug("%s %s was called off by whoever asked.", scope["method"], scope["path"])
        except Exception as error:
            if started:
                raise
            response = response_of(error, scope["path"], scope["method"])
            if response.status_code == HTTPStatus.UNAUTHORIZED:
                response.headers["WWW-Authenticate"] = "Bearer"
            await response(scope, receive, send_with_headers)

    def _judge(self, scope: Scope) -> None:
        settings = self._settings
        host = Headers(scope=scope).get("host", "")
        if not is_ours(host, {*LOOPBACK, settings.host}, any_name=settings.any_host):
            raise ProblemError(
                Problem(
                    HTTPStatus.MISDIRECTED_REQUEST,
                    "foreign_host",
                    "Foreign host",
                    "This service is not known under the name in the Host header.",
                    "Ask the master for it, at the address of its page.",
                )
            )
        who = judged(scope, signing_in=settings.sign_in, operators=settings.operators_group)
        if who is None:
            raise ProblemError(NOT_SIGNED_IN)
        note(scope, who)
