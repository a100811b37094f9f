"""A large image through the fleet: units in handfuls, hops between stages, and the assembly of the result."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from benchmarks.fleet.figures import StageTimes
from benchmarks.fleet.model import SCAN, Fleet
from benchmarks.fleet.scan_stages import StageWork, for_ranks, stages
from tilework.fleet.assembly import JOINED_BYTES
from tilework.fleet.scratch import GETS_AT_ONCE
from tilework.jobs.stages import MOST_UNITS

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from simpy import Event

    from benchmarks.fleet.model import JobServices

MANIFEST = 1
"""PUTs of a unit that the desk makes: what commits it."""

ROWS = 8
"""Of tiles in a unit: that of three overviews is so many tiles high."""

ROW_BYTES = 1024
"""Of a row without its set of done units, and of a write unit."""

STRAGGLING = 0.15
"""The slowest unit of a stage takes so much longer than the mean, and the stage waits for it."""


@dataclass(frozen=True, slots=True)
class Scan:
    """One image of ``pixels`` through the pipeline of that name in the unit times."""

    pixels: float
    pipeline: str

    def __call__(self, fleet: Fleet) -> Generator[Event, object, None]:
        """Run it, stage after stage."""
        world, job = fleet.world, fleet.job()
        pipeline = world.times.pipelines[self.pipeline]
        whole = stages(self.pixels, pipeline, world.times, world.setup)
        if "unit size" in world.lifted:
            whole = [for_ranks(stage, fleet.unit_ranks) for stage in whole]
        if "stage hops" in world.lifted:
            at_once = [fleet.environment.process(_stage(fleet, stage, job)) for stage in whole]
            yield fleet.environment.all_of(at_once)
        else:
            for stage in whole:
                yield from _stage(fleet, stage, job)
        yield from _assembly(fleet, pieces(whole, world.limits.least_part_bytes), job)


def mark_writes(units: int) -> int:
    """Write units of adding to a row that has a set for ``units`` units: DynamoDB counts the whole item, half full."""
    return math.ceil((ROW_BYTES + min(units, MOST_UNITS) / 2) / ROW_BYTES)


def _stage(fleet: Fleet, stage: StageWork, job: JobServices) -> Generator[Event, object, None]:
    """One hop, and then all units of the stage."""
    times, setup, limits = fleet.world.times, fleet.world.setup, fleet.world.limits
    free = "stage hops" in fleet.world.lifted
    if not free:
        yield fleet.environment.timeout(times.table)
    sends = 0.0 if free else times.queue / (setup.batches * limits.queue_batch)
    crew = min(setup.unit_ranks, fleet.unit_ranks)
    handfuls = [min(crew, stage.units - first) for first in range(0, stage.units, crew)]
    sent, running = 0, []
    for units in handfuls:
        sent += units
        delay = sent * sends + (0.0 if free else times.receive)
        running.append(fleet.environment.process(_handful(fleet, stage, units, job, delay)))
    yield fleet.environment.all_of(running)
    if not free:
        yield fleet.environment.timeout(STRAGGLING * stage.unit.seconds)


def _handful(
    fleet: Fleet, stage: StageWork, units: int, job: JobServices, delay: float
) -> Generator[Event, object, None]:
    """Let ``units`` units be received after ``delay``, by as many ranks as are free at a time."""
    yield fleet.environment.timeout(delay)
    running = []
    while units:
        given = cast("int", (yield fleet.ranks.take(SCAN, units)))
        running.append(fleet.environment.process(_units(fleet, stage, given, job)))
        units -= given
    yield fleet.environment.all_of(running)


def _units(fleet: Fleet, stage: StageWork, units: int, job: JobServices) -> Generator[Event, object, None]:
    """Units side by side, a rank each, and then the manifests and marks that tell that they are done."""
    unit, times = stage.unit, fleet.world.times
    seconds = unit.seconds + (stage.gets + stage.objects) * times.request
    beside = times.service or times.supervisor_unit
    ready = max(
        fleet.computed(seconds * units, unit_waiting(fleet, stage), units, beside * units),
        fleet.inputs_get.until(units * unit.input_gets),
        fleet.work_get.until(units * unit.work_gets),
        job.gets.until(units * unit.work_gets),
        job.puts.until(units * (stage.objects + MANIFEST)),
        fleet.work_put.until(units * (stage.objects + MANIFEST)),
        fleet.network.until(units * max(stage.bytes_read, unit.written_bytes)),
    )
    yield fleet.environment.timeout(ready - fleet.environment.now)
    fleet.ranks.give_back(SCAN, units)
    yield from _marked(fleet, stage, units, job)
    fleet.ended(stage.name, units)


def _marked(fleet: Fleet, stage: StageWork, units: int, job: JobServices) -> Generator[Event, object, None]:
    """The desk: it has read the row for each unit, PUTs the manifest, adds to the set, deletes the message."""
    times = fleet.world.times
    # while a row is behind, units of a host wait for its next write together
    behind = job.row.behind > times.table
    marks = math.ceil(units / fleet.world.setup.unit_ranks) if behind else units
    writes = marks * mark_writes(stage.units)
    queue = 0.0 if "queue" in fleet.world.lifted else times.queue
    marked = max(
        job.row.until(writes),
        fleet.supervisors.until(units * times.supervisor_unit),
        fleet.table.until(writes),
        fleet.index.until(writes),
        fleet.shelves.until(writes),
        fleet.unit_desk.until(marks * times.table + units * (times.table + fleet.first_byte + queue)),
    )
    yield fleet.environment.timeout(marked - fleet.environment.now + fleet.first_byte + times.table)


def unit_waiting(fleet: Fleet, stage: StageWork) -> float:
    """Seconds that a rank waits for one unit: for its requests and their bytes."""
    unit = stage.unit
    # what units before have left is fetched side by side, for a row of tiles at a time
    rows = 1 if stage.name.startswith("reduce") else ROWS
    rounds = max(math.ceil(unit.work_gets / GETS_AT_ONCE), min(math.ceil(unit.work_gets), rows))
    # the source a row of tiles ahead of the work on it, but for the first
    fetched = unit.input_gets * fleet.first_byte + unit.input_bytes / fleet.connection_bytes
    first = fetched / max(1.0, unit.input_gets)
    fetching = first + max(0.0, fetched - first - unit.seconds)
    moved = unit.work_bytes / min(GETS_AT_ONCE, max(1.0, unit.work_gets)) + unit.written_bytes
    return fetching + (rounds + stage.objects) * fleet.first_byte + moved / fleet.connection_bytes


@dataclass(frozen=True, slots=True)
class Pieces:
    """What an assembly finds: manifests of so many ``units``, ``copied`` and ``joined`` objects, bytes of both."""

    units: int
    copied: float
    joined: float
    copied_bytes: float
    joined_bytes: float


def pieces(planned: Sequence[StageWork], least: int) -> Pieces:
    """The objects of tiles that the units of ``planned`` stages leave; those of ``least`` bytes can be copied."""
    units, copied, joined, copied_bytes, joined_bytes = 0, 0.0, 0.0, 0.0, 0.0
    for stage in planned:
        if not stage.name.startswith(("write", "overviews")):
            continue
        each, count = stage.unit.written_bytes, stage.objects * stage.units
        units += stage.units
        if each >= least:
            copied, copied_bytes = copied + count, copied_bytes + each * stage.units
        else:
            joined, joined_bytes = joined + count, joined_bytes + each * stage.units
    return Pieces(units, copied, joined, copied_bytes, joined_bytes)


def _assembly(fleet: Fleet, found: Pieces, job: JobServices) -> Generator[Event, object, None]:
    """One unit of one rank: read the manifests, copy the large objects, join the small ones, complete."""
    began = StageWork("assemble", 1, StageTimes(fleet.world.times.assemble))
    yield from _stage(fleet, began, job)
    if "assembly" in fleet.world.lifted:
        return
    setup, times = fleet.world.setup, fleet.world.times
    parts = math.ceil(found.joined_bytes / JOINED_BYTES) if found.joined else 0
    read = found.units * fleet.first_byte / setup.reads
    copied = (found.copied * fleet.first_byte + found.copied_bytes / fleet.connection_bytes) / setup.copies
    # what is joined is read, many at once, and goes up again
    sent = (2 * parts * fleet.first_byte + 2 * found.joined_bytes / fleet.connection_bytes) / setup.sends
    requests = found.units + found.copied + found.joined + parts
    now = fleet.environment.now
    ready = max(
        now + read + max(copied, sent),
        # one interpreter makes all requests
        now + requests * times.request,
        fleet.work_get.until(found.units + found.joined),
        job.gets.until(found.units + found.joined),
        fleet.work_put.until(found.copied + parts),
    )
    yield fleet.environment.timeout(ready - now)
    yield fleet.environment.timeout((found.copied + parts) * times.complete_part + fleet.first_byte)
