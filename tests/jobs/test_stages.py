"""The design of stages, sentence by sentence: who plans, who moves on, who sends, and who sends again after a crash."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tilework.errors import (
    LeaseLostError,
    NewerMessageError,
)
from tilework.jobs.job import State
from tilework.jobs.object_keys import plan_key
from tilework.jobs.staged import Progress, progress
from tilework.jobs.stages import Plan, Stage, plan_text
from tilework.jobs.transitions import MAX_ATTEMPTS, Outcome, Refusal
from tilework.jobs.units import Unit, unit_body, unit_of

if TYPE_CHECKING:
    pass

from tests.jobs.large_image import DONE, LEASE, PLAN, Site


@pytest.fixture
def site() -> Site:
    return Site()


# --- the plan and the first stage --------------------------------------------------------------------------------------


def test_the_owner_plans_the_row_runs_in_the_first_stage_and_its_units_are_sent(site: Site) -> None:
    seen = Outcome(width=40_000, height=30_000, dtype="uint8", note="No profile.")
    row = site.stages.begin(site.claim().job, PLAN, seen)
    assert row == site.row()
    assert (row.state, row.stage, row.stage_units, row.units_done) == (
        State.RUNNING,
        "0-measure-0",
        2,
        frozenset(),
    )
    assert (row.width, row.height, row.dtype, row.note) == (40_000, 30_000, "uint8", "No profile.")
    assert site.system.outputs.read(plan_key(row.id, 0), None, 0, 9_999) == plan_text(PLAN).encode()
    assert site.numbers() == [0, 1]
    # nobody holds it: an erasure need not wait for its planner
    assert row.lease_end == 0.0


def test_a_stage_is_sent_whole_however_large_it_is(site: Site) -> None:
    site.stages.begin(site.claim().job, Plan((Stage("write", 8192), Stage("assemble", 1))))
    assert site.numbers() == list(range(8192))


def test_a_twin_of_the_planner_goes_on_with_the_plan_that_is_stored(site: Site) -> None:
    first = site.claim().job
    site.stages.store_plan(first, PLAN)
    # it dies here, and a newer version would plan otherwise
    site.clock.now += LEASE + 1
    other = Plan((Stage("write", 7), Stage("assemble", 1)))
    assert site.stages.begin(site.claim().job, other).stage == "0-measure-0"
    assert site.numbers() == [0, 1]


def test_a_planner_whose_lease_was_lost_opens_nothing(site: Site) -> None:
    old = site.claim().job
    site.clock.now += LEASE + 1
    new = site.claim("job-message").job
    with pytest.raises(LeaseLostError):
        site.stages.begin(old, PLAN)
    assert site.row() == new
    assert site.waiting() == 0


def test_a_planner_whose_job_was_called_off_leaves_no_plan(site: Site) -> None:
    job = site.claim().job
    site.life.cancel(job)
    with pytest.raises(LeaseLostError):
        site.stages.begin(job, PLAN)
    assert site.left_in_work() == []


def test_opening_the_first_stage_twice_is_opening_it_once(site: Site) -> None:
    job = site.claim().job
    row = site.stages.open(job, PLAN)
    assert site.stages.open(job, PLAN) == row


@pytest.mark.parametrize("sent", [0, 1, 2])
def test_the_jobs_message_that_comes_again_sends_the_first_units_again(site: Site, sent: int) -> None:
    row = site.stages.open(site.claim().job, site.stages.store_plan(site.claim().job, PLAN))
    site.system.units.send_all([unit_body(Unit(row.id, 0, 0, number)) for number in range(sent)])
    claim = site.claim()
    assert claim.refusal is Refusal.HELD
    site.receive()
    site.stages.told_again(claim.job, "job-message")
    assert site.numbers() == [0, 1]


def test_another_message_of_a_job_whose_stage_runs_sends_nothing(site: Site) -> None:
    site.begin()
    site.receive()
    claim = site.claim("another message")
    assert claim.refusal is Refusal.TOLD_TWICE
    site.stages.told_again(claim.job, "another message")
    assert site.numbers() == []


def test_a_running_job_with_a_stage_cannot_be_claimed_queued_released_or_ended_by_its_owner(
    site: Site,
) -> None:
    job = site.claim().job
    row = site.stages.begin(job, PLAN)
    site.clock.now += 100 * LEASE
    assert site.claim().refusal is Refusal.HELD
    assert not site.life.requeue(site.ask, row, note="silent")
    assert site.life.exhaust(row) is None
    for late in (
        lambda: site.life.release(job),
        lambda: site.life.renew(job, LEASE),
        lambda: site.life.end(job, State.FAILED),
    ):
        with pytest.raises(LeaseLostError):
            late()
    assert site.row() == row


# --- retry -------------------------------------------------------------------------------------------------------------


def test_a_retry_raises_the_epoch_empties_the_set_and_no_late_twin_can_touch_it(site: Site) -> None:
    site.begin()
    early, late = site.receive()
    slow = site.task(late)
    site.do(early)
    site.life.cancel(site.row())
    retried = site.life.retry(site.row())
    assert (retried.epoch, retried.stage, retried.stage_units, retried.units_done) == (1, "", 0, frozenset())
    assert (retried.units_behind, retried.units_in_all, retried.staged, retried.touched) == (0, 0, 0.0, 0.0)
    site.stages.begin(site.claim("another").job, PLAN)
    before = site.row()
    site.work.commit(late, slow, "late")
    assert site.row() == before
    assert all(
        key.startswith("1/") or not key.startswith("0/0-measure-0/0001") for key in site.left_in_work()
    )
    site.system.units.send(late.body)
    old = next(message for message in site.receive() if unit_of(message.body).epoch == 0)
    assert site.work.consider(old) is None
    assert site.left_in_work() == ["1/plan"]
    site.clock.now += LEASE + 1
    assert site.numbers() == [0, 1]


def test_the_assembly_of_an_epoch_before_may_still_be_the_result(site: Site) -> None:
    message, task = site.assembly()
    site.life.cancel(site.row())
    site.life.retry(site.row())
    site.stages.begin(site.claim("another").job, PLAN)
    over = site.work.finish(message, task, replace(DONE, result_key=site.store_result()))
    assert over is not None
    assert over.state is State.DONE
    for late in site.receive():
        assert site.work.consider(late) is None
    assert (site.left_in_work(), site.waiting()) == ([], 0)


# --- the keeper --------------------------------------------------------------------------------------------------------


def test_the_keeper_sends_again_the_units_that_are_missing_and_notes_it(site: Site) -> None:
    site.begin()
    first, lost = site.receive()
    site.do(first)
    site.system.units.delete([lost])
    site.clock.now += 1_000
    assert site.rescue.revive(site.row())
    assert site.row().touched == site.clock.now
    assert site.numbers() == [1]


def test_the_keeper_moves_on_a_stage_that_is_complete_and_nobody_moved(site: Site) -> None:
    site.begin()
    row = site.system.table.mark_done(site.row().id, (0, 1), epoch=0, stage="0-measure-0", now=site.clock.now)
    site.system.units.delete(site.receive())
    assert row is not None
    assert site.rescue.revive(row)
    assert site.row().stage == "1-write"
    assert site.numbers() == [0, 1, 2]


def test_the_keeper_revives_nothing_that_went_on_meanwhile(site: Site) -> None:
    seen = site.begin()
    site.do_stage()
    assert not site.rescue.revive(seen)
    assert site.numbers() == [0, 1, 2]


def test_a_units_dead_letter_is_sent_again_until_its_attempts_are_used_up(site: Site) -> None:
    site.begin()
    message, other = site.receive()
    site.system.units.delete([message, other])
    for _ in range(MAX_ATTEMPTS - 1):
        assert site.rescue.judge(message) is None
        assert site.rescue.judge(message) is None
        twins = site.receive()
        assert [found.body for found in twins] == [message.body] * 2
        site.system.units.delete(twins)
        message = twins[0]
    over = site.rescue.judge(message)
    assert over == site.row()
    assert over is not None
    assert (over.state, over.code) == (State.FAILED, "no_attempts_left")
    assert site.left_in_work() == []


def test_the_dead_letter_that_answers_for_the_next_units_sends_them(site: Site) -> None:
    site.begin()
    first, last = site.receive()
    site.do(first)
    task = site.task(last)
    site.work.record(task, "tiles")
    row = site.stages.mark_done(task.unit, task.label)
    assert row is not None
    site.stages.advance(row, last.id)
    assert site.rescue.judge(last) is None
    assert 0 in site.numbers()


def test_a_dead_letter_that_no_unit_needs_any_more_or_nobody_can_read_is_forgotten(site: Site) -> None:
    site.begin()
    message, _ = site.receive()
    site.do(message)
    assert site.rescue.judge(message) is None
    assert site.rescue.judge(replace(message, body='{"unit": 3}')) is None
    with pytest.raises(NewerMessageError):
        site.rescue.judge(replace(message, body='{"schema": 2, "unit": 3}'))
    assert (site.row().units_done, site.waiting()) == ({0}, 1)


# --- progress ----------------------------------------------------------------------------------------------------------


def test_progress_is_done_units_of_all_with_an_estimate(site: Site) -> None:
    site.claim()
    assert progress(site.row(), site.clock.now) is None
    site.begin()
    assert progress(site.row(), site.clock.now) == Progress(0, 6, None)
    site.clock.now += 30
    site.do_stage()
    site.do(site.receive()[0])
    assert progress(site.row(), site.clock.now) == Progress(3, 6, 30.0)
    site.life.cancel(site.row())
    assert progress(site.row(), site.clock.now) is None
