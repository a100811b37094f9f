"""What may become of a row: pure functions from a row of the job table to the next one.

Attempts and losses are counted apart. An attempt that failed of itself counts against ``MAX_ATTEMPTS``; one that was
taken from it (a killed host, a service that failed) is a loss, and only ``MAX_LOSSES`` of them end the job, the same
last resort as the queue's redrive policy. A drain gives its attempt back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from tilework.errors import NoAttemptsLeftError, TileworkError, WrongStateError
from tilework.jobs import history
from tilework.jobs.fates import Fate, fate_of
from tilework.jobs.history import Deed
from tilework.jobs.history import Outcome as Ending
from tilework.jobs.job import FOLLOWERS, Ask, Job, State

MAX_ATTEMPTS = 5
"""Attempts a job may use up: enough to outlast a passing fault, few enough that a poison job ends in minutes."""

MAX_LOSSES = 20
"""Attempts that may be lost with their host; equals the jobs queue's maximum receives."""


class Refusal(Enum):
    """Why a claim is refused, and so what becomes of the message."""

    ENDED = "ended"  # clean the job's work objects, delete the message
    TOLD_TWICE = "told twice"  # another message holds the job: delete this one
    HELD = "held"  # the same message came again: hide it until the lease ends


@dataclass(frozen=True, slots=True)
class Claim:
    """The answer to a claim: the row as it stands now, and the refusal, None where the claim was granted."""

    job: Job
    refusal: Refusal | None = None

    @property
    def exhausted(self) -> bool:
        """Whether the job was granted beyond its last attempt, so that its owner can only end it."""
        return self.job.attempts > MAX_ATTEMPTS or self.job.losses > MAX_LOSSES


@dataclass(frozen=True, slots=True)
class Claimant:
    """Who claims: the worker's name, the id of the message it holds, and the seconds of lease it wants."""

    owner: str
    message: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt learned about its image; times in seconds, sizes in pixels, ``rank`` from 1, 0 if nobody knows."""

    result_key: str = ""
    seconds: float = 0.0
    width: int = 0
    height: int = 0
    dtype: str = ""
    note: str = ""
    rank: int = 0


ENDINGS = {
    State.DONE: Ending.DONE,
    State.FAILED: Ending.FAILED,
    State.SKIPPED: Ending.SKIPPED,
    State.CANCELLED: Ending.CANCELLED,
}
"""How the last attempt ended, by the state that its job then has."""


def first_claim(ask: Ask, pipeline: str, source_bytes: int, claimant: Claimant, now: float) -> Job:
    """The row that the first claim of a job writes: it freezes the pipeline."""
    job = Job(
        id=ask.job_id,
        bucket=ask.drop.bucket,
        key=ask.drop.key,
        version=ask.drop.version,
        state=State.QUEUED,
        revision=ask.revision,
        owner=ask.owner,
        batch=ask.batch,
        created=now,
    )
    return leased(replace(job, pipeline=pipeline, source_bytes=source_bytes, serial=-1), claimant, now)


def refusal(row: Job, message: str, now: float) -> Refusal | None:
    """Why ``message`` may not claim the job of ``row`` at time ``now``, or None where it may."""
    if row.state.is_end:
        return Refusal.ENDED
    held = row.state is State.RUNNING and (bool(row.stage) or row.lease_end > now)
    if not held:
        return None
    return Refusal.HELD if row.message == message else Refusal.TOLD_TWICE


def leased(row: Job, claimant: Claimant, now: float) -> Job:
    """``row`` under a new lease; an attempt that ended without a word becomes a loss."""
    lost = row.state is State.RUNNING
    number = row.lease_number + 1
    return replace(
        row,
        state=State.RUNNING,
        history=history.begun(lost_history(row, now), number=number, host=claimant.owner, now=now),
        attempts=row.attempts if lost else row.attempts + 1,
        losses=row.losses + lost,
        lease_owner=claimant.owner,
        lease_number=number,
        lease_end=now + claimant.seconds,
        message=claimant.message,
        started=row.started or now,
        updated=now,
        serial=row.serial + 1,
    )


def lost_history(row: Job, now: float) -> history.History:
    """The history of ``row`` with an attempt that nobody ended, if there is one, lost when its lease ran out."""
    return history.over(row.history, Ending.LOST, min(now, row.lease_end) if row.lease_end else now)


def ended(row: Job, state: State, now: float, failure: TileworkError | None, outcome: Outcome) -> Job:
    """``row`` over, in ``state``, with the failure that ended it or what the work found out."""
    code, reason = (failure.code, failure.reason) if failure else ("", "")
    return replace(
        row,
        state=state,
        history=history.over(row.history, ENDINGS[state], now, rank=outcome.rank, code=code, reason=reason),
        code=code,
        reason=reason,
        advice=failure.advice if failure else "",
        result_key=outcome.result_key,
        # the units of many hosts ran side by side: what counts is how long it took from the first stage on
        seconds=round((row.ended or now) - row.staged, 4)
        if row.stage and state is State.DONE
        else outcome.seconds,
        width=outcome.width or row.width,
        height=outcome.height or row.height,
        dtype=outcome.dtype or row.dtype,
        note=outcome.note or row.note,
        lease_end=0.0,
        # eight kilobytes that nobody asks for any more
        units_done=frozenset(),
        updated=now,
        ended=now,
        serial=row.serial + 1,
    )


def released(row: Job, now: float, failure: TileworkError | None, rank: int = 0) -> Job:
    """``row`` given back: what its ``failure`` costs is told by :mod:`tilework.jobs.fates`, a drain costs nothing."""
    fate = fate_of(failure) if failure else Fate.HANDED_BACK
    lost, used_up = fate is Fate.LOSS, fate is Fate.ATTEMPT
    code, reason = (failure.code, failure.reason) if failure else ("", "")
    ending = Ending.TRY_AGAIN if failure else Ending.HANDED_BACK
    return replace(
        row,
        state=State.QUEUED,
        history=history.over(row.history, ending, now, rank=rank, code=code, reason=reason),
        attempts=row.attempts if used_up else max(0, row.attempts - 1),
        losses=row.losses + lost,
        code=failure.code if failure else row.code,
        reason=failure.reason if failure else row.reason,
        advice=failure.advice if failure else row.advice,
        lease_end=0.0,
        updated=now,
        serial=row.serial + 1,
    )


def requeued(row: Job, now: float, *, note: str, lost: bool) -> Job:
    """``row`` of a job that nobody holds, QUEUED so that a message may be sent for it; ``lost`` counts a loss."""
    running = row.state is State.RUNNING
    return replace(
        row,
        state=State.QUEUED,
        history=history.noted(lost_history(row, now), Deed.QUEUED, now, note),
        attempts=row.attempts - running,
        losses=row.losses + (running or lost),
        lease_end=0.0,
        note=note,
        updated=now,
        serial=row.serial + 1,
    )


def retried(row: Job, now: float) -> Job:
    """``row`` of a job that ended without a result, QUEUED in a new epoch with fresh attempts.

    Raises WrongStateError where it is not FAILED or CANCELLED, or no message can tell its job.
    """
    if State.QUEUED not in FOLLOWERS[row.state] or not row.state.is_end:
        raise WrongStateError(
            f"The job {row.id} is {row.state.value}: only FAILED and CANCELLED ones can be tried again."
        )
    if not row.key:
        raise WrongStateError(
            f"The job {row.id} stands for a message that nobody can read: there is nothing to try again.",
            advice="Drop the image again, or send the message as it should be.",
        )
    return replace(
        row,
        state=State.QUEUED,
        history=history.noted(row.history, Deed.RETRIED, now),
        epoch=row.epoch + 1,
        # a picture may be what has been mended
        pictures="",
        stage="",
        stage_units=0,
        units_done=frozenset(),
        units_behind=0,
        units_in_all=0,
        staged=0.0,
        touched=0.0,
        attempts=0,
        losses=0,
        code="",
        reason="",
        advice="",
        result_key="",
        message="",
        lease_end=0.0,
        ended=0.0,
        updated=now,
        serial=row.serial + 1,
    )


def cancelled(row: Job, now: float) -> Job:
    """``row`` called off. It keeps its lease's end: until then its worker may still store.

    Raises WrongStateError where the job is over already.
    """
    if State.CANCELLED not in FOLLOWERS[row.state]:
        raise WrongStateError(f"The job {row.id} is {row.state.value} already: there is nothing to call off.")
    over = ended(row, State.CANCELLED, now, None, Outcome())
    return replace(over, history=history.noted(over.history, Deed.CANCELLED, now), lease_end=row.lease_end)


def after_failure(row: Job, failure: TileworkError) -> Job:
    """``row`` as it would be given back after ``failure``, to see whether that leaves an attempt."""
    return released(row, row.updated, failure)


def spent(job: Job) -> bool:
    """Whether a job that nobody holds has used up its attempts, or lost too many."""
    # a lease that ran out is a loss that nobody has counted yet
    lost = job.state is State.RUNNING
    return job.attempts - lost >= MAX_ATTEMPTS or job.losses + lost >= MAX_LOSSES


def no_attempts_left(job: Job) -> NoAttemptsLeftError:
    """The failure of a job that has no attempts left, with the reason of the last one."""
    last = f" The last one said: {job.reason}" if job.reason else " None of them could say why."
    return NoAttemptsLeftError(
        f"All attempts are used up ({job.attempts} ended with a failure, {job.losses} were lost with their host).{last}",
        advice=job.advice or None,
    )
