"""PUT and GET /api/batches/{batch}, GET /api/batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.master.gateway import Gateway
from tilework.jobs.job import State

if TYPE_CHECKING:
    from tests.master.conftest import Client, World


def put(client: Client, batch: str, size: int, name: str = "") -> int:
    answer = client.request("PUT", f"/api/batches/{batch}", json={"size": size, "name": name})
    assert answer.status_code in {200, 201}, answer.text
    return answer.status_code


def test_a_batch_is_seen_as_a_whole(client: Client, world: World) -> None:
    assert put(client, "trip-1", 10, "Our trip") == 201
    for number, state in enumerate([State.DONE] * 4 + [State.FAILED, State.SKIPPED, State.RUNNING]):
        world.put_row(f"j{number}", state=state, batch="trip-1", updated=world.clock.now)
    world.put_row("other", state=State.DONE, batch="trip-2")
    world.clock.now += 60
    told = client.get("/api/batches/trip-1").json()
    assert (told["batch"], told["name"], told["size"]) == ("trip-1", "Our trip", 10)
    assert told["states"] == {
        "QUEUED": 0, "RUNNING": 1, "DONE": 4, "FAILED": 1, "SKIPPED": 1, "CANCELLED": 0,
    }  # fmt: skip
    assert (told["waiting"], told["ended"], told["failed"], told["over"]) == (3, 6, 2, False)
    # five came to their end for good in a minute: four are left
    assert told["seconds_left"] == pytest.approx(48)


def test_a_later_note_changes_the_size_and_keeps_the_name_unless_it_tells_another(client: Client) -> None:
    assert put(client, "trip", 10, "Our trip") == 201
    assert put(client, "trip", 8) == 200
    told = client.get("/api/batches/trip").json()
    assert (told["size"], told["name"]) == (8, "Our trip")
    assert put(client, "trip", 7, "Lisbon") == 200
    told = client.get("/api/batches/trip").json()
    assert (told["size"], told["name"]) == (7, "Lisbon")


def test_a_batch_that_nobody_noted_is_counted_and_has_no_size(client: Client, world: World) -> None:
    world.put_row("a", state=State.DONE, batch="found")
    told = client.get("/api/batches/found").json()
    assert (told["size"], told["ended"], told["waiting"], told["over"]) == (None, 1, 0, False)
    missing = client.get("/api/batches/unheard-of")
    assert (missing.status_code, missing.json()["code"]) == (404, "no_such_batch")


def test_more_jobs_than_were_noted_are_all_counted(client: Client, world: World) -> None:
    put(client, "b", 1)
    for number in range(3):
        world.put_row(f"j{number}", state=State.DONE, batch="b")
    told = client.get("/api/batches/b").json()
    assert (told["size"], told["ended"], told["over"]) == (3, 3, True)


def test_who_polls_is_told_304_while_only_the_estimate_changes(client: Client, world: World) -> None:
    put(client, "b", 4)
    world.put_row("a", state=State.DONE, batch="b")
    world.clock.now += 10
    tag = client.get("/api/batches/b").headers["etag"]
    world.clock.now += 10
    assert client.get("/api/batches/b", headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("body", [{"size": -1}, {}, {"size": 10**9}, {"size": 1, "name": "x" * 300}])
def test_a_note_that_makes_no_sense_is_refused(client: Client, body: dict[str, object]) -> None:
    assert client.request("PUT", "/api/batches/b", json=body).status_code == 422
    assert client.request("PUT", f"/api/batches/{'b' * 65}", json={"size": 1}).status_code == 422


def test_recent_batches_come_page_by_page(client: Client, world: World) -> None:
    for number in range(5):
        put(client, f"b{number}", number + 1)
        world.clock.now += 1
    first = client.get("/api/batches?limit=3").json()
    assert [each["batch"] for each in first["batches"]] == ["b4", "b3", "b2"]
    second = client.get(f"/api/batches?limit=3&before={first['next']}").json()
    assert ([each["batch"] for each in second["batches"]], second["next"]) == (["b1", "b0"], "")


def test_a_batch_is_its_owners_and_an_operator_sees_their_own_as_well(world: World) -> None:
    gateway = Gateway.to(world)
    zoe, ada, operator = {"user": "zoe"}, {"user": "ada"}, {"user": "op", "groups": "[operators]"}
    for who, size in ((zoe, 3), (operator, 5)):
        noted = gateway.request("PUT", "/api/batches/trip", json={"size": size}, **who)
        assert noted.status_code == 201
    world.put_row("a", state=State.DONE, batch="trip", owner="zoe")
    world.put_row("b", state=State.DONE, batch="trip", owner="op")

    def told(who: dict[str, str]) -> tuple[int, int]:
        batch = gateway.get("/api/batches/trip", **who).json()
        return batch["size"], batch["ended"]

    assert told(zoe) == (3, 1)
    assert told(operator) == (5, 2)
    assert gateway.get("/api/batches/trip", **ada).status_code == 404
    assert gateway.get("/api/batches", **ada).json()["batches"] == []
    assert [each["size"] for each in gateway.get("/api/batches", **operator).json()["batches"]] == [5]
