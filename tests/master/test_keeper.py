"""The keeper on the in-memory system: each sentence of the design about it."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest

from master.keeper import (
    DEAD_LETTER_NOTE,
    NOTICES_AT_ONCE,
    Keeper,
)
from master.verdicts import CLOCKS_APART
from tilework.errors import AccessDeniedError, DamagedImageError, RefusedError, ServiceError, UnexpectedError
from tilework.jobs.job import State, unreadable_id
from tilework.jobs.messages import Notice, notice_body
from tilework.jobs.object_keys import result_key, work_prefix
from tilework.jobs.transitions import MAX_ATTEMPTS, MAX_LOSSES

if TYPE_CHECKING:
    from tests.master.conftest import World
    from tilework.jobs.job import Ask, Job

HOUR = 3600.0


def use_up(world: World, ask: Ask) -> Job:
    """Let every attempt of the job fail for now."""
    for _ in range(MAX_ATTEMPTS):
        job = world.life.release(world.claim(ask), UnexpectedError("The disk was full."))
    return job


# --- notices -------------------------------------------------------------------------------------------------------


def tell(world: World, kind: str, job: str = "a", **amounts: float) -> None:
    facts = {"state": "FAILED", "code": "damaged", "pipeline": "blur(9)"} if kind == "ended" else {}
    world.system.results.send(notice_body(Notice(kind, job, world.clock.now, facts, amounts)))


def test_notices_of_ended_jobs_add_up_a_day_and_a_day_and_pipeline(world: World, keeper: Keeper) -> None:
    tell(world, "ended", seconds_work=1.5, pixels=3_000_000, source_bytes=100)
    tell(world, "ended", "b", seconds_work=0.5, pixels=1_000_000)
    tell(world, "started")
    assert keeper.fold_notices() == 3
    for name in ("day 2025-11-24", "day 2025-11-24 blur(9)"):
        assert world.system.table.counters(name) == {
            "failed": 2, "failed:damaged": 2, "megapixels": 4, "seconds_work": 2, "source_bytes": 100,
        }  # fmt: skip
    assert keeper.fold_notices() == 0


def test_a_notice_that_nobody_can_read_is_dropped_and_hurts_no_other(world: World, keeper: Keeper) -> None:
    world.system.results.send("no JSON")
    world.system.results.send(json.dumps({"schema": 99, "notice": {}}))
    tell(world, "ended")
    keeper.fold_notices()
    assert world.system.table.counters("day 2025-11-24")["failed"] == 1
    assert world.system.results.backlog().total == 0


def test_notices_stay_in_the_queue_when_the_table_fails(
    world: World, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ServiceError("The table is busy.")

    monkeypatch.setattr(world.system.table, "add", fail)
    tell(world, "ended")
    with pytest.raises(ServiceError):
        keeper.fold_notices()
    assert world.system.results.backlog().total == 1


@pytest.mark.parametrize(
    "strange",
    [
        {"at": 1e30},
        {"at": 10**400},
        {"at": math.nan},
        {"amounts": {"pixels": math.inf}},
        {"amounts": {"pixels": math.nan}},
        {"amounts": {"source_bytes": 10**400}},
        {"amounts": {"source_bytes": 1e300}},
        {"amounts": {"source_bytes": -1}},
        {"amounts": {"seconds " + "x" * 5000: 1}},
        {"amounts": {f"seconds_{number}": 1 for number in range(1000)}},
        {"facts": {"state": "\ud800"}},
        {"facts": {"state": "done", "pipeline": "\ud800"}},
        {"job": "j" * 5000},
    ],
    ids=lambda strange: json.dumps(strange)[:40],
)
def test_a_notice_with_what_cannot_be_leaves_the_good_ones_of_its_batch_counted_once(
    world: World, keeper: Keeper, strange: dict[str, Any]
) -> None:
    good = {"kind": "ended", "job": "a", "at": world.clock.now, "facts": {"state": "DONE"}, "amounts": {}}
    tell(world, "ended", pixels=1_000_000)
    world.system.results.send(json.dumps({"schema": 1, "notice": good | strange}))
    tell(world, "ended", "b", pixels=1_000_000)
    keeper.fold_notices()
    assert world.system.table.counters("day 2025-11-24") == {
        "failed": 2,
        "failed:damaged": 2,
        "megapixels": 2,
    }
    assert world.system.results.backlog().total == 0


def test_a_row_that_the_table_refuses_costs_no_other_its_count(
    world: World, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = world.system.table.add

    def refuse_pipelines(name: str, amounts: Any, **group: str) -> None:
        if "blur" in name:
            raise RefusedError("The key is too long.")
        add(name, amounts, **group)

    monkeypatch.setattr(world.system.table, "add", refuse_pipelines)
    tell(world, "ended")
    keeper.fold_notices()
    assert world.system.table.counters("day 2025-11-24")["failed"] == 1
    assert world.system.results.backlog().total == 0


def test_the_name_of_a_pipelines_statistics_fits_into_a_key(world: World, keeper: Keeper) -> None:
    pipeline = "ü" * 1000
    told = Notice("ended", "a", world.clock.now, {"state": "DONE", "pipeline": pipeline}, {})
    keeper.fold([notice_body(told)])
    assert world.system.table.counters(f"day 2025-11-24 {pipeline[:400]}") == {"done": 1}


def test_notices_are_folded_by_the_hundred(world: World, keeper: Keeper) -> None:
    for _ in range(NOTICES_AT_ONCE + 25):
        tell(world, "ended")
    assert [keeper.fold_notices() for _ in range(3)] == [NOTICES_AT_ONCE, 25, 0]
    assert world.system.table.counters("day 2025-11-24")["failed"] == NOTICES_AT_ONCE + 25


# --- dead letters --------------------------------------------------------------------------------------------------


def test_a_dead_letter_fails_its_job_with_the_last_reason_when_nothing_else_can_come_of_it(
    world: World, keeper: Keeper
) -> None:
    ask = world.drop()
    world.forget_messages()
    use_up(world, ask)
    world.bury(ask)
    assert keeper.dead_letters() == 1
    row = world.row(ask)
    assert (row.state, row.code) == (State.FAILED, "no_attempts_left")
    assert "The disk was full." in row.reason
    assert world.messages() == []
    assert world.system.dead_letters.backlog().total == 0


def test_a_dead_letter_of_a_job_with_attempts_left_is_sent_again_and_noted(
    world: World, keeper: Keeper
) -> None:
    ask = world.drop()
    world.forget_messages()
    world.life.release(world.claim(ask), ServiceError("The disk was full."))
    world.bury(ask)
    keeper.dead_letters()
    assert world.told() == [ask.job_id]
    assert (world.row(ask).state, world.row(ask).note) == (State.QUEUED, DEAD_LETTER_NOTE)


def test_a_dead_letter_of_a_job_that_nobody_has_claimed_yet_is_sent_again(
    world: World, keeper: Keeper
) -> None:
    ask = world.drop()
    world.forget_messages()
    world.bury(ask)
    keeper.dead_letters()
    assert world.told() == [ask.job_id]
    assert world.row(ask).state is State.QUEUED


def test_a_dead_letter_does_not_touch_a_job_with_a_live_lease_and_comes_again_when_that_ends(
    world: World, keeper: Keeper
) -> None:
    ask = world.drop()
    world.forget_messages()
    use_up(world, ask)
    held = world.claim(ask, seconds=60)
    world.bury(ask)
    keeper.dead_letters()
    assert world.row(ask) == held
    assert world.told() == []
    world.clock.now += 61 + CLOCKS_APART
    assert world.told() == [ask.job_id]


def test_a_dead_letter_of_a_job_whose_result_is_stored_makes_it_done(world: World, keeper: Keeper) -> None:
    ask = world.drop()
    world.forget_messages()
    job = use_up(world, ask)
    key = result_key(job, ".png")
    world.system.outputs.create(key, b"r", metadata={}, content_type="image/png")
    world.bury(ask)
    keeper.dead_letters()
    assert (world.row(ask).state, world.row(ask).result_key) == (State.DONE, key)
    # who stored it died before it could tell
    assert world.system.table.counters("day 2025-11-24")["done"] == 1


def test_a_dead_letter_of_a_job_that_is_over_is_only_deleted(world: World, keeper: Keeper) -> None:
    ask = world.drop()
    world.forget_messages()
    ended = world.life.end(world.claim(ask), State.FAILED, failure=DamagedImageError("It is cut short."))
    world.bury(ask)
    keeper.dead_letters()
    assert world.row(ask) == ended
    assert world.messages() == []
    assert world.system.dead_letters.backlog().total == 0


def test_a_dead_letter_that_nobody_can_read_becomes_a_failed_job_of_its_own(
    world: World, keeper: Keeper
) -> None:
    world.system.dead_letters.send("no JSON at all")
    keeper.dead_letters()
    row = world.system.table.get(unreadable_id("no JSON at all"))
    assert row is not None
    assert (row.state, row.code) == (State.FAILED, "unreadable_message")
    assert "no JSON at all" in row.note
    assert world.system.dead_letters.backlog().total == 0


def test_a_dead_letter_stays_when_the_table_fails_and_is_there_for_the_next_look(
    world: World, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: str) -> None:
        raise ServiceError("The table is busy.")

    world.bury(world.drop())
    monkeypatch.setattr(world.system.table, "get", fail)
    with pytest.raises(ServiceError):
        keeper.dead_letters()
    backlog = world.system.dead_letters.backlog()
    assert (backlog.total, backlog.visible) == (1, 1)


def test_a_message_that_dies_again_and_again_before_any_claim_ends_its_job(
    world: World, keeper: Keeper
) -> None:
    ask = world.drop()
    for losses in range(1, MAX_LOSSES + 1):
        world.forget_messages()
        world.bury(ask)
        keeper.dead_letters()
        assert (world.row(ask).state, world.row(ask).losses) == (State.QUEUED, losses)
        assert world.told() == [ask.job_id]
    world.forget_messages()
    world.bury(ask)
    keeper.dead_letters()
    assert (world.row(ask).state, world.row(ask).code) == (State.FAILED, "no_attempts_left")
    assert world.told() == []


@pytest.mark.parametrize("error", [ZeroDivisionError("on purpose"), AccessDeniedError("Not for you.")])
def test_a_dead_letter_that_cannot_be_judged_stays_and_keeps_no_other_waiting(
    world: World, keeper: Keeper, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    good, bad = world.drop("good.png"), world.drop("bad.png")
    world.forget_messages()
    get = world.system.table.get

    def fail(job_id: str) -> Job | None:
        if job_id == bad.job_id:
            raise error
        return get(job_id)

    monkeypatch.setattr(world.system.table, "get", fail)
    world.bury(bad)
    world.bury(good)
    assert keeper.dead_letters() == 2
    assert world.told() == [good.job_id]
    assert world.system.dead_letters.backlog().total == 1


def test_a_dead_letter_of_a_newer_version_stays_for_that(world: World, keeper: Keeper) -> None:
    world.system.dead_letters.send(json.dumps({"schema": 99, "job": {}}))
    keeper.dead_letters()
    assert world.system.dead_letters.backlog().total == 1
    assert list(world.system.table.list()) == []


# --- sweeping ------------------------------------------------------------------------------------------------------


def test_the_work_of_ended_jobs_is_swept_and_no_other(world: World, keeper: Keeper) -> None:
    world.put_row("over", state=State.DONE)
    world.put_row("over-2", state=State.RUNNING)
    outputs = world.system.outputs
    for job in ("over", "over-2", "unknown"):
        for name in ("1", "2"):
            outputs.put(work_prefix(job) + name, b"w", metadata={}, content_type="text/plain")
    outputs.put("results/over.png", b"r", metadata={}, content_type="image/png")
    assert keeper.sweep() == 2
    left = [item.key for item in outputs.list()]
    assert left == ["results/over.png", "work/over-2/1", "work/over-2/2", "work/unknown/1", "work/unknown/2"]
