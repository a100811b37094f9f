"""What was measured, and medians of it."""

from __future__ import annotations

import statistics
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.large.contestants import Timing
    from benchmarks.large.works import Input

    Key = tuple[Input, str, str]


@dataclass(slots=True)
class Samples:
    """Timings by image, work and contestant."""

    timings: dict[Key, list[Timing]] = field(default_factory=lambda: defaultdict(list))

    def add(self, given: Input, work: str, name: str, timing: Timing) -> None:
        """Note a run."""
        self.timings[given, work, name].append(timing)

    def has(self, given: Input, work: str, name: str) -> bool:
        """Whether such a run was measured."""
        return (given, work, name) in self.timings

    def outside(self, given: Input, work: str, name: str) -> float:
        """Median seconds by the clock outside."""
        return statistics.median(each.outside for each in self.timings[given, work, name])

    def inside(self, given: Input, work: str, name: str) -> float:
        """Median seconds by the contestant's own clock: without its start."""
        return statistics.median(each.inside for each in self.timings[given, work, name])

    def start(self, name: str) -> float:
        """Median seconds by which the clock outside tells more than the contestant's own, over all works."""
        found = [
            each.outside - each.inside
            for (_, _, who), timings in self.timings.items()
            if who == name
            for each in timings
        ]
        return statistics.median(found)

    def parts(self, given: Input, work: str, name: str) -> dict[str, float]:
        """Median seconds by part of the work, all processes together."""
        runs = [each.parts for each in self.timings[given, work, name]]
        names = dict.fromkeys(part for run in runs for seconds in run for part in seconds)
        return {
            part: statistics.median(sum(seconds.get(part, 0.0) for seconds in run) for run in runs)
            for part in names
        }
