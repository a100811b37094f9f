"""Who asks the feed is told which rank works on what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.worker_image.test_feed import Host, ScriptedWorld
from tilework.world.slots import Slot

if TYPE_CHECKING:
    from concurrent.futures import Future

    import pytest


def at_work(world: ScriptedWorld) -> list[tuple[int, Slot, Future[Any]]]:
    """Each task on a rank of its own."""
    return [(rank, Slot(task=rank), future) for rank, future in enumerate(world.tasks.values(), 1)]


def test_who_asks_is_told_what_each_rank_works_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ScriptedWorld, "at_work", at_work, raising=False)
    host = Host()
    assert host.feed.at_work() == []
    host.add("a")
    host.add_units("b")
    assert [(each.rank, each.slot.task, each.held.task.job) for each in host.feed.at_work()] == [
        (1, 1, "a"),
        (2, 2, "b"),
    ]
    host.world.finish("a")
    assert [each.held.task.job for each in host.feed.at_work()] == ["b"]
