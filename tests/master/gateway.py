"""The application behind an API gateway, as whoever a token names; its routes, so that none can be forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from master.app import create_app
from master.settings import MasterSettings
from tests.in_process import InProcess, ask
from tilework.sign_in import SignIn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import httpx
    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

    from tests.master.conftest import World

SIGN_IN = SignIn("https://lab.auth.eu-central-1.amazoncognito.com", "client-1", "https://issuer.example/pool")
SETTINGS = MasterSettings(sign_in=SIGN_IN, any_host=True, may_erase=True)


@dataclass
class Gateway(InProcess):
    """Sends requests as the HTTP API hands them on: with the claims that its authorizer has judged, or without."""

    host: str = "api.example"

    @classmethod
    def to(cls, world: World, settings: MasterSettings = SETTINGS) -> Gateway:
        return cls(create_app(settings, world.system, world.clock))

    def request(
        self, method: str, path: str, *, user: str = "", groups: str = "", **options: Any
    ) -> httpx.Response:
        claims = {"sub": user} | ({"cognito:groups": groups} if groups else {})
        context = {"authorizer": {"jwt": {"claims": claims}}} if user else {}

        async def gateway(scope: Scope, receive: Receive, send: Send) -> None:
            await self.app({**scope, "aws.event": {"requestContext": context}}, receive, send)

        return ask(gateway, f"https://{self.host}", method, path, **options)


def routes(app: FastAPI, below: str = "/api/") -> list[tuple[str, str]]:
    """Every method and path of the application, those below ``below``."""
    return [(method, path) for method, path in _walked(app.routes) if path.startswith(below)]


def _walked(found: Iterable[Any]) -> Iterator[tuple[str, str]]:
    for route in found:
        # what was included keeps its own list, also below others
        if (router := getattr(route, "original_router", None)) is not None:
            yield from _walked(router.routes)
        elif (methods := getattr(route, "methods", None)) is not None:
            yield from ((method, route.path) for method in sorted(methods - {"HEAD", "OPTIONS"}))
