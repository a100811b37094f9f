"""The embedded AWS with a delay before each S3 request, and with a record of when each request came and was answered.

BENCH_S3_DELAY     seconds that a request to S3 waits before anything is done for it; waiting takes no CPU
BENCH_REQUESTS     the file that the record goes to, a JSON object a line
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ministack import app

from local import mended_ministack

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Served = Callable[[dict[str, Any], Any, Any], Awaitable[None]]

S3_SCOPE: Final = b"/s3/aws4_request"
"""What the signature of a request to S3 has in it, and that of no other."""


def observed(serve: Served, delay: float, record: str) -> Served:
    """``serve``, an ASGI application, as the module says."""

    async def observe(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await serve(scope, receive, send)
            return
        headers = dict(scope["headers"])
        came = time.time()
        if delay and S3_SCOPE in headers.get(b"authorization", b""):
            await asyncio.sleep(delay)
        await serve(scope, receive, send)
        if record:
            action = headers.get(b"x-amz-target", b"").decode().rpartition(".")[2] or scope["method"]
            told = {"action": action, "path": scope["path"], "came": came, "answered": time.time()}
            _note(Path(record), told)

    return observe


def _note(record: Path, told: dict[str, Any]) -> None:
    # a line is short and appended at once: whoever reads finds whole ones
    with record.open("a") as file:
        file.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    app.app = observed(
        app.app, float(os.environ.get("BENCH_S3_DELAY", "0")), os.environ.get("BENCH_REQUESTS", "")
    )
    mended_ministack.main()
