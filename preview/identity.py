"""Who asks, and what of it they may see. On one machine nobody signs in; elsewhere a gateway has judged the token already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework import sign_in

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Scope

    from preview.settings import PreviewSettings
    from tilework.sign_in import Owned, Who

_ASKS = "tilework.who"


def judged(scope: Scope, settings: PreviewSettings) -> Who | None:
    """Who sends the request of ``scope``; None where people must sign in and it bears no judged token."""
    return sign_in.judged(scope, signing_in=settings.sign_in, operators=settings.operators_group)


def note(scope: Scope, who: Who) -> None:
    """Let the routes know who asks."""
    scope[_ASKS] = who


def who_asks(request: Request) -> Who:
    """Who asks, as the gate noted it."""
    who: Who = request.scope[_ASKS]
    return who


def may_see(request: Request, row: Owned) -> bool:
    """Whether the caller may see the images of ``row``."""
    return sign_in.may_see(row, who_asks(request))
