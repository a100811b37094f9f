"""Who asks. On one machine nobody signs in; behind an API gateway its authorizer has judged the token already."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.types import Scope

from master.problems import NOT_SIGNED_IN, ProblemError
from master.settings import MasterSettings
from tilework.sign_in import ANYBODY, Who, who_of

_ASKS = "tilework.who"


def judged(scope: Scope, settings: MasterSettings) -> Who | None:
    """Who sends the request of ``scope``; None where people must sign in and it bears no judged token.

    Source: ``requestContext.authorizer.jwt.claims`` of an HTTP API event, payload format 2.0. Headers are never
    believed.
    """
    event: Any = scope.get("aws.event", {})
    claims = event.get("requestContext", {}).get("authorizer", {}).get("jwt", {}).get("claims", {})
    who = who_of(claims, settings.operators_group)
    if settings.sign_in is None:
        return replace(who, sees_all=True) if who else ANYBODY
    return who


def note(scope: Scope, who: Who | None) -> None:
    """Let the routes know who asks."""
    scope[_ASKS] = who


def who_asks(request: Request) -> Who:
    """Who asks, as the gate noted it. Raises ProblemError for nobody, and where no gate was passed."""
    who: Who | None = request.scope.get(_ASKS)
    if who is None:
        raise ProblemError(NOT_SIGNED_IN)
    return who


Asking = Annotated[Who, Depends(who_asks)]
"""The type of a route's parameter that tells it who asks."""
