"""What the keeper finds that nobody told: drops whose event was lost, and rows without a sign of life."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from master.keeper import (
    BEGINNING,
    NO_EVENT_NOTE,
    SILENT_NOTE,
    Found,
    Keeper,
)
from tilework.errors import AccessDeniedError, ServiceError
from tilework.jobs.job import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from master.settings import MasterSettings
    from tests.master.conftest import World
    from tilework.jobs.job import Ask
    from tilework.jobs.stores import ObjectInfo, ObjectVersion

HOUR = 3600.0


# --- reconciling ---------------------------------------------------------------------------------------------------


def lost_drop(world: World, keeper: Keeper, **metadata: str) -> Ask:
    """A drop after the deployment's beginning whose event never came, an hour ago."""
    keeper.begin()
    world.clock.now += 1
    ask = world.drop(**metadata)
    world.forget_messages()
    world.clock.now += HOUR
    return ask


def test_a_drop_whose_event_never_came_is_found_queued_and_noted(world: World, keeper: Keeper) -> None:
    ask = lost_drop(world, keeper, owner="zoe", batch="b1")
    assert keeper.reconcile() == Found(unheard=1)
    row = world.row(ask)
    assert (row.state, row.note, row.owner, row.batch) == (State.QUEUED, NO_EVENT_NOTE, "zoe", "b1")
    assert world.told() == [ask.job_id]


def test_what_is_ours_is_no_lost_drop(world: World, keeper: Keeper) -> None:
    lost_drop(world, keeper, key=".tilework/presets.toml")
    assert keeper.reconcile() == Found()
    assert list(world.system.table.list()) == []


def test_a_backlog_is_not_doubled(world: World, keeper: Keeper) -> None:
    keeper.begin()
    asks_waiting = [world.drop(f"{number}.png") for number in range(3)]
    world.clock.now += HOUR
    assert keeper.reconcile() == Found()
    assert sorted(world.told()) == sorted(ask.job_id for ask in asks_waiting)


def test_what_is_found_once_is_not_sent_again_while_its_message_waits(world: World, keeper: Keeper) -> None:
    lost_drop(world, keeper)
    keeper.reconcile()
    world.clock.now += HOUR
    assert keeper.reconcile() == Found()


def test_a_lost_drop_is_found_behind_younger_messages(world: World, keeper: Keeper) -> None:
    ask = lost_drop(world, keeper)
    world.drop("young.png")
    world.clock.now += 1000
    assert keeper.reconcile() == Found(unheard=1)
    assert ask.job_id in world.told()


def test_versions_from_before_the_deployment_are_left_alone(world: World, keeper: Keeper) -> None:
    world.drop("old.png")
    world.forget_messages()
    world.clock.now += 10
    keeper.begin()
    world.clock.now += HOUR
    assert keeper.reconcile() == Found()


def test_every_version_of_a_key_is_missed_by_itself(world: World, keeper: Keeper) -> None:
    first = lost_drop(world, keeper)
    second = world.drop(body=b"y")
    world.forget_messages()
    world.clock.now += HOUR
    assert keeper.reconcile() == Found(unheard=2)
    assert sorted(world.told()) == sorted([first.job_id, second.job_id])


def test_a_queued_row_whose_message_was_lost_is_told_again(world: World, keeper: Keeper) -> None:
    ask = lost_drop(world, keeper)
    world.life.requeue(ask, None, note="")
    world.clock.now += HOUR
    assert keeper.reconcile() == Found(silent=1)
    assert world.row(ask).note == SILENT_NOTE
    assert world.told() == [ask.job_id]


def test_a_running_row_whose_lease_ran_out_long_ago_is_told_again_as_a_loss(
    world: World, keeper: Keeper
) -> None:
    ask = lost_drop(world, keeper)
    world.claim(ask, seconds=60)
    world.clock.now += HOUR
    assert keeper.reconcile() == Found(silent=1)
    assert (world.row(ask).state, world.row(ask).attempts, world.row(ask).losses) == (State.QUEUED, 0, 1)
    assert world.told() == [ask.job_id]


def test_a_running_row_under_a_live_lease_is_left_alone_however_long_it_takes(
    world: World, keeper: Keeper
) -> None:
    ask = lost_drop(world, keeper)
    held = world.claim(ask, seconds=3 * HOUR)
    world.clock.now += 2 * HOUR
    assert keeper.reconcile() == Found()
    assert world.row(ask) == held


def test_the_deployments_beginning_is_noted_once_also_by_keepers_that_begin_together(
    world: World, keeper: Keeper, settings: MasterSettings
) -> None:
    began = keeper.begin()
    world.clock.now += HOUR
    assert Keeper(world.system, settings, world.clock).begin() == began
    # another that had found nothing at the same moment
    world.system.table.add(BEGINNING, {"times": began, "keepers": 1})
    assert keeper.begin() == began


# --- a look that is cut short --------------------------------------------------------------------------------------


@pytest.fixture
def hasty(world: World, settings: MasterSettings) -> Keeper:
    """A keeper whose time is over after one key."""
    return Keeper(world.system, replace(settings, look_seconds=0), world.clock)


def lost_drops(world: World, keeper: Keeper, *keys: str) -> list[Ask]:
    keeper.begin()
    found = [world.drop(key) for key in keys]
    world.forget_messages()
    world.clock.now += HOUR
    return found


def looked_at(world: World, keeper: Keeper) -> list[str]:
    """The jobs that one look queues, which are then forgotten, as if the look had found nothing."""
    world.forget_messages()
    keeper.reconcile()
    ids = world.told()
    for job_id in ids:
        world.system.table.delete(job_id)
    world.forget_messages()
    return ids


def test_a_look_that_is_cut_short_goes_on_where_it_ended_and_begins_anew_after_the_last_key(
    world: World, hasty: Keeper
) -> None:
    first, second, third = lost_drops(world, hasty, "a.png", "b.png", "c.png")
    looks = [looked_at(world, hasty) for _ in range(6)]
    assert looks == [[first.job_id], [second.job_id], [third.job_id], [], [first.job_id], [second.job_id]]


def test_a_look_goes_on_in_another_process(world: World, hasty: Keeper, settings: MasterSettings) -> None:
    _, second, third = lost_drops(world, hasty, "a.png", "b.png", "c.png")
    assert hasty.reconcile() == Found(unheard=1, cut_short=True)
    world.forget_messages()
    other = Keeper(world.system, settings, world.clock)
    assert other.reconcile() == Found(unheard=2)
    assert sorted(world.told()) == sorted([second.job_id, third.job_id])


def test_all_versions_of_a_key_are_looked_at_before_a_look_ends(world: World, hasty: Keeper) -> None:
    lost_drops(world, hasty, "a.png", "a.png", "b.png")
    assert hasty.reconcile() == Found(unheard=2, cut_short=True)


def test_a_look_reads_no_more_of_the_bucket_than_its_time_allows(
    world: World, settings: MasterSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = iter([0.0, 3.0, 6.0])
    keeper = Keeper(world.system, replace(settings, look_seconds=5), world.clock, lambda: next(passed))
    lost_drops(world, keeper, *(f"{number}.png" for number in range(9)))
    assert keeper.reconcile() == Found(unheard=2, cut_short=True)


@pytest.mark.parametrize("error", [ServiceError("It is busy."), ZeroDivisionError("on purpose")])
def test_a_key_that_always_fails_bars_no_later_one(
    world: World, keeper: Keeper, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    first, bad, last = lost_drops(world, keeper, "a.png", "b.png", "c.png")
    head = world.system.inputs.head

    def fail(key: str, version: str | None = None) -> ObjectInfo:
        if key == bad.drop.key:
            raise error
        return head(key, version)

    monkeypatch.setattr(world.system.inputs, "head", fail)
    found: list[str] = []
    for _ in range(2):
        # the second look tries the key once more
        with pytest.raises(type(error)):
            keeper.reconcile()
        found += world.told()
        world.forget_messages()
    assert keeper.reconcile() == Found(unheard=1)
    assert [*found, *world.told()] == [first.job_id, last.job_id]
    # and the next lap, from the first key on, once more
    world.forget_messages()
    with pytest.raises(type(error)):
        keeper.reconcile()


def test_a_listing_that_fails_leaves_the_place_where_it_was(
    world: World, hasty: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, second = lost_drops(world, hasty, "a.png", "b.png")
    hasty.reconcile()
    world.forget_messages()

    def fail(prefix: str = "", *, after: str = "") -> Iterator[ObjectVersion]:
        raise ServiceError("It is busy.")

    with monkeypatch.context() as patch:
        patch.setattr(world.system.inputs, "versions", fail)
        with pytest.raises(ServiceError):
            hasty.reconcile()
    hasty.reconcile()
    assert world.told() == [second.job_id]


def test_a_lost_drop_that_may_not_be_read_is_told_all_the_same_so_that_it_ends_with_a_reason(
    world: World, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = lost_drop(world, keeper, owner="zoe")

    def refuse(key: str, version: str | None = None) -> ObjectInfo:
        raise AccessDeniedError("Its key is another account's.")

    monkeypatch.setattr(world.system.inputs, "head", refuse)
    assert keeper.reconcile() == Found(unheard=1)
    assert world.told() == [ask.job_id]


def test_a_row_that_cannot_be_queued_keeps_no_other_and_no_drop_from_being_found(
    world: World, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    hopeless, other = lost_drop(world, keeper, key="hopeless.png"), world.drop("other.png")
    for ask in (hopeless, other):
        world.life.requeue(ask, None, note="")
    unheard = world.drop("unheard.png")
    world.forget_messages()
    world.clock.now += HOUR
    send = world.system.jobs.send

    def fail(body: str, **options: float) -> str:
        if "hopeless" in body:
            raise ZeroDivisionError("on purpose")
        return send(body, **options)

    monkeypatch.setattr(world.system.jobs, "send", fail)
    assert keeper.reconcile() == Found(unheard=1, silent=1)
    assert sorted(world.told()) == sorted([other.job_id, unheard.job_id])
