"""What is looked for in the list of jobs: by words, code, time and ids, a bounded number of rows a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from master import search
from tests.master.test_jobs import listed
from tilework.jobs.job import State

if TYPE_CHECKING:
    from tests.master.conftest import Client, World


def test_words_are_found_in_key_and_pipeline_whatever_their_case(client: Client, world: World) -> None:
    world.put_row("a", key="trip/Häfen 1.png", pipeline="blur(9)")
    world.put_row("b", key="trip/HÄFEN 2.png", pipeline="canny(100, 200)")
    world.put_row("c", key="other.png", pipeline="canny(100, 200)")
    assert sorted(listed(client, "?search=häfen")) == ["a", "b"]
    assert listed(client, "?search=CANNY trip") == ["b"]
    assert listed(client, "?search=nothing") == []


def test_failures_can_be_of_one_code(client: Client, world: World) -> None:
    world.put_row("a", state=State.FAILED, code="damaged")
    world.put_row("b", state=State.FAILED, code="crashed")
    assert listed(client, "?code=crashed") == ["b"]


def test_the_list_can_begin_and_end_at_a_time(client: Client, world: World) -> None:
    for number in range(5):
        world.put_row(f"j{number}", updated=world.clock.now + number)
    since, before = world.clock.now + 1, world.clock.now + 3
    assert listed(client, f"?since={since}") == ["j4", "j3", "j2", "j1"]
    assert listed(client, f"?since={since}&before={before}") == ["j2", "j1"]
    assert client.get("/api/jobs?since=yesterday").status_code == 422


def test_some_jobs_are_asked_for_by_their_ids(client: Client, world: World) -> None:
    for name in "abc":
        world.put_row(name)
    assert listed(client, "?ids=c,a,gone") == ["c", "a"]
    assert client.get("/api/jobs?ids=a,,b").status_code == 422
    assert client.get("/api/jobs?ids=" + ",".join(["a"] * 51)).status_code == 422


def test_a_search_goes_through_a_bounded_number_of_rows_and_on_from_there(
    client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "LOOKED_AT", 10)
    monkeypatch.setattr("master.jobs.LOOKED_AT", 10)
    for number in range(35):
        world.put_row(f"j{number:02}", key=f"{'needle' * (number in {4, 5, 33})}.png", updated=float(number))
    found, searched, place = [], [], ""
    while True:
        answer = client.get(f"/api/jobs?search=needle&before={place}").json()
        found += [job["id"] for job in answer["jobs"]]
        searched.append(answer["searched"])
        place = answer["next"]
        assert answer["truncated"] is bool(place)
        if not place:
            break
    assert found == ["j33", "j05", "j04"]
    assert searched == [10, 10, 10, 5]


def test_a_search_fills_its_page_and_goes_on_behind_it(client: Client, world: World) -> None:
    for number in range(7):
        world.put_row(f"j{number}", updated=float(number))
    first = client.get("/api/jobs?search=j&limit=3").json()
    assert [job["id"] for job in first["jobs"]] == ["j6", "j5", "j4"]
    second = client.get(f"/api/jobs?search=j&limit=10&before={first['next']}").json()
    assert ([job["id"] for job in second["jobs"]], second["next"]) == (["j3", "j2", "j1", "j0"], "")


def test_a_job_tells_which_host_has_or_had_it(client: Client, world: World) -> None:
    world.claim(world.drop())
    assert client.get("/api/jobs").json()["jobs"][0]["host"] == "host-1"
