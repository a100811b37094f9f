"""What people sign in with: the words that the stack, the master and the command line must mean alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

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
