"""What every request passes and every answer carries: the Host header's judge, and the security headers.

The master on one machine has no sign-in: whoever may use the machine may use it. What keeps other sites out is that a
browser can neither read its answers (no CORS header is ever sent) nor send it JSON unasked (that needs a preflight), nor be
pointed at it by a foreign name (DNS rebinding), which is judged here.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders

from tilework.service.hosts import is_ours
from tilework.service.identity import note
from tilework.service.problems import NOT_SIGNED_IN, Problem
from tilework.sign_in import judged

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from master.settings import MasterSettings

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # addresses of results are signed: they must not travel on
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


HTTPS_ONLY = "max-age=31536000"
"""A year, for this name alone: what other names of the domain do is none of ours."""


NO_PAGE = "default-src 'none'; frame-ancestors 'none'"
"""The policy of what is no page."""


def content_security_policy(stores: str, sign_in: str = "") -> str:
    """The page's policy: everything from here, images from and uploads to the ``stores`` (origins, blank-separated).

    Tokens come from where people ``sign_in``.
    """
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            # blob: pictures that a page asked for with its token
            f"img-src 'self' blob: {stores}".rstrip(),
            f"connect-src 'self' {stores} {sign_in}".rstrip(),
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            # no text becomes markup or code but by static/trusted.js
            "require-trusted-types-for 'script'",
            "trusted-types tilework default",
        )
    )


class Gate:
    """ASGI middleware; ``stores`` gives the origins of the buckets."""

    def __init__(self, app: ASGIApp, settings: MasterSettings, stores: Callable[[], str]) -> None:
        self._app = app
        self._settings = settings
        self._stores = stores

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if scope.get("scheme") == "https":
                    headers["Strict-Transport-Security"] = HTTPS_ONLY
                if headers.get("content-type", "").startswith("text/html"):
                    headers["Content-Security-Policy"] = self._policy()
                elif not scope["path"].startswith("/static/"):
                    # whoever opens an answer as a page gets one that does nothing
                    headers["Content-Security-Policy"] = NO_PAGE
            await send(message)

        host = Headers(scope=scope).get("host", "")
        app = (
            self._app
            if is_ours(host, self._settings.host_names, any_name=self._settings.any_host)
            else self._foreign_host(scope["path"])
        )
        settings = self._settings
        who = judged(scope, signing_in=settings.sign_in is not None, operators=settings.operators_group)
        note(scope, who)
        # a gateway refuses these already: a route of it that is too wide must not lay the data open
        if who is None and scope["path"].startswith("/api/"):
            app = self._not_signed_in(scope["path"])
        await app(scope, receive, send_with_headers)

    def _policy(self) -> str:
        sign_in = self._settings.sign_in
        return content_security_policy(self._stores(), sign_in.url if sign_in else "")

    @staticmethod
    def _not_signed_in(path: str) -> Response:
        return _told(NOT_SIGNED_IN, path, {"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"})

    @staticmethod
    def _foreign_host(path: str) -> Response:
        problem = Problem(
            HTTPStatus.MISDIRECTED_REQUEST,
            "foreign_host",
            "Foreign host",
            "This service is not known under the name in the Host header.",
            "Use 127.0.0.1 or localhost, or set TILEWORK_PUBLIC_URL to the address that you use.",
        )
        return _told(problem, path)


def _told(problem: Problem, path: str, headers: dict[str, str] | None = None) -> Response:
    response = problem.response(path)
    response.headers.update(headers or {})
    return response
