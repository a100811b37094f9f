"""The keeper on the in-memory system: each sentence of the design about it."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from master.keeper import (
    BEGINNING,
    DEAD_LETTER_NOTE,
    NO_EVENT_NOTE,
    NOTICES_AT_ONCE,
    SILENT_NOTE,
    Found,
    Keeper,
)
from master.verdicts import CLOCKS_APART
from tilework.errors import AccessDeniedError, DamagedImageError, RefusedError, ServiceError, UnexpectedError
from tilework.jobs.job import State, unreadable_id
from tilework.jobs.messages import Notice, asks, notice_body
from tilework.jobs.object_keys import result_key, work_prefix
from tilework.jobs.transitions import MAX_ATTEMPTS, MAX_LOSSES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from master.settings import MasterSettings
    from tests.master.conftest import World
    from tilework.jobs.job import Ask, Job
    from tilework.jobs.stores import ObjectInfo, ObjectVersion

HOUR = 3600.0


def use_up(world: World, ask: Ask) -> Job:
    """Let every attempt of the job fail for now."""
    for _ in range(MAX_ATTEMPTS):
        job = world.life.release(world.claim(ask), UnexpectedError("The disk was full."))
    return job


def told(world: World) -> list[str]:
    """The job ids that the messages in the queue tell."""
    bucket = world.system.inputs.bucket
    return [ask.job_id for body in world.messages() for ask in asks(body, bucket)]


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


def test_progress_only_grows_though_notices_come_late_doubled_and_in_any_order(
    world: World, keeper: Keeper
) -> None:
    for done in (3, 5, 5, 4):
        tell(world, "progress", done=done, total=8)
        keeper.fold_notices()
    assert world.system.table.counters("progress a") == {"done": 5, "total": 8}


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
    def fail(*_: object) -> None:
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
    tell(world, "progress", done=1, total=2)
    keeper.fold_notices()
    assert world.system.table.counters("day 2025-11-24") == {
        "failed": 2,
        "failed:damaged": 2,
        "megapixels": 2,
    }
    assert world.system.table.counters("progress a") == {"done": 1, "total": 2}
    assert world.system.results.backlog().total == 0


def test_a_row_that_the_table_refuses_costs_no_other_its_count(
    world: World, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = world.system.table.add

    def refuse_pipelines(name: str, amounts: Any) -> None:
        if "blur" in name:
            raise RefusedError("The key is too long.")
        add(name, amounts)

    monkeypatch.setattr(world.system.table, "add", refuse_pipelines)
    tell(world, "ended")
    tell(world, "progress", done=1, total=2)
    keeper.fold_notices()
    assert world.system.table.counters("day 2025-11-24")["failed"] == 1
    assert world.system.table.counters("progress a") == {"done": 1, "total": 2}
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
    assert told(world) == [ask.job_id]
    assert (world.row(ask).state, world.row(ask).note) == (State.QUEUED, DEAD_LETTER_NOTE)


def test_a_dead_letter_of_a_job_that_nobody_has_claimed_yet_is_sent_again(
    world: World, keeper: Keeper
) -> None:
    ask = world.drop()
    world.forget_messages()
    world.bury(ask)
    keeper.dead_letters()
    assert told(world) == [ask.job_id]
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
    assert told(world) == []
    world.clock.now += 61 + CLOCKS_APART
    assert told(world) == [ask.job_id]


def test_a_dead_letter_of_a_job_whose_result_is_stored_makes_it_done(world: World, keeper: Keeper) -> None:
    ask = world.drop()
    world.forget_messages()
    job = use_up(world, ask)
    key = result_key(job, ".png")
    world.system.outputs.create(key, b"r", metadata={}, content_type="image/png")
    world.bury(ask)
    keeper.dead_letters()
    assert (world.row(ask).state, world.row(ask).result_key) == (State.DONE, key)


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


def test_a_dead_letter_stays_when_the_table_fails(
    world: World, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: str) -> None:
        raise ServiceError("The table is busy.")

    world.bury(world.drop())
    monkeypatch.setattr(world.system.table, "get", fail)
    with pytest.raises(ServiceError):
        keeper.dead_letters()
    assert world.system.dead_letters.backlog().total == 1


def test_a_message_that_dies_again_and_again_before_any_claim_ends_its_job(
    world: World, keeper: Keeper
) -> None:
    ask = world.drop()
    for losses in range(1, MAX_LOSSES + 1):
        world.forget_messages()
        world.bury(ask)
        keeper.dead_letters()
        assert (world.row(ask).state, world.row(ask).losses) == (State.QUEUED, losses)
        assert told(world) == [ask.job_id]
    world.forget_messages()
    world.bury(ask)
    keeper.dead_letters()
    assert (world.row(ask).state, world.row(ask).code) == (State.FAILED, "no_attempts_left")
    assert told(world) == []


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
    assert told(world) == [good.job_id]
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
    assert told(world) == [ask.job_id]


def test_a_backlog_is_not_doubled(world: World, keeper: Keeper) -> None:
    keeper.begin()
    asks_waiting = [world.drop(f"{number}.png") for number in range(3)]
    world.clock.now += HOUR
    assert keeper.reconcile() == Found()
    assert sorted(told(world)) == sorted(ask.job_id for ask in asks_waiting)


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
    assert ask.job_id in told(world)


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
    assert sorted(told(world)) == sorted([first.job_id, second.job_id])


def test_a_queued_row_whose_message_was_lost_is_told_again(world: World, keeper: Keeper) -> None:
    ask = lost_drop(world, keeper)
    world.life.requeue(ask, None, note="")
    world.clock.now += HOUR
    assert keeper.reconcile() == Found(silent=1)
    assert world.row(ask).note == SILENT_NOTE
    assert told(world) == [ask.job_id]


def test_a_running_row_whose_lease_ran_out_long_ago_is_told_again_as_a_loss(
    world: World, keeper: Keeper
) -> None:
    ask = lost_drop(world, keeper)
    world.claim(ask, seconds=60)
    world.clock.now += HOUR
    assert keeper.reconcile() == Found(silent=1)
    assert (world.row(ask).state, world.row(ask).attempts, world.row(ask).losses) == (State.QUEUED, 0, 1)
    assert told(world) == [ask.job_id]


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
    ids = told(world)
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
    assert sorted(told(world)) == sorted([second.job_id, third.job_id])


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
        found += told(world)
        world.forget_messages()
    assert keeper.reconcile() == Found(unheard=1)
    assert [*found, *told(world)] == [first.job_id, last.job_id]
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
    assert told(world) == [second.job_id]


def test_a_lost_drop_that_may_not_be_read_is_told_all_the_same_so_that_it_ends_with_a_reason(
    world: World, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = lost_drop(world, keeper, owner="zoe")

    def refuse(key: str, version: str | None = None) -> ObjectInfo:
        raise AccessDeniedError("Its key is another account's.")

    monkeypatch.setattr(world.system.inputs, "head", refuse)
    assert keeper.reconcile() == Found(unheard=1)
    assert told(world) == [ask.job_id]
