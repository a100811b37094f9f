"""How a large image goes on: planned by who holds its job, then unit by unit, to the result that the assembly stores."""

from __future__ import annotations

import copy
import logging
from typing import TYPE_CHECKING

from tilework.fleet.blueprint import block_named
from tilework.jobs.transitions import Outcome
from worker_image.end_notices import tell_end
from worker_image.endings import named, rank_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.errors import TileworkError
    from tilework.fleet.planning import Planned
    from tilework.jobs.job import Job
    from tilework.jobs.stage_life import StageLife
    from tilework.jobs.unit_work import UnitWork
    from worker_image.held import Held, HeldUnit
    from worker_image.outbox import Outbox
    from worker_image.task import UnitWorked

log = logging.getLogger(__name__)


class UnitEndings:
    """Writes what became of units that ``host`` held, and begins the stages of jobs that it held.

    ``let_go`` returns when a unit's lease is renewed no more.
    """

    def __init__(
        self,
        stages: StageLife,
        work: UnitWork,
        outbox: Outbox,
        host: str,
        *,
        let_go: Callable[[HeldUnit], None],
    ) -> None:
        self._stages = stages
        self._work = work
        self._outbox = outbox
        self._host = host
        self._let_go = let_go

    def planned(self, held: Held, planned: Planned) -> None:
        """Begin the stages of a job; its message goes when its first units are sent."""
        log.info("Goes on in stages, of %d units in all.", sum(stage.units for stage in planned.plan.stages))
        seen = Outcome(width=planned.width, height=planned.height, dtype=planned.dtype, note=planned.note)
        self._stages.begin(held.job, planned.plan, seen)
        self._outbox.delete(held.message)

    def done(self, held: HeldUnit, worked: UnitWorked) -> None:
        """The unit's objects are stored, or the result is."""
        if worked.stored is None:
            self._work.commit(held.message, held.task, worked.made)
            log.debug("Committed.")
            return
        stored = worked.stored
        outcome = Outcome(
            result_key=stored.result_key,
            note=stored.note,
            rank=worked.rank,
        )
        row = self._work.finish(held.message, held.task, outcome)
        # what its units took of a processor each is told nowhere: a rank at work on one is busy by the clock
        amounts = {
            "seconds_cpu": stored.seconds,
            "seconds_work": stored.seconds,
            "result_bytes": float(stored.result_bytes),
        }
        self._tell(row, amounts)

    def failed(self, held: HeldUnit, error: BaseException) -> None:
        """The attempt ended with ``error``."""
        self._let_go(held)
        self._tell(self._work.failed(held.message, held.task, named(error), rank_of(error)))

    def strike_out(self, held: HeldUnit, failure: TileworkError) -> None:
        """The unit goes beyond its bounds each time: the job has failed, with the block named."""
        stage = held.task.plan.stages[held.task.unit.stage]
        told = copy.copy(failure)
        told.reason = f"{failure.reason} It was at work {block_named(stage, held.task.unit.number)}."
        self.failed(held, told)

    def hand_back(self, held: HeldUnit) -> None:
        """Give back a unit that was not worked on."""
        self._let_go(held)
        self._work.hand_back(held.message, held.task)

    def _tell(self, row: Job | None, amounts: dict[str, float] | None = None) -> None:
        if row is not None:
            pixels = {"pixels": float(row.width * row.height)} if amounts else {}
            tell_end(self._outbox, row, self._host, (amounts or {}) | pixels)
