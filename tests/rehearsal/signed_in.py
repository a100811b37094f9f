"""The deployed API as a person who signed in sees it: the hosted pages, the code grant with PKCE, the real Lambda."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import urllib3

from tests.flow.deployed_api import EMAIL, PASSWORD, DeployedApi
from tests.flow.test_sign_in import token_of_another_pool, with_claims, without_signature
from tilework.api.http import Http
from tilework.api.tokens import Attempt
from tilework.sign_in import LOOPBACK_PORTS, SCOPES, SignIn, loopback_url

if TYPE_CHECKING:
    from tests.rehearsal.stage import Stage

OVER_SECONDS: Final = 2


class Person:
    """Somebody whom an administrator has added to the pool."""

    def __init__(self, stage: Stage) -> None:
        pool = stage.outputs["UserPool"]
        cognito = stage.client("cognito-idp")
        (client,) = cognito.list_user_pool_clients(UserPoolId=pool)["UserPoolClients"]
        self._issuer = f"https://cognito-idp.us-east-1.amazonaws.com/{pool}"
        self.api = DeployedApi("", stage.api_url, stage.endpoint, pool, client["ClientId"], cognito)
        self.api.sign_up()

    def sign_in(self) -> str:
        """An access token, from the hosted pages."""
        sign_in = SignIn(self.api.endpoint, self.api.client, self._issuer)
        attempt = Attempt(sign_in, SCOPES, loopback_url(LOOPBACK_PORTS[0]))
        form = dict(parse_qsl(urlsplit(attempt.address).query))
        sent = urllib3.request(
            "POST", f"{self.api.endpoint}/login", redirect=False,
            body=urlencode(form | {"username": EMAIL, "password": PASSWORD}),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )  # fmt: skip
        (code,) = parse_qs(urlsplit(sent.headers["Location"]).query)["code"]
        return attempt.exchange(Http(self.api.endpoint), code).access

    def token_that_is_over(self) -> str:
        """A whole token of this pool that has ended: the client's are good for two seconds meanwhile."""
        cognito, pool = self.api.cognito, self.api.pool
        told = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=self.api.client)["UserPoolClient"]
        told = {name: value for name, value in told.items() if value and not name.endswith("Date")}
        units = {**told["TokenValidityUnits"], "AccessToken": "seconds"}
        cognito.update_user_pool_client(
            **{**told, "AccessTokenValidity": OVER_SECONDS, "TokenValidityUnits": units}
        )
        token = self.sign_in()
        cognito.update_user_pool_client(**told)
        end = time.monotonic() + 20
        while self.api.get("/api/jobs", token).status != 401 and time.monotonic() < end:
            time.sleep(0.2)
        return token

    def wrong_tokens(self, token: str) -> dict[str, str | None]:
        """What must open nothing, by what is wrong with it."""
        return {
            "missing": None,
            "garbage": "garbage",
            "three parts of garbage": "a.b.c",
            "another user's name in it": with_claims(token, sub="somebody else"),
            "a later end in it": with_claims(token, exp=int(time.time()) + 86_400),
            "another scope in it": with_claims(token, scope="aws.cognito.signin.user.admin tilework/api all"),
            "alg=none": without_signature(token),
            "its signature cut": token[:-4],
            "of another pool": token_of_another_pool(self.api),
            "over": self.token_that_is_over(),
        }

    def ask(self, method: str, path: str, token: str | None, body: Any = None) -> urllib3.BaseHTTPResponse:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return urllib3.request(
            method, self.api.url + path, headers=headers, json=body, redirect=False, timeout=60
        )
