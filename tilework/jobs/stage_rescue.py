"""What the keeper does for stages: units that died come again or end their job, a stage without life is revived."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tilework.errors import UnreadableMessageError
from tilework.jobs.job import Job, State
from tilework.jobs.staged import is_complete
from tilework.jobs.transitions import MAX_ATTEMPTS
from tilework.jobs.unit_life import UnitLife, none_left, tell_nobody
from tilework.jobs.units import unit_body, unit_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.jobs.life import JobLife
    from tilework.jobs.queues import Message
    from tilework.jobs.stage_life import StageLife
    from tilework.jobs.system import System

log = logging.getLogger(__name__)

KEEPER = "keeper"
"""Answers, in the place of a message, for units that the keeper sent."""

LOST = "It was received again and again, and no worker could say why it did not end."


class StageRescue:
    """The keeper's part in stages; ``found`` as for a UnitLife."""

    def __init__(
        self, system: System, life: JobLife, stages: StageLife, *, found: Callable[[Job], None] = tell_nobody
    ) -> None:
        self._system = system
        self._stages = stages
        self._units = UnitLife(system, life, stages, found=found)

    def judge(self, message: Message) -> Job | None:
        """Decide what becomes of a unit's dead letter; the caller deletes it then. Returns the job that it ended.

        A unit that is still to be done has lost one of its attempts, and is sent again while any are left. Raises
        NewerMessageError, ServiceError where it must be judged later.
        """
        try:
            unit = unit_of(message.body)
        except UnreadableMessageError as error:
            log.warning("A unit's dead letter was forgotten: %s", error.reason)
            return None
        row = self._units.row_to_work_on(unit, message.id, told_before=True)
        if row is None:
            return None
        # by its message's id, so that judging it twice counts once
        if self._units.count_failure(unit, row.stage, message.id, LOST) >= MAX_ATTEMPTS:
            return self._units.end(unit, row.stage, State.FAILED, none_left(unit, row.stage, LOST))
        self._system.units.send(unit_body(unit))
        return None

    def revive(self, row: Job) -> bool:
        """Send again the units that are missing in a stage without life, or move on from one that is complete.

        The row notes it first, so that it is not done again at once. False where the job went on meanwhile.
        """
        now = self._stages.touch(row)
        if now is None:
            return False
        if is_complete(now):
            self._stages.go_on(now, KEEPER)
        else:
            self._stages.send(now)
        return True
