"""The life of a unit: whether it is still to be done, what follows when it is, and when its failure ends the job.

Shared by the workers, which hold a unit's message, and the keeper, which judges those that died.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.errors import NoAttemptsLeftError
from tilework.jobs.job import Job, State
from tilework.jobs.manifests import is_committed
from tilework.jobs.results import find_outcome
from tilework.jobs.staged import is_last
from tilework.jobs.stages import stage_number
from tilework.jobs.units import Unit, UnitFolder
from tilework.jobs.work_objects import discard, sweep

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.errors import TileworkError
    from tilework.jobs.life import JobLife
    from tilework.jobs.stage_life import StageLife
    from tilework.jobs.system import System
    from tilework.jobs.transitions import Outcome


def tell_nobody(_: Job) -> None:
    """For whoever finds no result that is not his own, or counts nothing."""


class UnitLife:
    """Carries out what may happen to a unit; ``message`` is always the id of the one that tells it.

    ``found`` is told of a job that is DONE because its result was found stored: who stored it may have died before it told.
    """

    def __init__(
        self, system: System, life: JobLife, stages: StageLife, *, found: Callable[[Job], None] = tell_nobody
    ) -> None:
        self._found = found
        self._system = system
        self._outputs = system.outputs
        self._life = life
        self._stages = stages

    def row_to_work_on(self, unit: Unit, message: str, *, told_before: bool) -> Job | None:
        """The row of a unit that is still to be done; None where nothing is left to do but to delete its ``message``.

        What the message answers for is done by then: objects of a job that is over are cleaned, a stage found complete
        is moved on, units of the next are sent (again). Where the unit was ``told_before``, an earlier attempt may
        have committed it, or stored the result.
        """
        row = self._system.table.get(unit.job)
        if row is None or is_elsewhere(row, unit):
            self._clean(unit, row)
            return None
        if stage_number(row.stage) != unit.stage or unit.number >= row.stage_units:
            self._stages.told_again(row, message)
            return None
        if is_last(row):
            return None if self.found_stored(row) else row
        if unit.number in row.units_done:
            self._stages.go_on(row, message)
            return None
        if told_before and is_committed(self._outputs, folder_of(unit, row.stage)):
            self.add(unit, row.stage, message)
            return None
        return row

    def add(self, unit: Unit, label: str, message: str) -> None:
        """Add a committed unit to the set of its row, and go on where that completes the stage.

        Where its job is over, or in another epoch, what was written for the unit is deleted.
        """
        row = self._stages.mark_done(unit, label)
        if row is not None:
            self._stages.go_on(row, message)
            return
        now = self._system.table.get(unit.job)
        if now is None or is_elsewhere(now, unit):
            discard(self._outputs, folder_of(unit, label).prefix)
        else:
            # somebody has added it before, and the stage went on: this message may be the one that answers for that
            self._stages.told_again(now, message)

    def finish(self, unit: Unit, outcome: Outcome) -> Job | None:
        """The result is stored: the row says DONE, then work objects go.

        Returns the row at its end, which stays CANCELLED where it was; None where it was erased.
        """
        row = self._system.table.get(unit.job)
        if row is None:
            self._clean(unit, row)
            return None
        return self._done(row, outcome)

    def found_stored(self, row: Job) -> bool:
        """Whether the job's result is stored already; then its row says DONE, and its work objects are gone."""
        stored = find_outcome(self._outputs, row)
        if stored is None:
            return False
        over = self._done(row, stored)
        if over.state is State.DONE:
            self._found(over)
        return True

    def end(self, unit: Unit, label: str, state: State, failure: TileworkError, rank: int = 0) -> Job | None:
        """End the job for a unit that fails for good, then clean.

        None where that is not so: the job is over or elsewhere, or the unit could be done by another attempt, which is
        then followed up by whoever holds its message.
        """
        row = self._system.table.get(unit.job)
        if row is None or not row.runs(unit.epoch, label) or unit.number in row.units_done:
            return None
        if is_last(row) and self.found_stored(row):
            return None
        over = self._stages.end(row, state, failure, rank)
        if over is not None:
            sweep(self._outputs, unit.job, unit.epoch)
        return over

    def count_failure(self, unit: Unit, label: str, attempt: str, reason: str) -> int:
        """Note that ``attempt`` failed; returns how many of the unit's have, 0 where its job no longer runs there.

        Each is an object in the unit's folder: failures are rare, and need no place in the row.
        """
        failures = folder_of(unit, label).failures
        self._outputs.create(failures + attempt, reason.encode(), metadata={}, content_type="text/plain")
        row = self._system.table.get(unit.job)
        if row is None or not row.runs(unit.epoch, label):
            # whoever ended the job may have swept before this was written
            discard(self._outputs, failures + attempt)
            return 0
        return sum(1 for _ in self._outputs.list(failures))

    def _done(self, row: Job, outcome: Outcome) -> Job:
        over = self._life.done(row, outcome)
        sweep(self._outputs, over.id, over.epoch)
        return over

    def _clean(self, unit: Unit, row: Job | None) -> None:
        """Delete the work objects that were left to a message of a job that is over, or of an earlier epoch."""
        if row is None or row.state.is_end or row.epoch > unit.epoch:
            sweep(self._outputs, unit.job, unit.epoch)


def is_elsewhere(row: Job, unit: Unit) -> bool:
    """Whether the unit's job is over, or goes on in another epoch."""
    return row.state is not State.RUNNING or row.epoch != unit.epoch


def folder_of(unit: Unit, label: str) -> UnitFolder:
    """Where everything of a unit lies, whose stage has this label."""
    return UnitFolder(unit.job, unit.epoch, label, unit.number)


def none_left(unit: Unit, label: str, reason: str) -> NoAttemptsLeftError:
    """The failure of a job of whose units one has no attempts left, with the reason of its last one."""
    return NoAttemptsLeftError(
        f"Unit {unit.number} of the stage {label} has used up its attempts. The last one said: {reason}"
    )
