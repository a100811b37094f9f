"""Which end each has of what the feed gives back, and at which desk it is written."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tilework.errors import LeaseLostError, ThrottledError
from tilework.fleet.planning import Planned
from worker_image.held import HeldUnit
from worker_image.metrics import LEASE_LOSS

if TYPE_CHECKING:
    from tilework.errors import TileworkError
    from worker_image.desk import Desk
    from worker_image.endings import Endings
    from worker_image.held import Held, Holding
    from worker_image.pace import Pace
    from worker_image.tally import Tally
    from worker_image.task import UnitWorked, Worked
    from worker_image.unit_endings import UnitEndings

log = logging.getLogger(__name__)


class Settling:
    """The verdicts of a host's feed; called by the main thread."""

    def __init__(
        self, jobs: Endings, units: UnitEndings, *, job_desk: Desk, unit_desk: Desk, pace: Pace, tally: Tally
    ) -> None:
        self._jobs = jobs
        self._units = units
        self._job_desk = job_desk
        self._unit_desk = unit_desk
        self._pace = pace
        self._tally = tally

    def done(self, held: Holding, worked: Worked | Planned | UnitWorked) -> None:
        """The result is stored, or the large image planned, or its unit made."""
        self._pace.eased()
        if not isinstance(worked, Planned):
            self._tally.worked(worked.seconds)
        if isinstance(held, HeldUnit):
            self._unit_desk.write_end(held, self._units.done, worked)
        elif isinstance(worked, Planned):
            self._job_desk.write_end(held, self._units.planned, worked)
        else:
            self._job_desk.write_end(held, self._jobs.done, worked)

    def failed(self, held: Holding, error: BaseException) -> None:
        """The attempt failed."""
        if isinstance(error, LeaseLostError):
            self._tally.happened(LEASE_LOSS)
        if isinstance(error, ThrottledError):
            self._pace.throttled()
        self._desk_of(held).write_end(held, self._endings_of(held).failed, error)

    def strike_out(self, held: Holding, failure: TileworkError) -> None:
        """The job, or the unit, goes beyond its bounds each time."""
        log.error("%s", failure.reason, extra=held.facts)
        self._desk_of(held).write_end(held, self._endings_of(held).strike_out, failure)

    def hand_back(self, held: Holding) -> None:
        """The host leaves before it could do it: it costs nothing, and another may begin at once."""
        self._desk_of(held).write_end(held, self._endings_of(held).hand_back)

    def _endings_of(self, held: Held | HeldUnit) -> Endings | UnitEndings:
        return self._units if isinstance(held, HeldUnit) else self._jobs

    def _desk_of(self, held: Holding) -> Desk:
        return self._unit_desk if isinstance(held, HeldUnit) else self._job_desk
