"""What is measured after each so many jobs, and what is concluded from it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OURS = ("supervisor", "ranks", "mpiexec and the like")
"""Whose processor time is Tilework's worker host's; all else is the emulator, the master, the dropper."""

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Sample:
    """After ``jobs`` results: ``seconds`` since the start; by process ``cpu`` seconds, ``memory`` (USS, bytes), ``descriptors``.

    ``busy`` are the seconds that all cores of the machine have worked, for whomever.
    """

    jobs: int
    seconds: float
    busy: float
    cpu: Mapping[str, float]
    memory: Mapping[str, int]
    descriptors: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Stretch:
    """From one sample to the next: jobs a second by the clock, and milliseconds of processor time a job, by part.

    ``strangers`` are the cores that worked for something else meanwhile: with them the clock tells little.
    """

    jobs: int
    rate: float
    strangers: float
    cpu: Mapping[str, float]

    @property
    def ours(self) -> float:
        """Milliseconds a job of the worker host."""
        return sum(self.cpu.get(name, 0.0) for name in OURS)

    @property
    def undisturbed(self) -> float:
        """Jobs for each second that a core worked for any part of the system: the clock's rate, were it alone."""
        return 1000 / sum(self.cpu.values())


def stretches(samples: Sequence[Sample]) -> list[Stretch]:
    """All of them, in their order."""
    return [_between(before, after) for before, after in pairwise(samples)]


def _between(before: Sample, after: Sample) -> Stretch:
    jobs, seconds = after.jobs - before.jobs, after.seconds - before.seconds
    cpu = {name: (used - before.cpu.get(name, 0.0)) / jobs * 1000 for name, used in after.cpu.items()}
    strangers = (after.busy - before.busy - jobs * sum(cpu.values()) / 1000) / seconds
    return Stretch(after.jobs, jobs / seconds, max(0.0, strangers), cpu)


def growth(samples: Sequence[Sample], name: str) -> float:
    """Bytes of memory that a process has grown by for each thousand jobs: the least squares' slope."""
    jobs = [sample.jobs / 1000 for sample in samples]
    used = [sample.memory[name] for sample in samples]
    middle, mean = sum(jobs) / len(jobs), sum(used) / len(used)
    spread = sum((at - middle) ** 2 for at in jobs)
    return sum((at - middle) * (value - mean) for at, value in zip(jobs, used, strict=True)) / spread
