"""The body of a request, read no further than it may be long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.service.problems import Problem, ProblemError

if TYPE_CHECKING:
    from collections.abc import AsyncIterable


async def read_body(parts: AsyncIterable[bytes], most: int, too_large: Problem) -> bytes:
    """All of a body as it comes. Raises ProblemError, ``too_large``, as soon as it has more than ``most`` bytes."""
    body = bytearray()
    async for part in parts:
        body += part
        if len(body) > most:
            raise ProblemError(too_large)
    return bytes(body)
