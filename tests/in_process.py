"""An application in this process, asked without a socket."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Message, Scope


@dataclass
class InProcess:
    """Sends requests to an application that is known under the name ``host``."""

    app: FastAPI
    host: str

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        return ask(self.app, f"http://{self.host}", method, path, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)


def ask(app: ASGIApp, origin: str, method: str, path: str, **options: Any) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=origin) as client:
            return await client.request(method, path, **options)

    return asyncio.run(send())


def call_off(app: ASGIApp, origin: str, path: str, **headers: str) -> list[Message]:
    """Post to ``path`` and hang up before the body is sent; what the application answers nobody."""
    told: list[Message] = []

    async def send(message: Message) -> None:
        told.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    scope: Scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": path.partition("?")[0], "raw_path": path.partition("?")[0].encode(),
        "query_string": path.partition("?")[2].encode(), "root_path": "",
        "headers": [(b"host", origin.encode()), *((name.encode(), value.encode()) for name, value in headers.items())],
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    return told
