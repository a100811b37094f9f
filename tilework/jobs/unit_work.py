"""The work on the units of stages, as a worker goes about it: one step a method, and every step may happen twice.

From a message to an attempt (:meth:`UnitWork.consider`); the attempt's objects are written; its manifest commits the
unit, the row's set takes it up, whoever finds the set complete moves the row on and sends the next stage's units, and
only then the message is deleted (:meth:`UnitWork.commit`). The assembly ends in another order: the result is stored,
the row says DONE, work objects go, the message is deleted (:meth:`UnitWork.finish`).
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import LeaseLostError, UnreadableMessageError, VersionGoneError
from tilework.jobs.fates import Fate, fate_of
from tilework.jobs.job import Job, State
from tilework.jobs.manifests import Manifest, commit_manifest, is_committed, read_manifest
from tilework.jobs.object_keys import result_stem
from tilework.jobs.staged import is_last
from tilework.jobs.transitions import MAX_ATTEMPTS
from tilework.jobs.unit_life import UnitLife, none_left, tell_nobody
from tilework.jobs.units import UnitTask, unit_of
from tilework.jobs.work_objects import discard

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.errors import TileworkError
    from tilework.jobs.life import JobLife
    from tilework.jobs.queues import Message
    from tilework.jobs.stage_life import StageLife
    from tilework.jobs.system import System
    from tilework.jobs.transitions import Outcome
    from tilework.jobs.units import Unit

log = logging.getLogger(__name__)

HOST_FAULT_PAUSE = 60.0
"""Seconds until a unit that a host at fault gave back is seen again."""

TOUCH_SECONDS = 60.0
"""Between two signs of life that a long unit leaves in its job's row."""


def new_attempt() -> str:
    """A name that no other attempt has."""
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class UnitTerms:
    """``seconds`` a lease lasts; ``pause`` tells how many a unit waits after its n-th failure (from 1)."""

    seconds: float
    pause: Callable[[int], float]
    attempt: Callable[[], str] = new_attempt


class UnitWork:
    """Works on units, whose messages it is given; ``found`` as for a UnitLife."""

    def __init__(
        self, system: System, life: JobLife, stages: StageLife, terms: UnitTerms, *,
        found: Callable[[Job], None] = tell_nobody,
    ) -> None:  # fmt: skip
        self._system = system
        self._outputs = system.outputs
        self._life = life
        self._stages = stages
        self._units = UnitLife(system, life, stages, found=found)
        self._terms = terms

    # --- from a message to an attempt --------------------------------------------------------------------------------

    def consider(self, message: Message) -> UnitTask | None:
        """The attempt that ``message`` asks for, or None where nothing is left to do.

        Then the message has been dealt with. Raises NewerMessageError, ServiceError, LeaseLostError where it must come
        again.
        """
        try:
            unit = unit_of(message.body)
        except UnreadableMessageError as error:
            # nobody but us sends units: there is no job that could be told of it
            log.warning("A unit's message was forgotten: %s", error.reason)
            self._delete(message)
            return None
        row = self._units.row_to_work_on(unit, message.id, told_before=message.receives > 1)
        if row is None:
            self._delete(message)
            return None
        if is_last(row):
            row = self._stages.hold_storing(row, self._terms.seconds)
        return self._task(unit, row)

    def renew(self, message: Message, task: UnitTask) -> None:
        """Hide the message for another lease, and leave a sign of life in the row if none is there.

        Raises LeaseLostError where the job no longer runs in this epoch and stage, so that the attempt is to be dropped.
        """
        row = self._system.table.get(task.job)
        if row is None or not row.runs(task.unit.epoch, task.label):
            raise LeaseLostError(f"The job {task.job} no longer runs in the stage {task.label}.")
        if task.stores_result:
            self._stages.hold_storing(row, self._terms.seconds)
        elif self._life.now() - row.touched >= TOUCH_SECONDS:
            self._stages.touch(row)
        self._system.units.set_visibility(message, self._terms.seconds)

    # --- how an attempt ends -----------------------------------------------------------------------------------------

    def commit(self, message: Message, task: UnitTask, made: str) -> None:
        """Commit the unit with what the attempt ``made`` (imaging's own text), once its objects are written."""
        self.record(task, made)
        self.settle(message, task)

    def record(self, task: UnitTask, made: str) -> bool:
        """PUT the manifest; where another attempt was quicker, False, and what this one wrote is deleted."""
        if task.stores_result:
            raise ValueError("An assembly is finished by its result, not committed by a manifest.")
        if commit_manifest(self._outputs, task.folder, Manifest(task.attempt, made)):
            return True
        self._discard(task)
        return False

    def settle(self, message: Message, task: UnitTask) -> None:
        """Take a committed unit up into the row, go on if that completed the stage, then delete the message."""
        self._units.add(task.unit, task.label, message.id)
        self._delete(message)

    def finish(self, message: Message, task: UnitTask, outcome: Outcome) -> Job | None:
        """The result is stored: the row says DONE, work objects go, the message is deleted.

        Returns the row at its end, which stays CANCELLED where it was; None where it was erased.
        """
        over = self._units.finish(task.unit, outcome)
        self._delete(message)
        return over

    def failed(self, message: Message, task: UnitTask, failure: TileworkError, rank: int = 0) -> Job | None:
        """The attempt failed: the job's end, which is returned, or another attempt after a pause.

        A permanent ``failure`` is the sentence that the job ends with; it should name the block. One that may pass
        costs the unit one of its attempts.
        """
        pause = self._costless(message, task, failure)
        if pause is not None:
            log.warning("A unit is tried again in %.0f s: %s", pause, failure.reason, extra={"job": task.job})
            self.hand_back(message, task, pause=pause)
            return None
        self._discard(task)
        gone = isinstance(failure, VersionGoneError)
        if gone and self._source_gone(task):
            return self._end(message, task, State.SKIPPED, failure, rank)
        if failure.permanent and not gone:
            return self._end(message, task, State.FAILED, failure, rank)
        used_up = self._units.count_failure(task.unit, task.label, task.attempt, failure.reason)
        if used_up < MAX_ATTEMPTS:
            pause = self._terms.pause(used_up) if used_up else 0.0
            self._system.units.set_visibility(message, pause)
            return None
        last = none_left(task.unit, task.label, failure.reason)
        return self._end(message, task, State.FAILED, last, rank)

    def hand_back(self, message: Message, task: UnitTask, *, pause: float = 0.0) -> None:
        """Give back a unit that was not worked on to the end: it costs no attempt."""
        try:
            # first: another host may begin at once, and each attempt's objects have names of their own
            self._system.units.set_visibility(message, pause)
        finally:
            self._discard(task)

    # --- steps -------------------------------------------------------------------------------------------------------

    def _costless(self, message: Message, task: UnitTask, failure: TileworkError) -> float | None:
        """The pause after a failure that is none of the unit's own; None where it is."""
        fate = fate_of(failure)
        if fate is Fate.HANDED_BACK:
            log.error("This host cannot work as it is: %s", failure.reason, extra={"job": task.job})
            return HOST_FAULT_PAUSE
        if fate is Fate.LEFT:
            # whoever receives it next finds out why
            return 0.0
        if fate in {Fate.LOSS, Fate.SLOWED}:
            return self._terms.pause(message.receives)
        return None

    def _end(
        self, message: Message, task: UnitTask, state: State, failure: TileworkError, rank: int
    ) -> Job | None:
        if not task.stores_result and is_committed(self._outputs, task.folder):
            # another attempt could do it
            self.settle(message, task)
            return None
        over = self._units.end(task.unit, task.label, state, failure, rank)
        self._delete(message)
        return over

    def _source_gone(self, task: UnitTask) -> bool:
        """Whether it is the source's version that is gone, and not a work object of a job that has ended meanwhile."""
        try:
            self._system.inputs.head(task.key, task.version)
        except VersionGoneError:
            return True
        return False

    def _discard(self, task: UnitTask) -> None:
        """Delete what the attempt wrote, unless it is the one that was committed."""
        try:
            committed = read_manifest(self._outputs, task.folder).attempt
        except VersionGoneError:
            committed = ""
        if committed != task.attempt:
            discard(self._outputs, task.folder.objects(task.attempt))

    def _delete(self, message: Message) -> None:
        self._system.units.delete([message])

    def _task(self, unit: Unit, row: Job) -> UnitTask:
        return UnitTask(
            unit, row.stage, self._terms.attempt(), self._stages.plan(row), row.key, row.version, row.source_bytes,
            row.pipeline, result_stem(row), is_last(row), row.pictures,
        )  # fmt: skip
