"""Who asks, and what of it they may see. On one machine nobody signs in; elsewhere a gateway has judged the token already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from starlette.requests import Request

OWNER_CHARACTERS = 128


class Owned(Protocol):
    """What somebody owns: a row of the job table, an object."""

    @property
    def owner(self) -> str:
        """Who brought it; empty where nobody signed in for it."""
        ...


def owner_of(request: Request) -> str:
    """The subject of the token that the gateway's authorizer accepted; empty where there is no gateway.

    Source: ``requestContext.authorizer.jwt.claims`` of an HTTP API event, payload format 2.0. Headers are never
    believed.
    """
    event: Any = request.scope.get("aws.event", {})
    claims = event.get("requestContext", {}).get("authorizer", {}).get("jwt", {}).get("claims", {})
    return str(claims.get("sub", ""))[:OWNER_CHARACTERS]


def may_see(request: Request, row: Owned) -> bool:
    """Whether the caller may see the images of ``row``: their own, and those that came without an owner.

    Whoever asks without a token gets as far as here only where nobody signs in (:mod:`preview.gate`).
    """
    caller = owner_of(request)
    return not caller or row.owner in {"", caller}
