"""GET /api/jobs and GET /api/jobs/{id}."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tilework.jobs.job import State

if TYPE_CHECKING:
    from tests.master.conftest import Client, World

PROMISED = {
    "id", "key", "version", "pipeline", "state", "code", "reason", "result_key", "attempts", "seconds", "owner",
    "batch", "created", "ended", "width", "height", "advice",
}  # fmt: skip


def listed(client: Client, query: str = "") -> list[str]:
    response = client.get(f"/api/jobs{query}")
    assert response.status_code == 200, response.text
    return [job["id"] for job in response.json()["jobs"]]


def test_a_job_is_told_with_every_promised_field(client: Client, world: World) -> None:
    world.put_row("a", state=State.DONE, result_key="results/a.png", seconds=0.5, width=4, height=3)
    (job,) = client.get("/api/jobs").json()["jobs"]
    assert job.keys() >= PROMISED
    assert (job["state"], job["result_key"], job["seconds"], job["width"]) == (
        "DONE",
        "results/a.png",
        0.5,
        4,
    )


def test_the_list_is_the_latest_changed_first_and_bounded(client: Client, world: World) -> None:
    for number in range(5):
        world.put_row(f"j{number}", updated=world.clock.now + number)
    answer = client.get("/api/jobs?limit=3").json()
    assert [job["id"] for job in answer["jobs"]] == ["j4", "j3", "j2"]
    assert answer["truncated"] is True
    assert client.get("/api/jobs?limit=5").json()["truncated"] is False


def test_nobody_gets_more_than_a_thousand_jobs_at_once(client: Client) -> None:
    assert client.get("/api/jobs?limit=1001").status_code == 422
    assert client.get("/api/jobs?limit=0").status_code == 422


def test_the_list_can_be_of_one_state_and_of_one_batch(client: Client, world: World) -> None:
    world.put_row("a", state=State.FAILED, batch="one")
    world.put_row("b", state=State.DONE, batch="one")
    world.put_row("c", state=State.FAILED, batch="two")
    assert sorted(listed(client, "?state=FAILED")) == ["a", "c"]
    assert sorted(listed(client, "?batch=one")) == ["a", "b"]
    assert listed(client, "?state=FAILED&batch=one") == ["a"]
    assert listed(client, "?batch=none") == []


def test_a_state_that_does_not_exist_is_a_problem_that_names_those_that_do(client: Client) -> None:
    response = client.get("/api/jobs?state=LOST")
    assert response.status_code == 422
    assert "SKIPPED" in response.json()["detail"]


def test_who_polls_is_told_304_until_something_changes(client: Client, world: World) -> None:
    row = world.put_row("a")
    tag = client.get("/api/jobs").headers["etag"]
    again = client.get("/api/jobs", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    world.system.table.delete(row.id)
    assert client.get("/api/jobs", headers={"If-None-Match": tag}).status_code == 200


def test_new_signatures_alone_are_no_change_of_a_job(client: Client, world: World) -> None:
    world.put_row("a", state=State.DONE, result_key="results/a.png")
    tag = client.get("/api/jobs/a").headers["etag"]
    assert client.get("/api/jobs/a", headers={"If-None-Match": f'"other", W/{tag}'}).status_code == 304


def test_a_job_has_links_to_its_own_version_and_its_result_under_telling_names(
    client: Client, world: World
) -> None:
    world.put_row(
        "a",
        key="day 1/photo.of.me.jpg",
        state=State.DONE,
        pipeline="canny(100, 200)",
        result_key="results/r.png",
    )
    links = client.get("/api/jobs/a").json()["links"]
    assert "versionId=v1" in links["input"]
    assert "filename=photo.of.me.jpg" in links["input"]
    assert "filename=photo.of.me-canny-100-200.png" in links["result"]


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING, State.FAILED])
def test_a_job_without_a_result_has_no_link_to_one(client: Client, world: World, state: State) -> None:
    world.put_row("a", state=state)
    assert client.get("/api/jobs/a").json()["links"]["result"] is None


def test_a_message_that_nobody_could_read_is_a_job_without_an_image(client: Client, world: World) -> None:
    world.put_row("a", key="", version="", state=State.FAILED, code="unreadable_message")
    job = client.get("/api/jobs/a").json()
    assert job["links"]["input"] is None
    assert job["name"] == "(a message that nobody can read)"


def test_a_result_of_an_operation_that_the_master_does_not_know_still_has_a_name(
    client: Client, world: World
) -> None:
    world.put_row("a", state=State.DONE, pipeline="own_thing(1)", result_key="results/r.png")
    assert "filename=a-result.png" in client.get("/api/jobs/a").json()["links"]["result"]


def test_a_job_in_stages_tells_how_many_units_are_done(client: Client, world: World) -> None:
    world.put_row("a", state=State.RUNNING)
    assert client.get("/api/jobs/a").json()["progress"] is None
    world.put_row(
        "b", state=State.RUNNING, stage="2-write", stage_units=16, units_done=frozenset({3, 9}), units_behind=6,
        units_in_all=64, staged=world.clock.now - 10,
    )  # fmt: skip
    assert client.get("/api/jobs/b").json()["progress"] == {"done": 8, "total": 64, "seconds_left": 70.0}


def test_the_name_of_a_job_can_be_shown_anywhere(client: Client, world: World) -> None:
    world.put_row("a", key="folder/\u202egpj.\x1b[31m.png")
    assert client.get("/api/jobs/a").json()["name"] == "\\u202egpj.\\x1b[31m.png"


def test_a_job_that_nobody_knows_is_a_problem(client: Client) -> None:
    response = client.get("/api/jobs/nothing")
    assert response.status_code == 404
    assert response.json()["code"] == "no_such_job"
