from __future__ import annotations

import base64
import hashlib
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tilework.api.failures import NotSignedInError, SignInError
from tilework.api.http import Http
from tilework.api.tokens import Attempt, Tokens, claims_of, renewed
from tilework.errors import ServiceError
from tilework.sign_in import SCOPES, SignIn, loopback_url

if TYPE_CHECKING:
    from tests.api.conftest import Server


def id_token(**claims: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{body}.c2lnbmF0dXJl"


def attempt(url: str) -> Attempt:
    return Attempt(SignIn(url, "client-1", "issuer-1"), SCOPES, loopback_url(8765))


def granting(**claims: object) -> dict[str, Any]:
    return {
        "access_token": "access-1",
        "refresh_token": "refresh-1",
        "expires_in": 900,
        "id_token": id_token(**claims),
    }


def test_the_address_asks_for_a_code_bound_to_a_secret_that_it_does_not_tell() -> None:
    tried = attempt("https://sign-in.example")
    query = {name: values[0] for name, values in parse_qs(urlsplit(tried.address).query).items()}
    digest = hashlib.sha256(tried.verifier.encode()).digest()
    assert query["code_challenge"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert (query["code_challenge_method"], query["response_type"]) == ("S256", "code")
    assert (query["redirect_uri"], query["scope"]) == ("http://localhost:8765/", "openid email tilework/api")
    assert (query["state"], query["nonce"]) == (tried.state, tried.nonce)
    assert tried.verifier not in tried.address
    assert len(tried.verifier) >= 43  # RFC 7636, 4.1


def test_no_two_tries_share_a_secret_and_none_is_shown() -> None:
    one, other = attempt("https://a.example"), attempt("https://a.example")
    secrets = {one.state, other.state, one.nonce, other.nonce, one.verifier, other.verifier}
    assert len(secrets) == 6
    assert not any(secret in repr(one) for secret in secrets)
    assert "access-1" not in repr(Tokens("access-1", "refresh-1", 0))


def test_a_code_becomes_tokens_by_the_verifier(server: Server) -> None:
    tried = attempt(server.url)
    server.answer = lambda _: (
        200,
        granting(nonce=tried.nonce, aud="client-1", iss="issuer-1", email="zoe@example.org"),
    )
    tokens = tried.exchange(Http(server.url), "code-1")
    assert (tokens.access, tokens.refresh, tokens.email) == ("access-1", "refresh-1", "zoe@example.org")
    assert not tokens.is_old
    (heard,) = server.heard
    assert heard.path == "/oauth2/token"
    assert heard.form == {
        "grant_type": "authorization_code",
        "client_id": "client-1",
        "code": "code-1",
        "redirect_uri": "http://localhost:8765/",
        "code_verifier": tried.verifier,
    }


@pytest.mark.parametrize(
    "changed", [{"nonce": "another"}, {"aud": "another"}, {"iss": "another"}, {"nonce": None}]
)
def test_tokens_of_another_sign_in_are_not_taken(server: Server, changed: dict[str, object]) -> None:
    tried = attempt(server.url)
    claims = {"nonce": tried.nonce, "aud": "client-1", "iss": "issuer-1"} | changed
    server.answer = lambda _: (200, granting(**claims))
    with pytest.raises(SignInError, match="another sign-in"):
        tried.exchange(Http(server.url), "code-1")


def test_a_code_that_is_refused_says_so(server: Server) -> None:
    server.answer = lambda _: (400, {"error": "invalid_grant"})
    with pytest.raises(SignInError, match="invalid_grant"):
        attempt(server.url).exchange(Http(server.url), "stolen")


def test_a_session_is_renewed_and_a_rotated_refresh_token_takes_the_place_of_the_old_one(
    server: Server,
) -> None:
    old = Tokens("access-0", "refresh-0", time.time() - 1, "zoe@example.org")
    assert old.is_old
    sign_in = attempt(server.url).sign_in
    server.answer = lambda _: (200, {"access_token": "access-1", "expires_in": 900})
    assert renewed(Http(server.url), sign_in, old).refresh == "refresh-0"
    server.answer = lambda _: (
        200,
        {"access_token": "access-2", "refresh_token": "refresh-2", "expires_in": 900},
    )
    tokens = renewed(Http(server.url), sign_in, old)
    assert (tokens.access, tokens.refresh, tokens.email) == ("access-2", "refresh-2", "zoe@example.org")
    assert server.heard[0].form["refresh_token"] == "refresh-0"


def test_a_session_that_is_over_is_told_apart_from_a_service_that_fails(server: Server) -> None:
    sign_in, old = attempt(server.url).sign_in, Tokens("a", "r", 0)
    server.answer = lambda _: (400, {"error": "invalid_grant"})
    with pytest.raises(NotSignedInError):
        renewed(Http(server.url), sign_in, old)
    server.answer = lambda _: (500, {})
    with pytest.raises(ServiceError):
        renewed(Http(server.url), sign_in, old)


@pytest.mark.parametrize("token", ["", "garbage", "a.b", "a.!.c", "a.bnVsbA.c"])
def test_what_is_no_token_claims_nothing(token: str) -> None:
    assert claims_of(token) == {}
