"""Large files through every contestant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.large import inputs
from benchmarks.large.checks import check
from benchmarks.large.contestants import CONTESTANTS, TARGET
from benchmarks.large.samples import Sample
from benchmarks.large.works import Input

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.results import Figures
    from benchmarks.scope import Scope


def measure(scope: Scope) -> Iterator[tuple[str, Figures]]:
    """Each work on each image: every contestant once a round, after a first run that is checked and not counted."""
    given = [Input(kind, side) for side in scope.sides for kind in scope.kinds]
    for each in given:
        print(f"{each.name}: {inputs.make(each).stat().st_size:,} bytes", flush=True)
    for each in given:
        for work in scope.works:
            sample = _measured(each, work, scope)
            yield sample.row, sample.figures()
    TARGET.unlink(missing_ok=True)


def _measured(given: Input, work: str, scope: Scope) -> Sample:
    taking_part = [
        one for one in CONTESTANTS if one.takes_part(given, work) and one.name not in scope.without
    ]
    for contestant in taking_part:
        contestant.run(given, work)
        check(contestant, given, work)
    sample = Sample(given.name, work)
    for _ in range(scope.rounds):
        for contestant in taking_part:
            timing = contestant.run(given, work)
            sample.timings[contestant.name].append(timing)
            seconds = f"{timing.outside:6.2f} s ({timing.inside:.2f} inside)"
            print(f"{given.name:14} {work:7} {contestant.name:24} {seconds}", flush=True)
    return sample
