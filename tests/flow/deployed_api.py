"""The API of the deployed stack: its real Lambda behind the embedded AWS's gateway, user pool and sign-in pages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import urllib3

from tests.flow.running_system import boto
from tests.waiting import wait_for
from tilework.sign_in import CALLBACK, LOOPBACK_PORTS, SIGNED_OUT, loopback_url

if TYPE_CHECKING:
    from tests.flow.running_system import RunningSystem

START_SECONDS = 120

EMAIL = "zoe@example.org"
PASSWORD = "Correct-Horse-7-Battery"


@dataclass
class DeployedApi:
    """The stack's API, where the embedded AWS has it: ``page`` for browsers, ``url`` for clients without DNS of it."""

    page: str
    url: str
    endpoint: str
    pool: str
    client: str
    cognito: Any

    def sign_up(self, email: str = EMAIL, password: str = PASSWORD) -> None:
        """What an administrator does for each user, and the user at the first sign-in."""
        self.cognito.admin_create_user(UserPoolId=self.pool, Username=email, MessageAction="SUPPRESS")
        self.cognito.admin_set_user_password(
            UserPoolId=self.pool, Username=email, Password=password, Permanent=True
        )

    def get(self, path: str, token: str | None = None) -> urllib3.BaseHTTPResponse:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return urllib3.request(
            "GET", self.url + path, headers=headers, redirect=False, retries=False, timeout=60
        )


def deployed_api(running: RunningSystem) -> DeployedApi:
    """Join it, and tell the stack the addresses that the embedded AWS has in place of AWS's own."""
    outputs = json.loads((running.state / "emulator" / "deployment.json").read_text())["outputs"]
    endpoint = running.environment["AWS_ENDPOINT_URL"]
    api_id = (urlsplit(outputs["ApiUrl"]).hostname or "").partition(".")[0]
    page = f"http://{api_id}.execute-api.localhost:{urlsplit(endpoint).port}"
    cognito = boto(running.environment, "cognito-idp")
    pool = outputs["UserPool"]
    (client,) = cognito.list_user_pool_clients(UserPoolId=pool)["UserPoolClients"]
    _move_callbacks(cognito, pool, client["ClientId"], page)
    _move_sign_in(boto(running.environment, "lambda"), endpoint)
    url = f"{endpoint}/_aws/execute-api/{api_id}/$default"
    api = DeployedApi(page, url, endpoint, pool, client["ClientId"], cognito)
    # a new process of the function, which is slow to begin
    wait_for(lambda: endpoint.encode() in api.get("/sign-in").data, START_SECONDS)
    return api


def _move_callbacks(cognito: Any, pool: str, client: str, page: str) -> None:
    told = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client)["UserPoolClient"]
    told = {name: value for name, value in told.items() if value and not name.endswith("Date")}
    told["CallbackURLs"] = [f"{page}{CALLBACK}", *map(loopback_url, LOOPBACK_PORTS)]
    told["LogoutURLs"] = [f"{page}{SIGNED_OUT}"]
    cognito.update_user_pool_client(**told)


def _move_sign_in(functions: Any, endpoint: str) -> None:
    """The pages are at the emulator's own address, not at the domain's."""
    names = [one["FunctionName"] for one in functions.list_functions()["Functions"]]
    (name,) = [one for one in names if "MasterApi" in one]
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    variables["TILEWORK_SIGN_IN_URL"] = endpoint
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
