"""Answers with an ETag: who polls is told 304 while nothing has changed."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.requests import Request


def tagged(request: Request, body: bytes, *, tag_of: bytes | None = None, media_type: str) -> Response:
    """The answer with its ETag, or 304 where the client has it.

    ``tag_of`` is what the tag is computed from where the body also holds what changes each time (signed links).
    """
    tag = f'"{hashlib.sha256(body if tag_of is None else tag_of).hexdigest()[:24]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    known = known_tags(request)
    if tag in known or "*" in known:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def known_tags(request: Request) -> list[str]:
    """The tags of what the client has."""
    return [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
