"""What the API lets a user do to jobs; each refusal is a problem that says why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from master import orders, search
from master.settings import MasterSettings
from tilework.errors import CrashedError, DamagedImageError
from tilework.jobs.job import Ask, State
from tilework.jobs.object_keys import result_key
from tilework.jobs.transitions import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.master.conftest import Client, World
    from tilework.jobs.job import Job


def post(client: Client, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
    response = client.post(path, json=body)
    return response.status_code, response.json()


def fail(world: World, key: str, failure: Exception | None = None) -> str:
    ask = world.drop(key)
    error = failure or DamagedImageError("cut short")
    world.life.end(world.claim(ask), State.FAILED, failure=error)  # type: ignore[arg-type]
    return ask.job_id


def test_a_failed_job_is_tried_again_and_told_to_the_queue(client: Client, world: World) -> None:
    job = fail(world, "a.png")
    world.forget_messages()
    status, told = post(client, f"/api/jobs/{job}/retry")
    assert (status, told["state"], told["attempts"], told["reason"]) == (200, "QUEUED", 0, "")
    assert world.told() == [job]
    status, problem = post(client, f"/api/jobs/{job}/retry")
    assert (status, problem["code"]) == (409, "wrong_state")
    assert "QUEUED" in problem["detail"]


def test_all_failures_of_a_code_are_tried_again_a_bounded_number_a_request(
    client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "RETRIES_AT_ONCE", 2)
    crashed = {fail(world, f"{n}.png", CrashedError("died")) for n in range(3)}
    damaged = fail(world, "d.png")
    world.forget_messages()
    first = post(client, "/api/jobs/retry", code="crashed")[1]
    assert (first["retried"], bool(first["next"])) == (2, True)
    assert post(client, "/api/jobs/retry", code="crashed", before=first["next"])[1] == {
        "retried": 1,
        "next": "",
    }
    assert set(world.told()) == crashed
    row = world.system.table.get(damaged)
    assert row is not None
    assert row.state is State.FAILED


def test_orders_for_one_code_look_at_a_bounded_number_of_failures_a_request_and_reach_them_all(
    client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "LOOKED_AT", 3)
    fail(world, "crashed.png", CrashedError("died"))
    world.clock.now += 1
    for number in range(7):
        fail(world, f"{number}.png")
    read: list[int] = []
    whole = world.system.table.list

    def counted(*args: Any, **wanted: Any) -> Iterator[Job]:
        read.append(0)
        for row in whole(*args, **wanted):
            read[-1] += 1
            yield row

    monkeypatch.setattr(world.system.table, "list", counted)
    for path, count in (("rerun", "queued"), ("retry", "retried")):
        done, before, read[:] = [], "", []
        while not done or before:
            status, told = post(
                client, f"/api/jobs/{path}", code="crashed", before=before, pipeline="invert()"
            )
            assert status == 200
            done.append(told[count])
            before = told["next"]
        assert (done, max(read)) == ([0, 0, 1], 4), path


def test_a_job_is_called_off_once(client: Client, world: World) -> None:
    job = world.claim(world.drop())
    status, told = post(client, f"/api/jobs/{job.id}/cancel")
    assert (status, told["state"]) == (200, "CANCELLED")
    assert post(client, f"/api/jobs/{job.id}/cancel")[0] == 409


def test_the_very_version_of_a_job_goes_through_another_pipeline(client: Client, world: World) -> None:
    ask = world.drop("a.png", batch="b1")
    world.claim(Ask(ask.drop, batch="b1"))
    world.drop("a.png")
    world.forget_messages()
    status, told = post(client, f"/api/jobs/{ask.job_id}/rerun", pipeline="canny(100,200)")
    assert (status, told["queued"]) == (201, True)
    job = told["job"]
    assert (job["version"], job["pipeline"], job["batch"]) == (ask.drop.version, "canny(100, 200)", "b1")
    assert world.told() == [job["id"]]
    status, again = post(client, f"/api/jobs/{ask.job_id}/rerun", pipeline="canny(100, 200)")
    assert (status, again["queued"], again["job"]["id"]) == (200, False, job["id"])


def test_an_image_is_rerun_by_its_key(client: Client, world: World) -> None:
    ask = world.drop("day 1/ü.png")
    status, told = post(client, "/api/jobs", key="day 1/ü.png", pipeline="invert", batch="b2")
    assert (status, told["job"]["version"], told["job"]["batch"]) == (201, ask.drop.version, "b2")
    assert post(client, "/api/jobs", key="none.png", pipeline="invert")[0] == 404
    status, problem = post(client, "/api/jobs", key="day 1/ü.png", pipeline="invert | blurr(9)")
    assert (status, problem["code"], problem["position"]) == (422, "bad_pipeline", 9)


@pytest.mark.parametrize("action", ["retry", "cancel", "rerun"])
def test_what_nobody_knows_can_be_ordered_nothing(client: Client, action: str) -> None:
    assert post(client, f"/api/jobs/nothing/{action}", pipeline="invert")[0] == 404


def test_a_message_that_nobody_can_read_has_nothing_to_rerun(client: Client, world: World) -> None:
    world.put_row("a", key="", version="", state=State.FAILED)
    for action in ("retry", "rerun"):
        status, problem = post(client, f"/api/jobs/a/{action}", pipeline="invert")
        assert (status, problem["code"]) == (409, "wrong_state")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
@pytest.mark.parametrize("path", ["retry", "a/retry", "a/cancel", "a/rerun"])
def test_what_another_sites_form_could_send_changes_nothing(
    client: Client, world: World, path: str, kind: str
) -> None:
    world.put_row("a", state=State.FAILED)
    headers = {"Origin": "https://elsewhere.example"} | ({"Content-Type": kind} if kind else {})
    response = client.post(f"/api/jobs/{path}", content="{}", headers=headers)
    assert response.status_code == 415
    assert world.told() == []


# --- erase and backfill ----------------------------------------------------------------------------------------------


def test_an_image_is_erased_where_the_master_has_leave(
    client_of: Callable[[MasterSettings], Client], world: World
) -> None:
    client = client_of(MasterSettings(may_erase=True))
    job = world.claim(world.drop("a b.png"))
    response = client.request("DELETE", "/api/images", params={"key": "a b.png"})
    assert (response.status_code, response.json()["code"]) == (409, "still_worked_on")
    assert response.json()["seconds"] == 70
    key = result_key(job, ".png")
    world.system.outputs.create(key, b"x", metadata={"job": job.id}, content_type="image/png")
    world.clock.now += 70
    erased = client.request("DELETE", "/api/images", params={"key": "a b.png"})
    assert (erased.status_code, erased.json()) == (200, {"versions": 1, "results": 1, "rows": 1})
    assert list(world.system.table.list()) == []
    assert client.request("DELETE", "/api/images", params={"key": "a b.png"}).status_code == 404


def test_without_leave_nothing_is_touched(client: Client, world: World) -> None:
    job = world.claim(world.drop("a.png"))
    response = client.request("DELETE", "/api/images?key=a.png")
    assert (response.status_code, response.json()["code"]) == (403, "may_not_erase")
    assert "tilework erase" in response.json()["advice"]
    row = world.system.table.get(job.id)
    assert row is not None
    assert row.state is State.RUNNING


def test_what_lay_in_the_bucket_gets_jobs_step_by_step(
    client_of: Callable[[MasterSettings], Client], world: World
) -> None:
    asks = [world.drop(f"old/{n}.png") for n in range(3)]
    world.forget_messages()
    client = client_of(MasterSettings(look_seconds=0))
    status, told = post(client, "/api/backfill", prefix="old/", only_look=True)
    assert (status, told) == (200, {"seen": 3, "queued": 3, "after": "old/2.png"})
    assert post(client, "/api/backfill", prefix="old/", after="old/0.png")[1]["queued"] == 2
    assert set(world.told()) == {ask.job_id for ask in asks[1:]}
    assert post(client, "/api/backfill", prefix="old/", after="old/2.png")[1] == {
        "seen": 0,
        "queued": 0,
        "after": "",
    }


def test_a_retry_finds_a_result_that_a_cancel_came_too_late_for(client: Client, world: World) -> None:
    ask = world.drop()
    job = world.claim(ask)
    post(client, f"/api/jobs/{job.id}/cancel")
    # the worker was quicker than the news
    assert world.life.done(job, Outcome(result_key="results/a.png")).state is State.CANCELLED
    assert post(client, f"/api/jobs/{job.id}/retry")[1]["state"] == "QUEUED"
    assert world.life.done(world.row(ask), Outcome(result_key="results/a.png")).state is State.DONE
