"""The life of a job: who may claim it, who may end it, and what becomes of a message whose claim is refused.

The decisions are pure functions from a row to the next row. :class:`JobLife` carries them out by conditional writes
and decides anew whenever the row has changed meanwhile. Owners are told apart by ``lease_number``, which rises with
every claim: a worker that was thought dead and comes back finds its number outdated, and can end nothing.

Attempts and losses are counted apart. An attempt that failed of itself counts against ``MAX_ATTEMPTS``; one that was
taken from it (a killed host, a service that failed) is a loss, and only ``MAX_LOSSES`` of them end the job, the same
last resort as the queue's redrive policy. A drain gives its attempt back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from tilework.errors import LeaseLostError, NoAttemptsLeftError, ServiceError, TileworkError
from tilework.jobs.job import FOLLOWERS, Ask, Job, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.jobs.table import JobTable

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
    """What a finished attempt learned about its image; times in seconds, sizes in pixels."""

    result_key: str = ""
    seconds: float = 0.0
    width: int = 0
    height: int = 0
    dtype: str = ""
    note: str = ""


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
    return _leased(replace(job, pipeline=pipeline, source_bytes=source_bytes, serial=-1), claimant, now)


def refusal(row: Job, message: str, now: float) -> Refusal | None:
    """Why ``message`` may not claim the job of ``row`` at time ``now``, or None where it may."""
    if row.state.is_end:
        return Refusal.ENDED
    held = row.state is State.RUNNING and (bool(row.stage) or row.lease_end > now)
    if not held:
        return None
    return Refusal.HELD if row.message == message else Refusal.TOLD_TWICE


def _leased(row: Job, claimant: Claimant, now: float) -> Job:
    """``row`` under a new lease; an attempt that ended without a word becomes a loss."""
    lost = row.state is State.RUNNING
    return replace(
        row,
        state=State.RUNNING,
        attempts=row.attempts if lost else row.attempts + 1,
        losses=row.losses + lost,
        lease_owner=claimant.owner,
        lease_number=row.lease_number + 1,
        lease_end=now + claimant.seconds,
        message=claimant.message,
        started=row.started or now,
        updated=now,
        serial=row.serial + 1,
    )


def _ended(row: Job, state: State, now: float, failure: TileworkError | None, outcome: Outcome) -> Job:
    return replace(
        row,
        state=state,
        code=failure.code if failure else "",
        reason=failure.reason if failure else "",
        advice=failure.advice if failure else "",
        result_key=outcome.result_key,
        seconds=outcome.seconds,
        width=outcome.width or row.width,
        height=outcome.height or row.height,
        dtype=outcome.dtype or row.dtype,
        note=outcome.note or row.note,
        lease_end=0.0,
        updated=now,
        ended=now,
        serial=row.serial + 1,
    )


def _released(row: Job, now: float, failure: TileworkError | None) -> Job:
    """``row`` given back: an attempt that failed is used up, a service's failure is a loss, a drain is neither."""
    lost = isinstance(failure, ServiceError)
    used_up = failure is not None and not lost
    return replace(
        row,
        state=State.QUEUED,
        attempts=row.attempts if used_up else max(0, row.attempts - 1),
        losses=row.losses + lost,
        code=failure.code if failure else row.code,
        reason=failure.reason if failure else row.reason,
        advice=failure.advice if failure else row.advice,
        lease_end=0.0,
        updated=now,
        serial=row.serial + 1,
    )


def after_failure(row: Job, failure: TileworkError) -> Job:
    """``row`` as it would be given back after ``failure``, to see whether that leaves an attempt."""
    return _released(row, row.updated, failure)


class JobLife:
    """Carries out what may happen to a job, on a table, by a clock (seconds since the epoch)."""

    def __init__(self, table: JobTable, clock: Callable[[], float]) -> None:
        self._table = table
        self._clock = clock

    def now(self) -> float:
        """The time by this life's clock."""
        return self._clock()

    def claim(self, ask: Ask, *, pipeline: str, source_bytes: int, claimant: Claimant) -> Claim:
        """Take the job that ``ask`` tells under a lease, or learn why not.

        One write where the job is new. ``pipeline`` and ``source_bytes`` are frozen by the first claim and ignored
        by any other, unless the row was queued without them.
        """
        now = self._clock()
        wanted = first_claim(ask, pipeline, source_bytes, claimant, now)
        row = self._table.create(wanted)
        if row is None:
            return Claim(wanted)
        while True:
            refused = refusal(row, claimant.message, now)
            if refused is not None:
                return Claim(row, refused)
            frozen = replace(
                row, pipeline=row.pipeline or pipeline, source_bytes=row.source_bytes or source_bytes
            )
            leased = _leased(frozen, claimant, now)
            changed = self._table.replace(leased, seen=row)
            if changed is None:
                return Claim(leased)
            row = changed

    def reject(self, job_id: str, bucket: str, failure: TileworkError, note: str) -> Job:
        """Record a body that nobody can read as a job of its own, FAILED from the start; once, however often it comes."""
        now = self._clock()
        rejected = Job(
            id=job_id, bucket=bucket, key="", version="", state=State.FAILED, code=failure.code, reason=failure.reason,
            advice=failure.advice, attempts=1, created=now, started=now, updated=now, ended=now, note=note,
        )  # fmt: skip
        return self._table.create(rejected) or rejected

    def renew(self, job: Job, seconds: float) -> Job:
        """Move the end of our lease to ``seconds`` from now. Raises LeaseLostError where it is no longer ours."""
        return self._as_owner(
            job, lambda row, now: replace(row, lease_end=now + seconds, serial=row.serial + 1)
        )

    def end(
        self, job: Job, state: State, *, failure: TileworkError | None = None, outcome: Outcome | None = None
    ) -> Job:
        """End our attempt, and with it the job; once, however often it is written.

        Raises LeaseLostError where it is no longer ours.
        """
        found = outcome or Outcome()
        try:
            return self._as_owner(job, lambda row, now: _ended(row, state, now, failure, found))
        except LeaseLostError:
            row = self._table.get(job.id)
            # an earlier try may have been written, and only its answer lost
            if row is not None and row.state is state and row.lease_number == job.lease_number:
                return row
            raise

    def release(self, job: Job, failure: TileworkError | None = None) -> Job:
        """Give the job back to be claimed again; ``failure`` is why, None for a drain, which costs nothing."""
        return self._as_owner(job, lambda row, now: _released(row, now, failure))

    def done(self, job: Job, outcome: Outcome) -> Job:
        """Write DONE because the result was found stored: allowed to anyone, also over FAILED, not over CANCELLED.

        Returns the row as it stands afterwards.
        """
        row = job
        while State.DONE in FOLLOWERS[row.state]:
            ended = _ended(row, State.DONE, self._clock(), None, outcome)
            changed = self._table.replace(ended, seen=row)
            if changed is None:
                return ended
            row = changed
        return row

    def exhaust(self, job: Job) -> Job | None:
        """Fail a job that no one holds and that has no attempts left, with its last reason; the keeper's part.

        None where the job is held, over, or has attempts left. The keeper takes the lease itself first, because
        FAILED is written by the current owner only.
        """
        now = self._clock()
        if refusal(job, "", now) is not None or not spent(job):
            return None
        lost = job.state is State.RUNNING
        claimed = replace(
            _leased(job, Claimant("keeper", "", 60.0), now),
            # the keeper's lease is no attempt
            attempts=job.attempts - lost,
            losses=job.losses + lost,
        )
        if self._table.replace(claimed, seen=job) is not None:
            return None
        return self.end(claimed, State.FAILED, failure=no_attempts_left(claimed))

    def requeue(self, ask: Ask, row: Job | None, *, note: str, lost: bool = False) -> bool:
        """Write QUEUED for a job that nobody works on, as the keeper does before it sends its message (again).

        ``lost`` counts a loss, for a message that died before anybody could claim its job. False where the job is over or held by a live lease, or was changed by another just now.
        """
        now = self._clock()
        if row is None:
            drop = ask.drop
            fresh = Job(
                id=ask.job_id, bucket=drop.bucket, key=drop.key, version=drop.version, state=State.QUEUED,
                pipeline=ask.pipeline or "", revision=ask.revision, owner=ask.owner, batch=ask.batch,
                created=now, updated=now, note=note, losses=int(lost),
            )  # fmt: skip
            return self._table.create(fresh) is None
        if refusal(row, "", now) is not None:
            return False
        running = row.state is State.RUNNING
        queued = replace(
            row,
            state=State.QUEUED,
            attempts=row.attempts - running,
            losses=row.losses + (running or lost),
            lease_end=0.0,
            note=note,
            updated=now,
            serial=row.serial + 1,
        )
        return self._table.replace(queued, seen=row) is None

    def _as_owner(self, job: Job, change: Callable[[Job, float], Job]) -> Job:
        """Write ``change`` of the row as long as its lease is still the one that ``job`` holds."""
        row = job
        while row.state is State.RUNNING and row.lease_number == job.lease_number:
            changed = change(row, self._clock())
            current = self._table.replace(changed, seen=row)
            if current is None:
                return changed
            row = current
        raise LeaseLostError(f"The lease of job {job.id} (attempt {job.lease_number}) has passed on.")


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
