"""Who asks. On one machine nobody signs in; behind a gateway its authorizer has judged the token already."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.types import Scope

from tilework.service.problems import NOT_SIGNED_IN, ProblemError
from tilework.sign_in import Who

_ASKS = "tilework.who"


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
