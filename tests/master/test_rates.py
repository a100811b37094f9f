"""How much one person may order, where people sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from master import rates
from master.settings import MasterSettings
from tests.master.gateway import Gateway, routes

if TYPE_CHECKING:
    from tests.master.conftest import World


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "ORDERS_A_WINDOW", 2)


@pytest.mark.usefixtures("few")
def test_who_orders_too_much_waits_for_seconds_and_nobody_else_does(world: World) -> None:
    gateway = Gateway.to(world)
    world.clock.now += 3

    def ask(user: str) -> int:
        return gateway.post("/api/uploads", user=user, json={"filename": "a.png"}).status_code

    assert [ask("zoe") for _ in range(3)] == [201, 201, 429]
    refused = gateway.post("/api/jobs/retry", user="zoe", json={})
    assert (refused.json()["code"], refused.headers["retry-after"]) == ("too_many_requests", "7")
    assert gateway.get("/api/jobs", user="zoe").status_code == 200
    assert ask("ada") == 201
    world.clock.now += 7
    assert ask("zoe") == 201


@pytest.mark.usefixtures("few")
def test_every_route_that_changes_something_counts(world: World) -> None:
    gateway = Gateway.to(world)
    orders = [(method, path) for method, path in routes(gateway.app) if method not in rates.READS]
    assert len(orders) > 6
    for method, path in orders:
        told = [gateway.request(method, path, user=path, json={}).status_code for _ in range(3)]
        assert told[2] == 429, (method, path)


@pytest.mark.usefixtures("few")
def test_where_nobody_signs_in_nothing_is_counted(world: World) -> None:
    open_to_all = Gateway.to(world, MasterSettings(any_host=True))
    told = [open_to_all.post("/api/jobs/retry", json={}).status_code for _ in range(4)]
    assert told == [200] * 4
