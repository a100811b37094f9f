"""The result of a large image that is no image: the report of what its units have measured, stored as one object."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import LeaseLostError
from tilework.fleet.assembly import Stored
from tilework.fleet.result_metadata import result_metadata
from tilework.imaging.costs import report_seconds, transfer_seconds, unit_seconds
from tilework.imaging.report import ReportFormat
from tilework.imaging.stages.reporting import written_report
from tilework.jobs.manifests import MOST_BYTES, READ_AT_ONCE

if TYPE_CHECKING:
    from tilework.fleet.image import LargeImage
    from tilework.fleet.workshop import Surroundings
    from tilework.imaging.limits import Limits
    from tilework.jobs.stores import ObjectStore
    from tilework.jobs.units import UnitTask


@dataclass(frozen=True, slots=True)
class Reporting:
    """The report on ``image``, as the attempt ``task`` at it goes about it."""

    image: LargeImage
    outputs: ObjectStore
    task: UnitTask
    around: Surroundings
    limits: Limits

    def store(self, made_by: str) -> Stored:
        """Store the report, unless one is there, which is the same. Raises LeaseLostError, VersionGoneError, ServiceError."""
        work, found = self.image.work, self.image.header
        seconds = unit_seconds(work, self.limits) + report_seconds(work, self.limits)
        body = written_report(work, lambda: self._go_on(seconds))
        wanted = ReportFormat(str(work.pipeline.output))
        key = self.task.result_stem + wanted.suffix
        told = result_metadata(self.task, found.size, found.pixels.dtype, made_by)
        self._go_on(transfer_seconds(len(body), self.limits))
        self.outputs.create(key, body, metadata=told, content_type=wanted.content_type)
        notes, seconds = self._units()
        return Stored(key, len(body), " ".join(dict.fromkeys((*found.notes, *notes))), seconds)

    def _units(self) -> tuple[list[str], float]:
        """What was odd in what all units have read, and their seconds."""
        stages = list(enumerate(self.task.plan.stages))[:-1]
        units = [(number, unit) for number, stage in stages for unit in range(stage.units)]
        self._go_on(len(units) / READ_AT_ONCE * transfer_seconds(MOST_BYTES, self.limits))
        with ThreadPoolExecutor(READ_AT_ONCE) as pool:
            made = [found for _, _, found in pool.map(self.image.scratch.made_by, *zip(*units, strict=True))]
        return [note for each in made for note in each.notes], sum(each.seconds for each in made)

    def _go_on(self, seconds: float) -> None:
        if not self.around.holds():
            raise LeaseLostError(f"The lease of the report of job {self.task.job} has ended.")
        self.around.allow(seconds)
