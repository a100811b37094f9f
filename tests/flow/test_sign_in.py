"""People who sign in: in a real browser and on the command line, against the deployed stack's own API."""

from __future__ import annotations

import base64
import json
import re
import stat
import time
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.cli.conftest import CommandLine
from tests.flow.deployed_api import EMAIL, PASSWORD, DeployedApi, deployed_api
from tests.flow.pictures import decoded, noise, png
from tests.waiting import wait_for
from tilework.jobs.job import State
from tilework.jobs.unheard import ask_of_version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.flow.running_system import RunningSystem

SOON = 90_000
"""Milliseconds: a generous limit against hanging. Each request that meets another begins a process of the function."""

pytestmark = pytest.mark.xdist_group("running")


@pytest.fixture(scope="module")
def api(running: RunningSystem) -> DeployedApi:
    api = deployed_api(running)
    api.sign_up()
    return api


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(SOON)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda told: faults.append(told.text) if "Content Security" in told.text else None)
    yield page
    context.close()
    assert faults == []


def subject(api: DeployedApi) -> str:
    """Whom the tokens of the one user name."""
    (user,) = api.cognito.list_users(UserPoolId=api.pool)["Users"]
    return str(next(each["Value"] for each in user["Attributes"] if each["Name"] == "sub"))


def sign_in(page: Page) -> None:
    page.get_by_label("Username").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


@pytest.fixture
def signed_in(command: CommandLine, page: Page, api: DeployedApi, tmp_path: Path) -> CommandLine:
    """The command line of somebody without AWS credentials, who has signed in with a browser."""
    command.environment |= {"HOME": str(tmp_path), "TILEWORK_API_URL": api.url}
    command.environment.pop("XDG_CONFIG_HOME", None)
    login = command.start("login", "--no-browser")
    assert login.stderr is not None
    address = next(line for line in login.stderr if "/oauth2/authorize" in line).strip()
    page.goto(address)
    sign_in(page)
    expect(page.get_by_text("You are signed in")).to_be_visible(timeout=SOON)
    _, told = login.communicate(timeout=60)
    assert login.returncode == 0, told
    return command


def kept(command: CommandLine) -> tuple[Path, dict[str, Any]]:
    path = command.folder / ".config" / "tilework" / "sign-ins.json"
    ((_, session),) = json.loads(path.read_text()).items()
    return path, session["tokens"]


def test_a_person_signs_in_sees_the_jobs_and_comes_back_to_the_same_view_when_the_session_is_over(
    running: RunningSystem, api: DeployedApi, page: Page
) -> None:
    job = running.drop("lab/behind the gate.png", png(noise(60, 50)), pipeline="invert", owner=subject(api))
    running.ended([job])
    page.goto(f"{api.page}/?state=DONE")
    sign_in(page)
    expect(page.get_by_text("behind the gate.png").first).to_be_visible(timeout=SOON)
    assert page.url == f"{api.page}/?state=DONE"
    page.get_by_text("behind the gate.png").first.click()
    image = page.locator('[data-field="result-image"]')
    expect(image).to_be_visible(timeout=SOON)
    page.wait_for_function("image => image.complete && image.naturalWidth === 50", arg=image.element_handle())
    # the session ends, on both sides
    page.evaluate(
        "sessionStorage.setItem('tilework.session', JSON.stringify({access: 'a.b.c', refresh: 'gone', since: 0, end: 0}))"
    )
    # the page asks how much waits, and so finds out by itself
    sign_in(page)
    expect(page.get_by_role("heading", name="behind the gate.png")).to_be_visible(timeout=SOON)
    assert page.url == f"{api.page}/jobs/{job}"
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible(timeout=SOON)
    assert page.evaluate("sessionStorage.length") == 0


def test_an_image_is_uploaded_from_the_page_by_whoever_is_signed_in(
    running: RunningSystem, api: DeployedApi, page: Page, tmp_path: Path
) -> None:
    photo = tmp_path / "from the page.png"
    photo.write_bytes(png(noise(40, 30)))
    page.goto(api.page)
    with page.expect_response(re.compile(rf"^{re.escape(api.page)}/api/jobs\?")):
        sign_in(page)
    page.locator("#files").set_input_files(photo)
    expect(page.locator("section.jobs").get_by_text("from the page.png").first).to_be_visible(timeout=SOON)

    def uploaded() -> list[str]:
        # the page shows it before all of it is there
        return [
            ask_of_version(running.system, one).job_id
            for one in running.system.inputs.list("uploads/")
            if one.key.endswith("/from the page.png")
        ]

    wait_for(uploaded)
    (job,) = uploaded()
    row = running.ended([job])[job]
    assert row.state is State.DONE
    assert row.owner == subject(api)


def test_somebody_without_aws_credentials_submits_lists_fetches_and_retries_after_a_sign_in(
    signed_in: CommandLine, running: RunningSystem, tmp_path: Path
) -> None:
    path, tokens = kept(signed_in)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (tokens["email"], "AWS_ACCESS_KEY_ID" in signed_in.environment) == (EMAIL, False)
    folder = tmp_path / "by api"
    folder.mkdir()
    picture = noise(70, 80)
    (folder / "a.png").write_bytes(png(picture))
    (folder / "diary.png").write_bytes(b"Dear diary, this is no image.")
    batch = f"api-{time.time_ns()}"
    told = signed_in.run("submit", folder, "--pipeline", "erode(3)", "--batch", batch, "--wait", status=1)
    assert "DONE" in told.stdout
    assert "FAILED" in told.stdout
    rows = json.loads(signed_in.run("jobs", "--batch", batch, "--json").stdout)
    states = {row["key"]: row["state"] for row in rows}
    assert states == {"submitted/by api/a.png": "DONE", "submitted/by api/diary.png": "FAILED"}
    (failed,) = [row["id"] for row in rows if row["state"] == "FAILED"]
    assert "starts like no image" in signed_in.run("why", failed[:8]).stdout
    signed_in.run("fetch", "submitted/by api/", "results", status=1)
    result = decoded((tmp_path / "results" / "a.png").read_bytes())
    assert np.array_equal(result, cv2.erode(picture, np.ones((3, 3), np.uint8)))
    assert failed in signed_in.run("retry", failed[:8]).stdout
    assert running.ended([failed])[failed].epoch == 1
    needs = signed_in.run("presets", "--set", _presets(tmp_path), status=2)
    assert "AWS credentials" in needs.stderr


@pytest.fixture
def strangers(running: RunningSystem) -> set[str]:
    """Jobs of nobody's and of another's."""
    jobs = {
        running.drop("lab/nobodys.png", png(noise(40, 41)), pipeline="invert"),
        running.drop("lab/anothers.png", png(noise(40, 42)), pipeline="invert", owner="somebody else"),
    }
    running.ended(list(jobs))
    return jobs


@pytest.fixture
def operator(api: DeployedApi) -> Iterator[None]:
    """Who signs in now is an operator; the embedded AWS forgets the groups where a token is renewed."""
    who = {"UserPoolId": api.pool, "Username": EMAIL, "GroupName": "operators"}
    api.cognito.admin_add_user_to_group(**who)
    yield
    api.cognito.admin_remove_user_from_group(**who)


def listed(command: CommandLine) -> set[str]:
    return {row["id"] for row in json.loads(command.run("jobs", "--json").stdout)}


def test_what_is_nobodys_or_anothers_is_not_there(
    strangers: set[str], signed_in: CommandLine, api: DeployedApi
) -> None:
    _, tokens = kept(signed_in)
    for job in strangers:
        assert api.get(f"/api/jobs/{job}", tokens["access"]).status == 404
        signed_in.run("retry", job, status=2)
    assert not listed(signed_in) & strangers
    assert api.get("/api/statistics", tokens["access"]).status == 403


def test_what_is_nobodys_or_anothers_is_seen_by_operators(
    operator: None, strangers: set[str], signed_in: CommandLine, api: DeployedApi
) -> None:
    assert strangers <= listed(signed_in)
    assert api.get("/api/statistics", kept(signed_in)[1]["access"]).status == 200


def _presets(folder: Path) -> Path:
    path = folder / "presets.toml"
    path.write_text('[presets]\ncells = "invert"\n')
    return path


def test_a_session_is_renewed_when_it_is_old_and_gone_after_a_logout(
    signed_in: CommandLine, api: DeployedApi
) -> None:
    path, before = kept(signed_in)
    told = json.loads(path.read_text())
    told[api.url]["tokens"]["end"] = 0
    path.write_text(json.dumps(told))
    signed_in.run("jobs", "--limit", "1")
    _, after = kept(signed_in)
    assert after["access"] != before["access"]
    assert after["end"] > time.time()
    signed_in.run("logout")
    over = signed_in.run("jobs", status=2)
    assert "tilework login" in over.stderr


def encoded(claims: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()


def with_claims(token: str, **changed: object) -> str:
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    return ".".join((head, encoded(claims | changed), signature))


def without_signature(token: str) -> str:
    head = json.loads(base64.urlsafe_b64decode(token.split(".", maxsplit=1)[0] + "=="))
    return f"{encoded(head | {'alg': 'none'})}.{token.split('.')[1]}."


def token_of_another_pool(api: DeployedApi) -> str:
    pool = api.cognito.create_user_pool(PoolName="another")["UserPool"]["Id"]
    flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    client = api.cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="another", ExplicitAuthFlows=flows
    )["UserPoolClient"]["ClientId"]
    api.cognito.admin_create_user(UserPoolId=pool, Username=EMAIL, MessageAction="SUPPRESS")
    api.cognito.admin_set_user_password(UserPoolId=pool, Username=EMAIL, Password=PASSWORD, Permanent=True)
    answer = api.cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=client,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": EMAIL, "PASSWORD": PASSWORD},
    )
    return str(answer["AuthenticationResult"]["AccessToken"])


def test_only_a_token_of_this_pool_that_is_whole_and_not_over_opens_the_api(
    signed_in: CommandLine, api: DeployedApi
) -> None:
    token = kept(signed_in)[1]["access"]
    assert api.get("/api/jobs", token).status == 200
    wrong = {
        "missing": None,
        "garbage": "garbage",
        "three parts of garbage": "a.b.c",
        "another user's name in it": with_claims(token, sub="somebody else"),
        "a later end in it": with_claims(token, exp=int(time.time()) + 86_400),
        "alg=none": without_signature(token),
        "of another pool": token_of_another_pool(api),
    }
    answers = {name: api.get("/api/jobs", each).status for name, each in wrong.items()}
    assert answers == dict.fromkeys(wrong, 401)
    # a token of Cognito's own sign-in API has not the API's scope
    for path in ("/api/health", "/api/images", "/api/page/", "/api/openapi.json", "/nothing"):
        assert api.get(path).status == 401
    for path in ("/", "/jobs/x", "/fleet", "/statistics", "/docs", "/sign-in", "/signed-in", "/signed-out"):
        answer = api.get(path)
        assert answer.status == 200
        assert b"tilework-local" not in answer.data


def test_a_token_that_has_ended_opens_nothing(
    running: RunningSystem, signed_in: CommandLine, api: DeployedApi
) -> None:
    told = api.cognito.describe_user_pool_client(UserPoolId=api.pool, ClientId=api.client)["UserPoolClient"]
    told = {name: value for name, value in told.items() if value and not name.endswith("Date")}
    short = {
        "AccessTokenValidity": 2,
        "TokenValidityUnits": {**told["TokenValidityUnits"], "AccessToken": "seconds"},
    }
    api.cognito.update_user_pool_client(**{**told, **short})
    path, _ = kept(signed_in)
    kept_file = json.loads(path.read_text())
    kept_file[api.url]["tokens"]["end"] = 0
    path.write_text(json.dumps(kept_file))
    signed_in.run("jobs", "--limit", "1")
    token = kept(signed_in)[1]["access"]
    end = time.monotonic() + 20
    while api.get("/api/jobs", token).status != 401:
        assert time.monotonic() < end
        time.sleep(0.2)
    api.cognito.update_user_pool_client(**told)
