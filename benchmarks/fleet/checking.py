"""The model beside real runs: one, two and four worlds on one machine.

The worlds share the machine's cores, and what stands in for AWS runs on them, too: a run tells what everything but the
ranks has computed, and what a request took.
"""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from benchmarks.fleet.figures import Setup, UnitTimes
from benchmarks.fleet.model import Fleet, World
from benchmarks.fleet.photos import Photos
from benchmarks.fleet.scans import Scan

if TYPE_CHECKING:
    from collections.abc import Sequence

RUNS = Path(__file__).with_name("runs.json")
"""Real runs as they were measured last."""

CLOSE = 0.15
"""Prediction and run may differ by this part of the run."""


@dataclass(frozen=True, slots=True)
class Run:
    """A real run: ``amount`` photos, or pixels of one scan, took ``seconds``, the median; ``least`` to ``most``.

    ``worlds`` of ``ranks`` each on a machine of ``cores``; ``pipeline`` is a scan's, by its name in the unit times.
    ``service_cpu`` is what all but the ranks computed on the same cores for a photo, or for a unit (seconds), of which
    ``supervisor_cpu`` in the supervisors; ``first_byte`` what a request took. ``load`` is how many processes wanted the
    cores in the minute before the first of the runs.
    """

    kind: Literal["photos", "scan"]
    worlds: int
    ranks: int
    cores: float
    amount: float
    seconds: float
    least: float = 0.0
    most: float = 0.0
    pipeline: str = ""
    service_cpu: float = 0.0
    supervisor_cpu: float = 0.0
    first_byte: float = 0.005
    load: float = 0.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """``ratio`` is predicted by real seconds."""

    run: Run
    predicted: float

    @property
    def ratio(self) -> float:
        """1 where the model is right, more where it is too slow."""
        return self.predicted / self.run.seconds

    @property
    def close(self) -> bool:
        """Whether the model is as near as it must be."""
        return abs(self.ratio - 1) <= CLOSE


def load_runs(path: Path) -> list[Run]:
    """The runs of a JSON list of objects with the fields of :class:`Run`. Raises TypeError for other fields."""
    return [Run(**each) for each in json.loads(path.read_text())]


def with_supervisors(times: UnitTimes, real: Sequence[Run]) -> UnitTimes:
    """``times`` with what the supervisors of real runs have computed for a photo, and for a unit."""
    found = {
        f"supervisor_{what}": statistics.median(run.supervisor_cpu for run in real if run.kind == kind)
        for what, kind in (("photo", "photos"), ("unit", "scan"))
        if any(run.kind == kind for run in real)
    }
    return replace(times, **found)


def check(real: Sequence[Run], times: UnitTimes | None = None) -> list[Comparison]:
    """Predict each of the ``real`` runs from the unit times. Raises KeyError for a pipeline they do not have."""
    return [Comparison(run, predicted(run, times or UnitTimes.load())) for run in real]


def predicted(run: Run, times: UnitTimes) -> float:
    """Seconds that the model says the run takes."""
    work = Photos(round(run.amount)) if run.kind == "photos" else Scan(run.amount, run.pipeline)
    return Fleet(_world(run, times), run.worlds).run(work)


def _world(run: Run, times: UnitTimes) -> World:
    setup = Setup(cores=run.cores / run.worlds, ranks=run.ranks, unit_ranks=run.ranks)
    here = replace(times, service=run.service_cpu, queue=run.first_byte, table=run.first_byte)
    start = World(times=here, setup=setup)
    # loopback: bytes are as quick as memory
    limits = replace(start.limits, first_byte=run.first_byte, connection_bytes=1e9, host_bytes=2e9)
    return replace(start, limits=limits)
