"""What is dropped when: the days that a fleet has to follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from benchmarks.scaling.work import Batch

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from simpy import Environment

    from benchmarks.scaling.work import Queues

    Ask = Callable[[], None]

HOUR: Final = 3600.0

PHOTO_SECONDS: Final = 0.048
"""Of a host with four processors, as the template's target is reckoned (docs/fleet.md)."""

UNIT_SECONDS: Final = 1.8
"""The same."""

SCAN_UNITS: Final = 2640
"""Of a hundred gigapixels, of 38 megapixels each: 1.3 hours of a host with four processors."""

SCAN_ENDS_SECONDS: Final = 40.0
"""Planning and assembly, which no other host shares."""

POISON_SECONDS: Final = 0.3
"""Each kills its rank, and the world of a host stands again."""


@dataclass(frozen=True, slots=True)
class Trace:
    """``fill`` puts messages into the queues, and asks for an upload before where the page would; ``hours`` are looked at."""

    name: str
    hours: float
    fill: Callable[[Environment, Queues, Ask], Generator[Any, Any, None]]


def _million(environment: Environment, queues: Queues, _ask: Ask) -> Generator[Any, Any, None]:
    """A million photos within an hour, at night."""
    yield environment.timeout(2 * HOUR)
    for _ in range(60):
        queues.jobs.put(Batch(1_000_000 // 60, PHOTO_SECONDS))
        yield environment.timeout(60)


def _trickle(environment: Environment, queues: Queues, ask: Ask) -> Generator[Any, Any, None]:
    """A photo by the page each 25 minutes: the fleet sleeps in between."""
    for _ in range(48):
        yield environment.timeout(1500)
        ask()
        queues.jobs.put(Batch(1, PHOTO_SECONDS))


def _bursts(environment: Environment, queues: Queues, _ask: Ask) -> Generator[Any, Any, None]:
    """Twenty thousand at once, each two hours."""
    for _ in range(6):
        yield environment.timeout(2 * HOUR)
        queues.jobs.put(Batch(20_000, PHOTO_SECONDS))


def _scan(environment: Environment, queues: Queues, _ask: Ask) -> Generator[Any, Any, None]:
    """One scan of a hundred gigapixels: a job that plans it, its units, and the unit that puts it together."""
    yield environment.timeout(8 * HOUR)
    planned, ended = environment.event(), environment.event()
    left = SCAN_UNITS

    def unit_done(count: int) -> None:
        nonlocal left
        left -= count
        if not left:
            ended.succeed()

    def plan_done(_count: int) -> None:
        planned.succeed()

    queues.jobs.put(Batch(1, SCAN_ENDS_SECONDS / 4, plan_done))
    yield planned
    queues.units.put(Batch(SCAN_UNITS, UNIT_SECONDS, unit_done))
    yield ended
    queues.units.put(Batch(1, SCAN_ENDS_SECONDS))


def _poison(environment: Environment, queues: Queues, _ask: Ask) -> Generator[Any, Any, None]:
    """A flood of what kills its rank, among a trickle of good ones."""
    yield environment.timeout(HOUR)
    queues.jobs.put(Batch(50_000, POISON_SECONDS))
    for _ in range(100):
        yield environment.timeout(60)
        queues.jobs.put(Batch(10, PHOTO_SECONDS))


TRACES: Final = (
    Trace("a nightly million", 12, _million),
    Trace("a trickle", 24, _trickle),
    Trace("bursts", 16, _bursts),
    Trace("one scan of 100 GP", 12, _scan),
    Trace("a flood of poison", 10, _poison),
)
