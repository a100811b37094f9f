"""What the keeper does for stages: it revives what is silent, judges the dead letters of units, and leaves the rest alone."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from master.verdicts import SENT_SECONDS, STALLED_SECONDS, is_stalled
from tilework.errors import ServiceError
from tilework.jobs.job import Job, State, digest
from tilework.jobs.object_keys import plan_key
from tilework.jobs.queues import Backlog
from tilework.jobs.stage_life import StageLife
from tilework.jobs.stages import Plan, Stage, plan_text
from tilework.jobs.transitions import MAX_ATTEMPTS
from tilework.jobs.units import Unit, unit_body, unit_of

if TYPE_CHECKING:
    from master.keeper import Keeper
    from tests.master.conftest import World

JOB = digest("scan")
NOW = 1_000_000.0
PLAN = Plan((Stage("write", 3), Stage("assemble", 1)))
ROW = Job(
    JOB, "b", "k", "v", State.RUNNING, stage="0-write", stage_units=3, units_in_all=4, touched=NOW - 400
)
EMPTY = Backlog(0, 0, 0, None)


def test_a_stage_is_silent_when_its_last_sign_of_life_is_long_ago_and_no_message_can_be_left() -> None:
    assert is_stalled(ROW, NOW, EMPTY)
    assert not is_stalled(replace(ROW, touched=NOW - STALLED_SECONDS + 1), NOW, EMPTY)


@pytest.mark.parametrize("row", [replace(ROW, stage=""), replace(ROW, state=State.FAILED)])
def test_what_runs_in_no_stage_is_no_silent_stage(row: Job) -> None:
    assert not is_stalled(row, NOW, EMPTY)


def test_a_backlog_of_units_is_not_doubled() -> None:
    older, younger = Backlog(5, 0, 0, 400 - SENT_SECONDS + 1), Backlog(5, 0, 0, 400 - SENT_SECONDS - 1)
    assert not is_stalled(ROW, NOW, older)
    assert is_stalled(ROW, NOW, younger)
    # one that cannot tell is trusted to hold them
    assert not is_stalled(ROW, NOW, Backlog(1, 0, 0, None))


def stage(world: World, **changes: object) -> Job:
    text = plan_text(PLAN).encode()
    world.system.outputs.create(plan_key(JOB, 0), text, metadata={}, content_type="application/json")
    told = {"touched": world.clock.now, "units_done": frozenset({1})} | changes
    return world.put_row(JOB, **replace_fields(ROW, **told))


def replace_fields(row: Job, **changes: object) -> dict[str, object]:
    names = ("state", "stage", "stage_units", "units_in_all")
    return {name: getattr(row, name) for name in names} | changes


def numbers(world: World) -> list[int]:
    return [unit_of(message.body).number for message in world.system.units.receive(visibility=0)]


def test_the_keeper_sends_what_is_missing_in_a_silent_stage_once(world: World, keeper: Keeper) -> None:
    stage(world)
    assert keeper.revive() == 0
    world.clock.now += STALLED_SECONDS
    assert keeper.revive() == 1
    assert numbers(world) == [0, 2]
    assert keeper.revive() == 0


def test_reconciling_revives_stages_and_queues_none_of_their_jobs(world: World, keeper: Keeper) -> None:
    stage(world, updated=world.clock.now - 100_000)
    world.clock.now += 100_000
    found = keeper.reconcile()
    assert (found.revived, found.silent) == (1, 0)
    assert world.messages() == []


def test_a_units_dead_letter_makes_no_job_of_its_own_and_ends_its_job_at_last(
    world: World, keeper: Keeper
) -> None:
    stage(world)
    for _ in range(MAX_ATTEMPTS):
        world.system.dead_letters.send(unit_body(Unit(JOB, 0, 0, 2)))
        assert keeper.dead_letters() == 1
    (row,) = world.system.table.list()
    assert (row.id, row.state, row.code) == (JOB, State.FAILED, "no_attempts_left")
    assert world.system.table.counters("day 2025-11-24")["failed:no_attempts_left"] == 1
    assert (numbers(world), list(world.system.outputs.list())) == ([2] * (MAX_ATTEMPTS - 1), [])


def test_a_units_dead_letter_of_a_newer_version_stays_for_that(world: World, keeper: Keeper) -> None:
    world.system.dead_letters.send(json.dumps({"schema": 99, "unit": {}}))
    keeper.dead_letters()
    assert world.system.dead_letters.backlog().total == 1


def test_the_keeper_sweeps_no_epoch_that_a_retry_has_begun(world: World, keeper: Keeper) -> None:
    world.put_row(JOB, state=State.FAILED, epoch=1)
    for epoch in (0, 1, 2):
        world.system.outputs.put(plan_key(JOB, epoch), b"", metadata={}, content_type="x/y")
    assert keeper.sweep() == 2
    assert [item.key for item in world.system.outputs.list()] == [plan_key(JOB, 2)]


def test_a_stage_that_cannot_be_helped_keeps_nobody_from_the_others(
    world: World, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage(world)
    hopeless = world.put_row(digest("hopeless"), **replace_fields(ROW, touched=world.clock.now))
    world.clock.now += STALLED_SECONDS
    touch = StageLife.touch

    def fail(self: StageLife, row: Job) -> Job | None:
        if row.id == hopeless.id:
            raise ZeroDivisionError("on purpose")
        return touch(self, row)

    monkeypatch.setattr(StageLife, "touch", fail)
    assert keeper.revive() == 1
    assert numbers(world) == [0, 2]


def test_an_outage_ends_the_look_at_silent_stages(
    world: World, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ServiceError("The table is busy.")

    stage(world)
    world.clock.now += STALLED_SECONDS
    monkeypatch.setattr(StageLife, "touch", fail)
    with pytest.raises(ServiceError):
        keeper.revive()
