"""Answers with an ETag: who polls is told 304 while nothing has changed."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.requests import Request

YEAR_SECONDS: Final = 31_536_000

FOR_EVER: Final = f"private, max-age={YEAR_SECONDS}, immutable"
"""Caching of an address that always answers the same: it names a version of what it tells."""

ASK_AGAIN: Final = "private, no-cache"
"""Caching of one that may answer something else the next time."""


def tagged(request: Request, body: bytes, *, tag_of: bytes | None = None, media_type: str) -> Response:
    """The answer with its ETag, or 304 where the client has it.

    ``tag_of`` is what the tag is computed from where the body also holds what changes each time (signed links).
    """
    tag = f'"{hashlib.sha256(body if tag_of is None else tag_of).hexdigest()[:24]}"'
    headers = {"ETag": tag, "Cache-Control": ASK_AGAIN}
    known = known_tags(request)
    if tag in known or "*" in known:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def known_tags(request: Request) -> list[str]:
    """The tags of what the client has."""
    return [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
