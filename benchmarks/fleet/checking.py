"""The model beside real runs: one, two and four worlds on one machine.

The worlds share the machine's cores, and what stands in for AWS runs on them, too: a run tells its share, and round
trips are those of the unit times that it was measured with.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from benchmarks.fleet.figures import Setup, UnitTimes
from benchmarks.fleet.model import Fleet, World
from benchmarks.fleet.photos import Photos
from benchmarks.fleet.scans import Scan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CLOSE = 0.15
"""Prediction and run may differ by this part of the run."""


@dataclass(frozen=True, slots=True)
class Run:
    """A real run: ``amount`` photos, or pixels of one scan, took ``seconds``.

    ``worlds`` of ``ranks`` each on a machine of ``cores``; ``pipeline`` is a scan's, by its name in the unit times.
    ``service_cpu`` is what the emulator computes on the same cores for a photo, or for a unit's round trips (seconds),
    ``first_byte`` what a request to it takes.
    """

    kind: Literal["photos", "scan"]
    worlds: int
    ranks: int
    cores: float
    amount: float
    seconds: float
    pipeline: str = ""
    service_cpu: float = 0.0
    first_byte: float = 0.005


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


def check(real: Sequence[Run], times: UnitTimes | None = None) -> list[Comparison]:
    """Predict each of the ``real`` runs from the unit times. Raises KeyError for a pipeline they do not have."""
    return [Comparison(run, predicted(run, times or UnitTimes())) for run in real]


def predicted(run: Run, times: UnitTimes) -> float:
    """Seconds that the model says the run takes."""
    world = _world(run, times)
    work = Photos(round(run.amount)) if run.kind == "photos" else Scan(run.amount, run.pipeline)
    return Fleet(world, run.worlds).run(work)


def _world(run: Run, times: UnitTimes) -> World:
    extra = {name: getattr(times, name) + run.service_cpu for name in ("photo", "plan", "reduce", "assemble")}
    setup = Setup(cores=run.cores / run.worlds, ranks=run.ranks)
    start = World(times=replace(times, **extra), setup=setup)
    # loopback: bytes are as quick as memory, and no service is far
    limits = replace(start.limits, first_byte=run.first_byte, connection_bytes=1e9, host_bytes=2e9)
    return replace(start, limits=limits)
