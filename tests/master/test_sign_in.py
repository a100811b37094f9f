"""Where people sign in: nothing without a token, and no data where none can be asked for."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from master.settings import MasterSettings
from tests.master.gateway import SIGN_IN, Gateway
from tilework.errors import SettingsError

if TYPE_CHECKING:
    from tests.master.conftest import World

SETTINGS = MasterSettings(sign_in=SIGN_IN, any_host=True)
PUBLIC = ("/", "/jobs/a", "/fleet", "/statistics", "/docs", "/sign-in", "/signed-in", "/signed-out")


@pytest.fixture
def behind(world: World) -> Gateway:
    world.put_row("a", key="secret/harbour.png", owner="zoe")
    return Gateway.to(world, SETTINGS)


@pytest.mark.parametrize(
    "path", ["/api/jobs", "/api/health", "/api/jobs/a", "/api/page/", "/api/openapi.json", "/api/nothing"]
)
def test_the_api_itself_refuses_whoever_no_authorizer_has_let_in(behind: Gateway, path: str) -> None:
    refused = behind.get(path, headers={"Authorization": "Bearer believe.me.please"})
    assert (refused.status_code, refused.json()["code"]) == (401, "not_signed_in")
    assert refused.headers["www-authenticate"] == "Bearer"
    assert behind.get(path, user="zoe").status_code in {200, 404}


@pytest.mark.parametrize("path", PUBLIC)
def test_what_is_there_without_a_token_holds_no_data(behind: Gateway, path: str) -> None:
    answer = behind.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 200
    assert "harbour" not in answer.text
    assert "memory-input" not in answer.text


def test_with_a_token_the_page_is_the_same_as_where_nobody_signs_in(behind: Gateway, world: World) -> None:
    page = behind.get("/api/page/jobs/a", user="zoe", headers={"Accept": "text/html"}).text
    assert "harbour.png" in page
    assert "Sign out" in page
    open_page = Gateway.to(world, MasterSettings(any_host=True)).get("/jobs/a").text
    assert 'id="sign-out"' not in open_page
    main = re.compile("<main.*</main>", re.DOTALL)
    # an <img> bears no token: where people sign in, a module asks for pictures
    links = re.compile(r' ?(href|src)="(memory:|/api/jobs/)[^"]*"')
    found, wanted = (links.sub("", main.findall(each)[0]) for each in (page, open_page))
    assert found == wanted


def test_a_page_that_is_not_there_is_told_as_a_page(behind: Gateway) -> None:
    missing = behind.get("/api/page/jobs/b", user="zoe", headers={"Accept": "text/html"})
    assert missing.status_code == 404
    assert missing.headers["content-type"].startswith("text/html")


def test_the_shell_tells_its_script_where_to_sign_in_and_may_ask_there(behind: Gateway) -> None:
    shell = behind.get("/")
    (told,) = re.findall(r'name="tilework-sign-in" content="([^"]*)"', shell.text)
    told = json.loads(told.replace("&#34;", '"'))
    assert told == behind.get("/sign-in").json()["sign_in"]
    assert told["scopes"] == ["openid", "email", "tilework/api"]
    policy = shell.headers["content-security-policy"]
    (connect,) = [part for part in policy.split("; ") if part.startswith("connect-src")]
    assert SIGN_IN.url in connect
    assert "unsafe" not in policy


def test_what_came_over_https_asks_for_https_from_then_on(behind: Gateway, world: World) -> None:
    assert behind.get("/").headers["strict-transport-security"] == "max-age=31536000"


def test_on_one_machine_nobody_signs_in(world: World) -> None:
    open_to_all = Gateway.to(world, MasterSettings(any_host=True))
    assert open_to_all.get("/sign-in").json() == {"sign_in": None}
    assert open_to_all.get("/api/jobs").status_code == 200
    assert "tilework-sign-in" not in open_to_all.get("/").text


def test_the_variables_of_the_sign_in_belong_together() -> None:
    told: dict[str, Any] = {
        "TILEWORK_SIGN_IN_URL": SIGN_IN.url,
        "TILEWORK_SIGN_IN_CLIENT": SIGN_IN.client,
        "TILEWORK_SIGN_IN_ISSUER": SIGN_IN.issuer,
    }
    assert MasterSettings.from_environment(told).sign_in == SIGN_IN
    for name in told:
        with pytest.raises(SettingsError, match=name):
            MasterSettings.from_environment({**told, name: ""})
