"""The life of a job in stages: who plans it, who moves it to its next stage, and who sends that stage's units.

A message is deleted only when its result or its successors are durable. The row's ``message`` names the one that
answers for the units of the stage that runs: the job's own for the first stage, then that of the unit which found the
stage complete. If it comes again, it sends again what is not done; any other message of an earlier stage is late, and
sends nothing. So a step may happen twice, and a late twin cannot double a whole stage.
"""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING

from tilework.errors import LeaseLostError, VersionGoneError
from tilework.jobs.job import Job, State
from tilework.jobs.marks import Marks, Place
from tilework.jobs.object_keys import plan_key
from tilework.jobs.staged import advanced, is_complete, missing, opened, storing
from tilework.jobs.stages import plan_of, plan_text, stage_number
from tilework.jobs.table import replace_held
from tilework.jobs.transitions import Outcome, ended
from tilework.jobs.units import Unit, unit_body
from tilework.jobs.work_objects import sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from tilework.errors import TileworkError
    from tilework.jobs.stages import Plan
    from tilework.jobs.system import System

log = logging.getLogger(__name__)

PLAN_BYTES = 16 * 2**20
"""Of a plan: far more than any needs."""

PLANS = 32
"""Plans that are kept, so that each unit does not read it again."""


class StageLife:
    """Carries out what may happen to a job in stages, on ``system``, by a clock (seconds since the epoch)."""

    def __init__(self, system: System, clock: Callable[[], float]) -> None:
        self._system = system
        self._table = system.table
        self._clock = clock
        # a plan never changes, once it is stored
        self._kept = functools.lru_cache(PLANS)(self._read_plan)
        self._marks = Marks(lambda place, units: self._mark(place.job, units, place.epoch, place.stage))

    # --- the owner of the job's lease --------------------------------------------------------------------------------

    def store_plan(self, job: Job, plan: Plan) -> Plan:
        """Store the plan of the job's epoch; returns the one that is in force, which an earlier owner may have stored."""
        body = plan_text(plan).encode()
        key = plan_key(job.id, job.epoch)
        if self._system.outputs.create(key, body, metadata={}, content_type="application/json"):
            return plan
        return self.plan(job)

    def open(self, job: Job, plan: Plan, seen: Outcome | None = None) -> Job:
        """Move the job that we hold into the first stage of its stored plan.

        ``seen`` is what the header told: width, height, dtype and a note. Raises LeaseLostError where the lease is
        no longer ours.
        """
        row = job
        while row.state is State.RUNNING and (row.lease_number, row.epoch) == (job.lease_number, job.epoch):
            if row.stage:
                # an earlier try was written, and only its answer lost
                return row
            wanted = opened(row, plan, self._clock(), seen or Outcome())
            current = replace_held(self._table, wanted, seen=row)
            if current is None:
                return wanted
            row = current
        raise LeaseLostError(f"The lease of job {job.id} (attempt {job.lease_number}) has passed on.")

    def begin(self, job: Job, plan: Plan, seen: Outcome | None = None) -> Job:
        """Plan the job that we hold, and send the units of its first stage; only then may its message be deleted.

        Raises LeaseLostError, ServiceError; the message must come again then, to :meth:`told_again`.
        """
        stored = self.store_plan(job, plan)
        try:
            row = self.open(job, stored, seen)
        except LeaseLostError:
            self._clean(job)
            raise
        self.send(row)
        return row

    # --- whoever holds a message -------------------------------------------------------------------------------------

    def told_again(self, row: Job, message: str) -> None:
        """Send again the units that ``message`` answers for, if it does; then it may be deleted.

        For a job's message whose claim is refused because a stage runs, and a unit's that is of an earlier stage.
        """
        if row.state is State.RUNNING and row.stage and row.message == message:
            self.send(row)

    def mark_done(self, unit: Unit, label: str) -> Job | None:
        """Add the unit to the set of done ones; None where its job no longer runs in its epoch and stage.

        Of many that end at once on this host several are added by one write.
        """
        return self._marks.add(Place(unit.job, unit.epoch, label), unit.number)

    def advance(self, row: Job, message: str) -> Job | None:
        """Move a row whose stage is complete to the next one; as it is where somebody else has; None if it was erased."""
        while is_complete(row):
            wanted = advanced(row, self.plan(row), self._clock(), message)
            try:
                current = self._table.replace(wanted, seen=row)
            except KeyError:
                return None
            if current is None:
                return wanted
            row = current
        return row

    def go_on(self, row: Job, message: str) -> None:
        """After a unit was added: if that completed the stage, move on and send the next one's units."""
        if is_complete(row):
            current = self.advance(row, message)
            if current is not None:
                self.told_again(current, message)

    def send(self, row: Job) -> None:
        """Send the units of the stage that runs which are not done yet."""
        number = stage_number(row.stage)
        units = [Unit(row.id, row.epoch, number, unit) for unit in missing(row)]
        self._system.units.send_all([unit_body(unit) for unit in units])
        log.info("The stage %s has been sent: %d units.", row.stage, len(units), extra={"job": row.id})

    def touch(self, row: Job) -> Job | None:
        """Note a sign of life; None where the job no longer runs in this epoch and stage."""
        return self._mark(row.id, (), row.epoch, row.stage)

    def hold_storing(self, row: Job, seconds: float) -> Job:
        """Take or renew the lease of the job's assembly. Raises LeaseLostError where the job runs there no more."""
        epoch, stage = row.epoch, row.stage
        while row.runs(epoch, stage):
            wanted = storing(row, self._clock(), seconds)
            current = replace_held(self._table, wanted, seen=row)
            if current is None:
                return wanted
            row = current
        raise LeaseLostError(f"The job {row.id} no longer runs in the stage {stage}.")

    def end(self, row: Job, state: State, failure: TileworkError, rank: int = 0) -> Job | None:
        """End a job in stages for one of its units; None where it no longer runs in this epoch and stage."""
        epoch, stage = row.epoch, row.stage
        while row.runs(epoch, stage):
            over = ended(row, state, self._clock(), failure, Outcome(rank=rank))
            current = replace_held(self._table, over, seen=row)
            if current is None:
                return over
            row = current
        return None

    def _clean(self, job: Job) -> None:
        """Delete a plan that was stored for a job that had ended before."""
        row = self._table.get(job.id)
        if row is None or row.state.is_end or row.epoch > job.epoch:
            sweep(self._system.outputs, job.id, job.epoch)

    # --- the plan ----------------------------------------------------------------------------------------------------

    def plan(self, row: Job) -> Plan:
        """The plan of the row's epoch.

        Raises LeaseLostError where it was swept, as it is when the job has ended; NewerMessageError.
        """
        try:
            return self._kept(row.id, row.epoch)
        except VersionGoneError:
            raise LeaseLostError(f"The plan of job {row.id} is gone: the job has ended.") from None

    def _read_plan(self, job_id: str, epoch: int) -> Plan:
        return plan_of(self._system.outputs.read(plan_key(job_id, epoch), None, 0, PLAN_BYTES).decode())

    def _mark(self, job_id: str, units: Collection[int], epoch: int, stage: str) -> Job | None:
        return self._table.mark_done(job_id, units, epoch=epoch, stage=stage, now=self._clock())
