"""Who asks. On one machine nobody signs in; behind an API gateway its authorizer has judged the token already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.requests import Request

OWNER_CHARACTERS = 128


def owner_of(request: Request) -> str:
    """The subject of the token that the gateway's authorizer accepted; empty where there is no gateway.

    Source: ``requestContext.authorizer.jwt.claims`` of an HTTP API event, payload format 2.0. Headers are never
    believed.
    """
    event: Any = request.scope.get("aws.event", {})
    claims = event.get("requestContext", {}).get("authorizer", {}).get("jwt", {}).get("claims", {})
    return str(claims.get("sub", ""))[:OWNER_CHARACTERS]
