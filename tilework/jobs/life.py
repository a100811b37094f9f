"""The life of a job: who may claim it, who may end it, and what becomes of a message whose claim is refused.

The decisions are pure functions from a row to the next row (:mod:`tilework.jobs.transitions`). :class:`JobLife` carries
them out by conditional writes, and decides anew whenever the row has changed meanwhile. Owners are told apart by
``lease_number``, which rises with every claim: a worker that was thought dead and comes back finds its number outdated,
and can end nothing.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from tilework.errors import LeaseLostError, TileworkError, WrongStateError
from tilework.jobs.history import Deed, noted
from tilework.jobs.job import FOLLOWERS, Ask, Job, State
from tilework.jobs.table import replace_held
from tilework.jobs.transitions import (
    Claim,
    Claimant,
    Outcome,
    cancelled,
    ended,
    first_claim,
    leased,
    no_attempts_left,
    refusal,
    released,
    requeued,
    retried,
    spent,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.jobs.table import JobTable

log = logging.getLogger(__name__)


class JobLife:
    """Carries out what may happen to a job, on a table, by a clock (seconds since the epoch)."""

    def __init__(self, table: JobTable, clock: Callable[[], float]) -> None:
        self._table = table
        self._clock = clock

    def now(self) -> float:
        """The time by this life's clock."""
        return self._clock()

    def claim(
        self, ask: Ask, *, pipeline: str, source_bytes: int, claimant: Claimant, pictures: str = ""
    ) -> Claim:
        """Take the job that ``ask`` tells under a lease, or learn why not.

        One write where the job is new. ``pipeline``, its ``pictures`` and ``source_bytes`` are frozen by the first claim and ignored
        by any other, unless the row was queued without them. Pictures of another pipeline than the row's are never taken.
        """
        now = self._clock()
        wanted = replace(first_claim(ask, pipeline, source_bytes, claimant, now), pictures=pictures)
        row = self._table.create(wanted)
        if row is None:
            return Claim(wanted)
        while True:
            refused = refusal(row, claimant.message, now)
            if refused is not None:
                return Claim(row, refused)
            ours = row.pipeline in {"", pipeline}
            frozen = replace(
                row,
                pipeline=row.pipeline or pipeline,
                pictures=row.pictures or (pictures if ours else ""),
                source_bytes=row.source_bytes or source_bytes,
            )
            held = leased(frozen, claimant, now)
            changed = self._table.replace(held, seen=row)
            if changed is None:
                return Claim(held)
            row = changed

    def reject(self, job_id: str, bucket: str, failure: TileworkError, note: str) -> Job:
        """Record a body that nobody can read as a job of its own, FAILED from the start; once, however often it comes."""
        now = self._clock()
        rejected = Job(
            id=job_id, bucket=bucket, key="", version="", state=State.FAILED, code=failure.code, reason=failure.reason,
            advice=failure.advice, attempts=1, created=now, started=now, updated=now, ended=now, note=note,
        )  # fmt: skip
        return self._table.create(rejected) or rejected

    def renew(self, job: Job, seconds: float, *, message: str = "") -> Job:
        """Move the end of our lease to ``seconds`` from now; from then on ``message`` carries the job, if it is given.

        Raises LeaseLostError where the lease is no longer ours.
        """

        def renewed(row: Job, now: float) -> Job:
            carrier = message or row.message
            return replace(row, lease_end=now + seconds, message=carrier, serial=row.serial + 1)

        return self._as_owner(job, renewed)

    def show(self, job: Job, pictures: str) -> Job:
        """Freeze the ``pictures`` of our job's pipeline, which its row has none of. Raises LeaseLostError."""
        return self._as_owner(job, lambda row, _: replace(row, pictures=pictures, serial=row.serial + 1))

    def end(
        self, job: Job, state: State, *, failure: TileworkError | None = None, outcome: Outcome | None = None
    ) -> Job:
        """End our attempt, and with it the job; once, however often it is written.

        Raises LeaseLostError where it is no longer ours.
        """
        found = outcome or Outcome()
        try:
            return self._as_owner(job, lambda row, now: ended(row, state, now, failure, found))
        except LeaseLostError:
            row = self._table.get(job.id)
            # an earlier try may have been written, and only its answer lost
            if row is not None and row.state is state and row.lease_number == job.lease_number:
                return row
            raise

    def release(self, job: Job, failure: TileworkError | None = None, *, rank: int = 0) -> Job:
        """Give the job back to be claimed again; ``failure`` is why, None for a drain, which costs nothing."""
        return self._as_owner(job, lambda row, now: released(row, now, failure, rank))

    def done(self, job: Job, outcome: Outcome) -> Job:
        """Write DONE because the result was found stored: allowed to anyone, also over FAILED, not over CANCELLED.

        Returns the row as it stands afterwards.
        """
        row = job
        while State.DONE in FOLLOWERS[row.state]:
            over = ended(row, State.DONE, self._clock(), None, outcome)
            changed = replace_held(self._table, over, seen=row)
            if changed is None:
                return over
            row = changed
        return row

    def retry(self, job: Job) -> Job:
        """Put a FAILED or CANCELLED job back to QUEUED with fresh attempts; whoever asks sends its message then.

        Raises WrongStateError where it is neither (any more), or was erased.
        """
        return self._as_user(job, retried)

    def cancel(self, job: Job) -> Job:
        """Call a QUEUED or RUNNING job off: its worker's lease cannot be renewed, its message is deleted at its claim.

        Raises WrongStateError where it is over (by now), or was erased.
        """
        return self._as_user(job, cancelled)

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
            leased(job, Claimant("keeper", "", 60.0), now),
            # the keeper's lease is no attempt
            attempts=job.attempts - lost,
            losses=job.losses + lost,
        )
        if self._table.replace(claimed, seen=job) is not None:
            return None
        return self.end(claimed, State.FAILED, failure=no_attempts_left(claimed))

    def requeue(self, ask: Ask, row: Job | None, *, note: str, lost: bool = False) -> bool:
        """Write QUEUED for a job that nobody works on, before its message is sent (again).

        ``lost`` counts a loss, for a message that died before anybody could claim its job. False where the job is
        over or held by a live lease, or was changed by another just now.
        """
        now = self._clock()
        if row is None:
            drop = ask.drop
            fresh = Job(
                id=ask.job_id, bucket=drop.bucket, key=drop.key, version=drop.version, state=State.QUEUED,
                pipeline=ask.pipeline or "", revision=ask.revision, owner=ask.owner, batch=ask.batch,
                created=now, updated=now, note=note, losses=int(lost), history=noted((), Deed.QUEUED, now, note),
            )  # fmt: skip
            written = self._table.create(fresh) is None
        elif refusal(row, "", now) is not None:
            return False
        else:
            written = self._table.replace(requeued(row, now, note=note, lost=lost), seen=row) is None
        if written:
            log.info("%s", note, extra={"job": ask.job_id})
        return written

    def _as_user(self, job: Job, change: Callable[[Job, float], Job]) -> Job:
        """Write ``change`` of the row, decided anew whenever somebody else has changed it."""
        row = job
        while True:
            changed = change(row, self._clock())
            try:
                current = self._table.replace(changed, seen=row)
            except KeyError:
                raise WrongStateError(f"The job {job.id} was erased.") from None
            if current is None:
                log.info("Is %s, as somebody ordered.", changed.state.value, extra={"job": job.id})
                return changed
            row = current

    def _as_owner(self, job: Job, change: Callable[[Job, float], Job]) -> Job:
        """Write ``change`` of the row as long as its lease is still the one that ``job`` holds."""
        row = job
        # a job in stages is carried by its units, and no lease speaks for it any more
        while row.state is State.RUNNING and row.lease_number == job.lease_number and not row.stage:
            changed = change(row, self._clock())
            current = replace_held(self._table, changed, seen=row)
            if current is None:
                return changed
            row = current
        raise LeaseLostError(f"The lease of job {job.id} (attempt {job.lease_number}) has passed on.")
