"""What was measured of large images, and medians of it."""

from __future__ import annotations

import statistics
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from benchmarks.large.contestants import Timing
from benchmarks.large.works import WORKS

if TYPE_CHECKING:
    from benchmarks.results import Figures, Rows


@dataclass(slots=True)
class Sample:
    """Timings of one work on one image by contestant, all from one run."""

    image: str
    work: str
    timings: dict[str, list[Timing]] = field(default_factory=lambda: defaultdict(list))

    @property
    def row(self) -> str:
        """What it is kept under."""
        return f"{self.image}, {self.work}"

    def figures(self) -> Figures:
        """What is kept."""
        return {name: [asdict(timing) for timing in timings] for name, timings in self.timings.items()}

    def outside(self, name: str) -> float:
        """Median seconds by the clock outside."""
        return statistics.median(each.outside for each in self.timings[name])

    def inside(self, name: str) -> float:
        """Median seconds by the contestant's own clock: without its start."""
        return statistics.median(each.inside for each in self.timings[name])

    def parts(self, name: str) -> dict[str, float]:
        """Median seconds by part of the work, all processes together."""
        runs = [each.parts for each in self.timings[name]]
        names = dict.fromkeys(part for run in runs for seconds in run for part in seconds)
        return {
            part: statistics.median(sum(seconds.get(part, 0.0) for seconds in run) for run in runs)
            for part in names
        }


def samples(rows: Rows) -> list[Sample]:
    """What was kept, small images before large ones, and the works in their order."""
    found = []
    for key, row in rows.items():
        image, work = key.rsplit(", ", 1)
        timings = {
            name: [Timing(each["outside"], each["inside"], tuple(each["parts"])) for each in each_run]
            for name, each_run in row.figures.items()
        }
        found.append(Sample(image, work, timings))
    works = list(WORKS)
    # jpeg before deflate, as they are named when nobody says otherwise
    return sorted(
        found,
        key=lambda each: (int(each.image.split()[0]), "jpeg" not in each.image, works.index(each.work)),
    )
