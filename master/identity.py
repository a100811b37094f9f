"""Who asks. On one machine nobody signs in; behind an API gateway its authorizer has judged the token already."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.types import Scope

from master.problems import NOT_SIGNED_IN, ProblemError
from master.settings import MasterSettings
from tilework import sign_in
from tilework.sign_in import Who

_ASKS = "tilework.who"


def judged(scope: Scope, settings: MasterSettings) -> Who | None:
    """Who sends the request of ``scope``; None where people must sign in and it bears no judged token."""
    return sign_in.judged(scope, signing_in=settings.sign_in is not None, operators=settings.operators_group)


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
