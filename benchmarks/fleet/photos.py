"""Photos through the fleet: a slice of thousands at a time, each as long as the slowest of what it uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from benchmarks.fleet.model import PHOTO, Fleet

if TYPE_CHECKING:
    from collections.abc import Generator

    from simpy import Event

SLICES_A_HOST = 10
LEAST_SLICES = 200

READS = 2
"""GETs and HEADs of a drop: the desk asks how it wants to be processed, the rank reads it."""

RANK_REQUESTS = 2
"""Of a rank: it reads the drop, and stores the result."""

WRITES = 2
"""Write units of an ordinary job: claim and end, a row below 1 KB."""

SHELF_WRITES = 2
"""Of the index parts of RUNNING, the busiest: a row comes, and goes."""

INDEX_WRITES = 3
"""Of the whole index: and then the row comes to DONE."""


@dataclass(frozen=True, slots=True)
class Photos:
    """``count`` photos that lie in the queue at the beginning."""

    count: int

    def __call__(self, fleet: Fleet) -> Generator[Event, object, None]:
        """Run them all."""
        world = fleet.world
        crew = min(world.setup.ranks, fleet.ranks.count)
        slices = min(self.count, max(LEAST_SLICES, SLICES_A_HOST * fleet.hosts))
        share, more = divmod(self.count, slices)
        slices_of = [share + (number < more) for number in range(slices)]
        running = [fleet.environment.process(_slice(fleet, each, min(crew, each))) for each in slices_of]
        yield fleet.environment.all_of(running)


def waiting(fleet: Fleet) -> float:
    """Seconds that a rank waits for one photo: two requests, and the bytes at the speed of a connection."""
    times = fleet.world.times
    moved = times.photo_source_bytes + times.photo_result_bytes
    return 2 * fleet.first_byte + moved / fleet.connection_bytes


def desk_seconds(fleet: Fleet) -> float:
    """Seconds of a desk thread for one photo: HEAD, claim, end, delete, notice; receives come ten at a time."""
    times = fleet.world.times
    messages = 0.0 if "queue" in fleet.world.lifted else 2 * times.queue
    return fleet.first_byte + 2 * times.table + messages


def _slice(fleet: Fleet, count: int, crew: int) -> Generator[Event, object, None]:
    """Give ``count`` photos to ``crew`` ranks, or to fewer at a time, each group with its part of them."""
    running = []
    while crew:
        given = cast("int", (yield fleet.ranks.take(PHOTO, crew)))
        part = count * given // crew
        running.append(fleet.environment.process(_some(fleet, part, given)))
        count, crew = count - part, crew - given
    yield fleet.environment.all_of(running)


def _some(fleet: Fleet, count: int, ranks: int) -> Generator[Event, object, None]:
    times = fleet.world.times
    computing = times.photo + RANK_REQUESTS * times.request
    # what everybody else computes has the supervisors in it
    beside = times.service or times.supervisor_photo
    ready = max(
        fleet.computed(computing * count, waiting(fleet) * count / ranks, ranks, beside * count),
        fleet.desk.until(count * desk_seconds(fleet)),
        fleet.supervisors.until(count * times.supervisor_photo),
        fleet.drops_get.until(count * READS),
        fleet.results_put.until(count),
        fleet.table.until(count * WRITES),
        fleet.index.until(count * INDEX_WRITES),
        fleet.shelves.until(count * SHELF_WRITES),
        fleet.network.until(count * max(times.photo_source_bytes, times.photo_result_bytes)),
    )
    yield fleet.environment.timeout(ready - fleet.environment.now)
    fleet.ranks.give_back(PHOTO, ranks)
    fleet.ended(PHOTO, count)
