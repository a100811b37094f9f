"""Errors in one shape, all of them."""

from __future__ import annotations

import html
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from master.app import create_app
from master.problems import MASTER
from tests.master.conftest import Client
from tilework.errors import ServiceError
from tilework.jobs.table import TooManyRowsError

if TYPE_CHECKING:
    from master.settings import MasterSettings
    from tests.master.conftest import World

MEMBERS = {"type", "title", "status", "detail", "instance", "code", "advice"}


class BrokenTable:
    """A table behind which something is wrong."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def fail(*arguments: Any, **named: Any) -> Any:
            raise self._error

        return fail


def broken(world: World, settings: MasterSettings, error: Exception) -> Client:
    return Client(create_app(settings, replace(world.system, table=BrokenTable(error))))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/nothing", 404),
        ("GET", "/nothing", 404),
        ("GET", "/api/jobs/nothing", 404),
        ("DELETE", "/api/jobs", 405),
        ("GET", "/api/uploads", 405),
        ("POST", "/api/uploads", 415),
        ("GET", "/api/pipeline?text=blur(", 422),
        ("GET", "/api/jobs?limit=many", 422),
    ],
)
def test_every_error_has_the_one_shape(client: Client, method: str, path: str, status: int) -> None:
    response = client.request(method, path)
    problem = response.json()
    assert response.status_code == problem["status"] == status
    assert response.headers["content-type"] == "application/problem+json"
    assert problem.keys() >= MEMBERS
    assert all(problem[name] for name in MEMBERS)
    assert problem["instance"] == path.split("?", maxsplit=1)[0]


def test_a_method_that_is_not_taken_names_those_that_are(client: Client) -> None:
    assert client.request("DELETE", "/api/jobs").headers["allow"] == "GET, POST"
    assert client.request("PUT", "/api/images").headers["allow"] == "DELETE, GET"


def test_a_service_that_fails_for_now_is_503_and_says_when_to_come_again(
    world: World, settings: MasterSettings
) -> None:
    for path in ("/api/jobs", "/api/health"):
        response = broken(world, settings, ServiceError("DynamoDB is busy.")).get(path)
        assert response.status_code == 503
        assert response.headers["retry-after"]
        assert response.json()["detail"] == "DynamoDB is busy."


def test_an_error_of_our_own_is_a_problem_too_and_tells_no_secrets(
    world: World, settings: MasterSettings, caplog: pytest.LogCaptureFixture
) -> None:
    response = broken(world, settings, RuntimeError("password=hunter2")).get("/api/jobs")
    assert response.status_code == 500
    assert response.json().keys() >= MEMBERS
    assert "hunter2" not in response.text
    assert "hunter2" in caplog.text
    assert response.headers["x-content-type-options"] == "nosniff"


def test_a_person_who_navigated_to_nothing_gets_a_page(client: Client) -> None:
    response = client.get("/jobs/%3Cscript%3Ealert(1)", headers={"Accept": "text/html"})
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/html")
    assert "There is no job" in response.text
    assert "<script>alert" not in response.text


def test_a_body_that_is_no_json_is_a_problem(client: Client) -> None:
    response = client.post("/api/uploads", content=b"\xff{", headers={"Content-Type": "application/json"})
    assert response.status_code in {400, 422}
    assert response.json().keys() >= MEMBERS


def test_digits_of_an_id_that_are_not_found_in_time_are_no_fault_of_the_service() -> None:
    problem = MASTER.of(TooManyRowsError("There are too many jobs to look for the first digits of an id."))
    assert (problem.status, problem.code) == (422, "too_many_rows")
    assert "whole id" in problem.advice


def test_a_state_that_there_is_not_is_told_with_those_that_there_are(client: Client) -> None:
    told = "There is no state 'BOGUS': it is one of QUEUED, RUNNING, DONE, FAILED, SKIPPED or CANCELLED."
    answer = client.get("/api/jobs?state=BOGUS")
    assert (answer.status_code, answer.json()["detail"]) == (422, told)
    page = client.get("/?state=bogus", headers={"Accept": "text/html"})
    assert page.status_code == 422
    assert told in html.unescape(page.text)
    assert client.get("/?state=&view=", headers={"Accept": "text/html"}).status_code == 200
