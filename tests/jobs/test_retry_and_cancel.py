"""What a user may do to a row, and what that does to whoever works on the job meanwhile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.jobs.test_life import STORED, World
from tilework.errors import DamagedImageError, LeaseLostError, UnexpectedError, WrongStateError
from tilework.jobs.job import Job, State
from tilework.jobs.transitions import MAX_ATTEMPTS, Refusal


@pytest.fixture
def world() -> World:
    return World()


def failed(world: World) -> Job:
    return world.life.end(world.claim().job, State.FAILED, failure=DamagedImageError("cut short"))


def test_a_retry_puts_a_failed_job_back_with_fresh_attempts_in_a_new_epoch(world: World) -> None:
    for _ in range(MAX_ATTEMPTS - 1):
        world.life.release(world.claim().job, UnexpectedError("odd"))
    before = failed(world)
    row = world.life.retry(before)
    assert (row.state, row.attempts, row.losses, row.epoch) == (State.QUEUED, 0, 0, before.epoch + 1)
    assert (row.code, row.reason, row.advice, row.ended, row.message) == ("", "", "", 0.0, "")
    again = world.claim(message="m2").job
    assert (again.attempts, again.lease_number) == (1, before.lease_number + 1)


@pytest.mark.parametrize("state", [State.DONE, State.SKIPPED])
def test_what_is_done_or_had_nothing_to_do_cannot_be_tried_again(world: World, state: State) -> None:
    row = world.life.end(world.claim().job, state)
    with pytest.raises(WrongStateError, match=state.value):
        world.life.retry(row)


def test_what_waits_or_runs_cannot_be_tried_again_so_that_two_retries_are_one(world: World) -> None:
    row = failed(world)
    world.life.retry(row)
    with pytest.raises(WrongStateError):
        world.life.retry(row)
    world.claim()
    with pytest.raises(WrongStateError):
        world.life.retry(world.row())


def test_a_message_that_nobody_can_read_cannot_be_tried_again(world: World) -> None:
    row = world.life.reject("id", "in", DamagedImageError("no"), "note")
    with pytest.raises(WrongStateError, match="nobody can read"):
        world.life.retry(row)


def test_an_attempt_of_before_the_retry_can_end_nothing_but_by_its_result(world: World) -> None:
    old = world.claim().job
    world.life.end(old, State.FAILED, failure=DamagedImageError("wrong"))
    world.life.retry(world.row())
    with pytest.raises(LeaseLostError):
        world.life.end(old, State.FAILED)
    with pytest.raises(LeaseLostError):
        world.life.renew(old, 60)
    assert world.row().state is State.QUEUED
    assert world.life.done(old, STORED).state is State.DONE


def test_a_cancelled_job_is_lost_to_its_worker_and_to_its_message(world: World) -> None:
    job = world.claim().job
    row = world.life.cancel(job)
    assert (row.state, row.ended, row.lease_end) == (State.CANCELLED, world.clock.now, job.lease_end)
    for late in (
        lambda: world.life.renew(job, 60),
        lambda: world.life.release(job),
        lambda: world.life.end(job, State.FAILED),
    ):
        with pytest.raises(LeaseLostError):
            late()
    assert world.claim().refusal is Refusal.ENDED
    assert world.life.done(job, STORED).state is State.CANCELLED


def test_a_cancel_decides_anew_when_a_claim_came_between(world: World) -> None:
    world.life.release(world.claim().job)
    seen = world.row()
    running = world.claim().job
    assert world.life.cancel(seen).lease_number == running.lease_number
    assert world.row().state is State.CANCELLED


def test_a_cancel_that_comes_after_the_end_is_refused_and_changes_nothing(world: World) -> None:
    job = world.claim().job
    world.life.done(job, STORED)
    with pytest.raises(WrongStateError, match="DONE already"):
        world.life.cancel(job)
    assert world.row().state is State.DONE


def test_of_a_cancel_and_an_end_at_once_one_wins_and_the_other_learns_it() -> None:
    for _ in range(50):
        world = World()
        job = world.claim().job
        with ThreadPoolExecutor(2) as pool:
            done = pool.submit(world.life.done, job, STORED)
            called_off = pool.submit(_cancelled_or_not, world, job)
        assert {done.result().state, called_off.result()} == {world.row().state}


def _cancelled_or_not(world: World, job: Job) -> State:
    try:
        return world.life.cancel(job).state
    except WrongStateError:
        return world.row().state


def test_a_cancelled_job_can_be_tried_again(world: World) -> None:
    world.life.cancel(world.claim().job)
    world.life.retry(world.row())
    assert world.claim(message="m2").refusal is None


def test_a_worker_whose_row_was_erased_has_lost_its_lease(world: World) -> None:
    job = world.claim().job
    world.table.delete(job.id)
    with pytest.raises(LeaseLostError):
        world.life.renew(job, 60)
    with pytest.raises(LeaseLostError):
        world.life.done(job, STORED)
    with pytest.raises(WrongStateError, match="erased"):
        world.life.cancel(job)
