"""Tokens by the authorization code grant with PKCE (RFC 7636), and their renewal; nothing here keeps them."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from tilework.api.failures import NotSignedInError, SignInError
from tilework.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tilework.api.http import Http
    from tilework.sign_in import SignIn

EARLY_SECONDS: Final = 60
"""Before its end, at which a token is renewed."""


def _random() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class Tokens:
    """``access`` is what the API asks for, good until ``end`` (seconds since the epoch); ``refresh`` renews it."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    end: float
    email: str = ""

    @property
    def is_old(self) -> bool:
        """Whether it is time to renew them."""
        return time.time() > self.end - EARLY_SECONDS


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to sign in.

    ``state`` tells our answer from others', ``nonce`` our ID token, ``verifier`` proves that the code was asked for here.
    """

    sign_in: SignIn
    scopes: tuple[str, ...]
    redirect: str
    state: str = field(default_factory=_random, repr=False)
    nonce: str = field(default_factory=_random, repr=False)
    verifier: str = field(default_factory=_random, repr=False)

    @property
    def address(self) -> str:
        """The page where a person signs in."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self.sign_in.client,
            "redirect_uri": self.redirect,
            "scope": " ".join(self.scopes),
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{self.sign_in.url}/oauth2/authorize?{urlencode(query)}"

    def exchange(self, http: Http, code: str) -> Tokens:
        """The tokens for a code. Raises SignInError where they are refused, or are not those that were asked for."""
        grant = {
            "grant_type": "authorization_code",
            "client_id": self.sign_in.client,
            "code": code,
            "redirect_uri": self.redirect,
            "code_verifier": self.verifier,
        }
        status, told = http.form(f"{self.sign_in.url}/oauth2/token", grant)
        if status != HTTPStatus.OK:
            raise SignInError(f"The sign-in was refused: {told.get('error', status)}.")
        claims = claims_of(str(told.get("id_token", "")))
        wanted = {"nonce": self.nonce, "aud": self.sign_in.client, "iss": self.sign_in.issuer}
        if any(claims.get(name) != value for name, value in wanted.items()):
            raise SignInError("The answer is about another sign-in than the one that was asked for.")
        return _tokens(told, refresh="", email=str(claims.get("email", "")))


def renewed(http: Http, sign_in: SignIn, tokens: Tokens) -> Tokens:
    """New tokens for old ones. Raises NotSignedInError where the session is over."""
    grant = {
        "grant_type": "refresh_token",
        "client_id": sign_in.client,
        "refresh_token": tokens.refresh,
    }
    status, told = http.form(f"{sign_in.url}/oauth2/token", grant)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        raise ServiceError(f"The sign-in cannot be renewed now: it answered {status}.")
    if status != HTTPStatus.OK:
        raise NotSignedInError("The sign-in is over.")
    return _tokens(told, refresh=tokens.refresh, email=tokens.email)


def revoke(http: Http, sign_in: SignIn, tokens: Tokens) -> None:
    """Have the session forgotten where people sign in."""
    http.form(f"{sign_in.url}/oauth2/revoke", {"client_id": sign_in.client, "token": tokens.refresh})


def claims_of(token: str) -> dict[str, Any]:
    """What a token says, unverified: it came from its issuer itself over TLS (OpenID Connect Core, 3.1.3.7)."""
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, IndexError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _tokens(told: Mapping[str, Any], *, refresh: str, email: str) -> Tokens:
    # one that is rotated comes new each time
    return Tokens(
        access=str(told["access_token"]),
        refresh=str(told.get("refresh_token") or refresh),
        end=time.time() + float(told.get("expires_in", 0)),
        email=email,
    )
