"""Events of ended jobs: told by the keeper, before anything is counted, as often as it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from master.keeper import Keeper
from tilework.errors import ServiceError
from tilework.jobs.endings import Ending
from tilework.jobs.job import State
from tilework.jobs.messages import Notice, notice_body

if TYPE_CHECKING:
    from collections.abc import Sequence

    from master.settings import MasterSettings
    from tests.master.conftest import World


class Told:
    """What was told; fails as often as it is asked to."""

    def __init__(self, failures: int = 0) -> None:
        self.endings: list[Ending] = []
        self.failures = failures

    def __call__(self, endings: Sequence[Ending]) -> None:
        self.endings += endings
        if self.failures:
            self.failures -= 1
            raise ServiceError("EventBridge did not take 1 events: ThrottlingException.")


def body(world: World, job: str, kind: str = "ended", **facts: str) -> str:
    return notice_body(Notice(kind, job, world.clock.now, facts, {}))


def test_each_end_is_told_with_its_image_and_result_and_nothing_else_is(
    world: World, settings: MasterSettings
) -> None:
    world.put_row("a", key="a.png", version="v7", state=State.DONE, result_key="results/a-1.png")
    told = Told()
    keeper = Keeper(world.system, settings, world.clock, announce=told)
    keeper.fold(
        [
            body(world, "a", state="DONE"),
            body(world, "a", "started"),
            body(world, "erased", state="FAILED", code="damaged"),
            "no JSON",
        ]
    )
    assert told.endings == [
        Ending("a", "DONE", "memory-input", "a.png", "v7", "results/a-1.png", ""),
        Ending("erased", "FAILED", "", "", "", "", "damaged"),
    ]


def test_what_was_not_taken_is_told_again_and_counted_once(world: World, settings: MasterSettings) -> None:
    told = Told(failures=1)
    keeper = Keeper(world.system, settings, world.clock, announce=told)
    bodies = [body(world, "a", state="DONE")]
    with pytest.raises(ServiceError):
        keeper.fold(bodies)
    assert world.system.table.counters("day 2025-11-24") == {}
    keeper.fold(bodies)
    assert [each.id for each in told.endings] == ["a", "a"]
    assert world.system.table.counters("day 2025-11-24")["done"] == 1
