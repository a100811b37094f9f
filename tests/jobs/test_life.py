"""The job table is the authority: each sentence of docs/concepts.md on claims, refusals and ends is a promise here."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from tilework.errors import (
    DamagedImageError,
    LeaseLostError,
    NoAttemptsLeftError,
    ServiceError,
    TileworkError,
    UnexpectedError,
    WorldDiedError,
)
from tilework.jobs.in_memory import MemoryTable
from tilework.jobs.job import FOLLOWERS, Ask, Drop, Job, State
from tilework.jobs.life import JobLife
from tilework.jobs.transitions import MAX_ATTEMPTS, MAX_LOSSES, Claim, Claimant, Outcome, Refusal

ASK = Ask(Drop("in", "photo.jpg", "v1"))
STORED = Outcome(result_key="results/photo.png", seconds=0.5, width=4, height=3, dtype="uint8")


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class CountingTable(MemoryTable):
    """Counts the writes that took effect."""

    writes = 0

    def create(self, job: Job) -> Job | None:
        there = super().create(job)
        self.writes += there is None
        return there

    def replace(self, job: Job, *, seen: Job) -> Job | None:
        there = super().replace(job, seen=seen)
        self.writes += there is None
        return there


class World:
    """A table, a clock and two workers."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.table = CountingTable()
        self.life = JobLife(self.table, self.clock)

    def claim(self, message: str = "m1", owner: str = "host-1", pipeline: str = "invert()") -> Claim:
        claimant = Claimant(owner, message, 60.0)
        return self.life.claim(ASK, pipeline=pipeline, source_bytes=9, claimant=claimant)

    @staticmethod
    def ask() -> Ask:
        return ASK

    def row(self) -> Job:
        row = self.table.get(ASK.job_id)
        assert row is not None
        return row


@pytest.fixture
def world() -> World:
    return World()


def test_a_drop_is_one_job_however_often_it_is_told() -> None:
    assert Ask(Drop("in", "a", "v1")).job_id == Ask(Drop("in", "a", "v1"), owner="x", batch="y").job_id
    others = {
        Ask(Drop("in", "a", "v2")).job_id,
        Ask(Drop("in", "b", "v1")).job_id,
        Ask(Drop("b", "a", "v1")).job_id,
    }
    assert Ask(Drop("in", "a", "v1")).job_id not in others
    assert len(others) == 3


def test_a_native_message_is_a_job_of_its_pipeline_and_revision() -> None:
    drop = Drop("in", "a", "v1")
    ids = {
        Ask(drop).job_id,
        Ask(drop, "invert()").job_id,
        Ask(drop, "blur(9)").job_id,
        Ask(drop, "blur(9)", "2").job_id,
    }
    assert len(ids) == 4


def test_the_first_claim_freezes_the_pipeline(world: World) -> None:
    first = world.claim(pipeline="blur(9)").job
    world.life.release(first)
    assert world.claim(pipeline="canny(100, 200)").job.pipeline == "blur(9)"


def test_an_ordinary_job_costs_two_writes_claim_and_end(world: World) -> None:
    job = world.claim().job
    world.life.done(job, STORED)
    assert world.table.writes == 2
    assert world.row().state is State.DONE


def test_one_of_many_claims_at_once_is_granted(world: World) -> None:
    claims: list[Claim] = []
    threads = [
        threading.Thread(target=lambda n=n: claims.append(world.claim(message=f"m{n}", owner=f"host-{n}")))
        for n in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refusals = [claim.refusal for claim in claims]
    assert refusals.count(None) == 1
    assert refusals.count(Refusal.TOLD_TWICE) == 15


@pytest.mark.parametrize("state", [state for state in State if state.is_end])
def test_a_message_of_a_job_at_an_end_is_refused(world: World, state: State) -> None:
    job = world.claim().job
    world.life.end(job, state)
    assert world.claim().refusal is Refusal.ENDED
    assert world.claim(message="other").refusal is Refusal.ENDED


def test_a_live_lease_told_by_another_message_is_told_twice_and_by_the_same_is_held(world: World) -> None:
    world.claim(message="m1")
    assert world.claim(message="m2").refusal is Refusal.TOLD_TWICE
    again = world.claim(message="m1")
    assert again.refusal is Refusal.HELD
    assert again.job.lease_end == world.clock.now + 60


def test_a_running_stage_cannot_be_claimed_by_a_job_message_even_when_its_lease_is_over(world: World) -> None:
    job = world.claim().job
    world.table.replace(replace(job, stage="write", serial=job.serial + 1), seen=job)
    world.clock.now += 1_000
    assert world.claim(message="m2").refusal is Refusal.TOLD_TWICE
    assert world.claim(message="m1").refusal is Refusal.HELD


def test_a_lease_that_ended_is_taken_over_and_counted_as_a_loss_not_an_attempt(world: World) -> None:
    world.claim()
    world.clock.now += 61
    taken = world.claim(owner="host-2").job
    assert (taken.attempts, taken.losses, taken.lease_number, taken.lease_owner) == (1, 1, 2, "host-2")


def test_a_drain_gives_its_attempt_back(world: World) -> None:
    for _ in range(3):
        world.life.release(world.claim().job)
    assert world.claim().job.attempts == 1


def test_a_failed_attempt_is_counted_in_the_row_and_keeps_its_reason(world: World) -> None:
    world.life.release(world.claim().job, UnexpectedError("It was odd."))
    row = world.row()
    assert (row.state, row.attempts, row.reason) == (State.QUEUED, 1, "It was odd.")


@pytest.mark.parametrize("failure", [ServiceError("S3 was slow."), WorldDiedError("mpiexec was killed.")])
def test_a_service_that_fails_and_worlds_that_die_take_an_attempt_but_do_not_use_it_up(
    world: World, failure: TileworkError
) -> None:
    for _ in range(MAX_ATTEMPTS + 1):
        claim = world.claim()
        assert not claim.exhausted
        world.life.release(claim.job, failure)
    assert (world.row().attempts, world.row().losses) == (0, MAX_ATTEMPTS + 1)


def test_a_world_that_died_of_the_job_itself_uses_its_attempt_up(world: World) -> None:
    world.life.release(world.claim().job, WorldDiedError("its rank was killed.", suspect=True))
    assert (world.row().attempts, world.row().losses) == (1, 0)


def test_an_end_whose_answer_was_lost_may_be_written_again(world: World) -> None:
    job = world.claim().job
    first = world.life.end(job, State.FAILED, failure=DamagedImageError("cut"))
    assert world.life.end(job, State.FAILED, failure=DamagedImageError("cut")) == first


def test_a_message_that_dies_before_any_claim_uses_something_up(world: World) -> None:
    assert world.life.requeue(ASK, None, note="dead letter", lost=True)
    for _ in range(MAX_LOSSES - 1):
        assert world.life.exhaust(world.row()) is None
        assert world.life.requeue(ASK, world.row(), note="dead letter", lost=True)
    assert world.life.exhaust(world.row()) is not None


def test_a_job_beyond_its_last_attempt_is_granted_only_to_be_ended(world: World) -> None:
    for _ in range(MAX_ATTEMPTS):
        claim = world.claim()
        assert not claim.exhausted
        world.life.release(claim.job, UnexpectedError("no"))
    assert world.claim().exhausted


def test_failed_is_written_only_by_the_current_owner_and_attempt(world: World) -> None:
    old = world.claim(owner="host-1").job
    world.clock.now += 61
    world.claim(owner="host-2")
    with pytest.raises(LeaseLostError):
        world.life.end(old, State.FAILED, failure=DamagedImageError("late"))
    with pytest.raises(LeaseLostError):
        world.life.end(old, State.SKIPPED)
    assert world.row().state is State.RUNNING


def test_an_owner_that_claims_again_ends_only_its_latest_attempt(world: World) -> None:
    first = world.claim(owner="host-1").job
    world.clock.now += 61
    second = world.claim(owner="host-1").job
    with pytest.raises(LeaseLostError):
        world.life.end(first, State.FAILED)
    assert world.life.end(second, State.FAILED).state is State.FAILED


def test_done_may_be_written_by_anyone_who_finds_the_result_stored_also_over_failed(world: World) -> None:
    old = world.claim(owner="host-1").job
    world.clock.now += 61
    new = world.claim(owner="host-2").job
    world.life.end(new, State.FAILED, failure=DamagedImageError("wrong"))
    assert world.life.done(old, STORED).state is State.DONE
    row = world.row()
    assert (row.state, row.code, row.result_key) == (State.DONE, "", STORED.result_key)


@pytest.mark.parametrize("state", [State.CANCELLED, State.SKIPPED])
def test_done_is_not_written_over_cancelled_or_skipped(world: World, state: State) -> None:
    job = world.claim().job
    world.life.end(job, state)
    assert world.life.done(job, STORED).state is state
    assert world.row().state is state


def test_a_renewed_lease_lasts_from_the_moment_of_renewal(world: World) -> None:
    job = world.claim().job
    world.clock.now += 40
    assert world.life.renew(job, 60).lease_end == world.clock.now + 60


def test_a_lost_lease_cannot_be_renewed(world: World) -> None:
    old = world.claim().job
    world.clock.now += 61
    world.claim(owner="host-2")
    with pytest.raises(LeaseLostError):
        world.life.renew(old, 60)


def test_renewing_and_ending_survive_a_write_of_another_in_between(world: World) -> None:
    job = world.claim().job
    world.life.renew(job, 60)
    # ``job`` is outdated by one write now, though the lease is still ours
    assert world.life.end(job, State.FAILED).state is State.FAILED


def test_a_body_nobody_can_read_is_one_failed_row_however_often_it_comes(world: World) -> None:
    failure = DamagedImageError("no")
    first = world.life.reject("id", "in", failure, "note")
    assert world.life.reject("id", "in", failure, "other") == first
    assert first.state is State.FAILED


def test_the_keeper_fails_a_dead_letter_only_when_no_attempt_is_left_and_gives_the_last_reason(
    world: World,
) -> None:
    for _ in range(MAX_ATTEMPTS):
        world.life.release(world.claim().job, UnexpectedError("It was odd."))
        if world.row().attempts < MAX_ATTEMPTS:
            assert world.life.exhaust(world.row()) is None
    failed = world.life.exhaust(world.row())
    assert failed is not None
    assert (failed.state, failed.code) == (State.FAILED, NoAttemptsLeftError.code)
    assert "It was odd." in failed.reason


def test_the_keeper_does_not_fail_a_job_that_somebody_holds(world: World) -> None:
    for _ in range(MAX_ATTEMPTS - 1):
        world.life.release(world.claim().job, UnexpectedError("no"))
    world.claim()
    assert world.life.exhaust(world.row()) is None


def test_a_job_that_loses_every_host_ends_too(world: World) -> None:
    for _ in range(MAX_LOSSES):
        world.claim()
        world.clock.now += 61
    assert world.life.exhaust(world.row()) is not None
    assert (world.row().attempts, world.row().losses) == (0, MAX_LOSSES)


def test_the_keeper_queues_a_job_without_a_sign_of_life_again_and_notes_it(world: World) -> None:
    world.claim()
    assert not world.life.requeue(ASK, world.row(), note="lost")
    world.clock.now += 61
    assert world.life.requeue(ASK, world.row(), note="lost")
    row = world.row()
    assert (row.state, row.note, row.losses) == (State.QUEUED, "lost", 1)
    assert world.claim().job.attempts == 1


def test_the_keeper_queues_a_version_without_a_row_once(world: World) -> None:
    assert world.life.requeue(ASK, None, note="no event came")
    assert not world.life.requeue(ASK, None, note="no event came")
    claimed = world.claim().job
    assert (claimed.pipeline, claimed.source_bytes) == ("invert()", 9)


def test_an_end_is_left_only_by_a_result_that_was_found_and_by_a_users_retry() -> None:
    left = {state: FOLLOWERS[state] for state in State if state.is_end and FOLLOWERS[state]}
    assert left == {State.FAILED: {State.DONE, State.QUEUED}, State.CANCELLED: {State.QUEUED}}
