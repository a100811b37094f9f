"""What people sign in with: the words that the stack, the master and the command line must mean alike."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

RESOURCE_SERVER: Final = "tilework"
"""What the user pool calls the API."""

ACCESS: Final = "api"
"""The scope that the API asks for."""

API_SCOPE: Final = f"{RESOURCE_SERVER}/{ACCESS}"
"""Only an access token that was made by the hosted sign-in bears it: an ID token has no scope, and a token of Cognito's
own sign-in API has another."""

SCOPES: Final = ("openid", "email", API_SCOPE)
"""``openid`` for the ID token, which bears the nonce; ``email`` to tell who is signed in."""

CALLBACK: Final = "/signed-in"
"""Where the page hears of a sign-in, relative to the API's address."""

SIGNED_OUT: Final = "/signed-out"

OPERATORS: Final = "operators"
"""The group of the user pool whose members see what is everybody's, and what is nobody's; a deployment may name another."""

OWNER_CHARACTERS: Final = 128

LOOPBACK_PORTS: Final = (8765, 28765, 48765)
"""Where `tilework login` hears of it, the first that is free: Cognito takes no loopback address without its port."""


def loopback_url(port: int) -> str:
    """The redirect address of a port; Cognito takes http for the name localhost only."""
    return f"http://localhost:{port}/"


@dataclass(frozen=True, slots=True)
class SignIn:
    """Where people sign in: the hosted pages' address, the public client, and the issuer that its tokens name."""

    url: str
    client: str
    issuer: str


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who asks: by the ``owner`` that their images bear, or ``sees_all``.

    Raises ValueError where it is nobody: an empty owner is that of images that have none.
    """

    owner: str = ""
    sees_all: bool = False

    def __post_init__(self) -> None:
        """Refuse nobody."""
        if not (self.owner or self.sees_all):
            raise ValueError("Nobody sees nothing.")

    @property
    def only(self) -> str:
        """The owner whose rows a list may tell; empty where it may tell all."""
        return "" if self.sees_all else self.owner


ANYBODY: Final = Who(sees_all=True)
"""Whoever asks where nobody signs in: on one machine, and behind signatures of IAM's."""


class Owned(Protocol):
    """What has an owner, or none: a row of the job table."""

    @property
    def owner(self) -> str:
        """The subject of a token; empty where nobody had to sign in, as with drops by ``aws s3 cp``."""
        ...


def may_see(row: Owned, who: Who) -> bool:
    """Whether a job is anything to ``who``, to be read or to be changed; else it is as if it were not there."""
    return who.sees_all or row.owner == who.owner


def who_of(claims: Mapping[str, Any], operators: str = OPERATORS) -> Who | None:
    """Whom the claims of a judged access token name; None where they name nobody.

    ``cognito:groups`` is a list in the token; an HTTP API hands it on as a text, ``[one another]``, and the name of a group
    has no blank (payload format 2.0; CreateGroup of Amazon Cognito).
    """
    owner = str(claims.get("sub", ""))[:OWNER_CHARACTERS]
    told = claims.get("cognito:groups", ())
    groups = re.sub(r"^\[|\]$", "", told).split() if isinstance(told, str) else list(told or ())
    return Who(owner, operators in groups) if owner else None


def judged(scope: Mapping[str, Any], *, signing_in: bool, operators: str) -> Who | None:
    """Who sends the request of an ASGI ``scope``; None where people must sign in and it bears no judged token.

    Source: ``requestContext.authorizer.jwt.claims`` of an HTTP API event, payload format 2.0. Headers are never
    believed.
    """
    event = scope.get("aws.event", {})
    claims = event.get("requestContext", {}).get("authorizer", {}).get("jwt", {}).get("claims", {})
    who = who_of(claims, operators)
    if not signing_in:
        return replace(who, sees_all=True) if who else ANYBODY
    return who
