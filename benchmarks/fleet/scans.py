"""A large image through the fleet: units in handfuls, hops between stages, and the assembly of the result."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from benchmarks.fleet.figures import MOST_UNITS
from benchmarks.fleet.model import SCAN, Fleet
from benchmarks.fleet.scan_stages import StageWork, in_units, stages

if TYPE_CHECKING:
    from collections.abc import Generator

    from simpy import Event

    from benchmarks.fleet.pools import Rate

PUTS = 2
"""Of a unit: what it made, and the manifest that commits it."""

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
        world, row = fleet.world, fleet.row()
        pixel_times = world.times.pipelines[self.pipeline]
        whole = stages(self.pixels, pixel_times, world.times, world.setup)
        if "unit size" in world.lifted:
            whole = [divided(stage, fleet.ranks.count) for stage in whole]
        if "stage hops" in world.lifted:
            at_once = [fleet.environment.process(_stage(fleet, stage, row)) for stage in whole]
            yield fleet.environment.all_of(at_once)
        else:
            for stage in whole:
                yield from _stage(fleet, stage, row)
        result = self.pixels * pixel_times.result_bytes * 4 / 3
        made = [each.units for each in whole if each.name == "write" or each.name.startswith("overviews")]
        yield from _assembly(fleet, result, sum(made), row)


def divided(stage: StageWork, ranks: int) -> StageWork:
    """The stage in as many units as there are ranks, if it has fewer and can be divided."""
    if stage.name == "plan" or stage.name.startswith("reduce") or stage.units % ranks == 0:
        return stage
    return in_units(stage, ranks * math.ceil(stage.units / ranks))


def mark_writes(units: int) -> int:
    """Write units of adding to a row that has a set for ``units`` units: DynamoDB counts the whole item, half full."""
    return math.ceil((ROW_BYTES + min(units, MOST_UNITS) / 2) / ROW_BYTES)


def _stage(fleet: Fleet, stage: StageWork, row: Rate) -> Generator[Event, object, None]:
    """One hop, and then all units of the stage."""
    times, setup, limits = fleet.world.times, fleet.world.setup, fleet.world.limits
    free = "stage hops" in fleet.world.lifted
    if not free:
        yield fleet.environment.timeout(times.table)
    sends = 0.0 if free else times.queue / (setup.sends_at_once * limits.queue_batch)
    crew = min(setup.ranks, fleet.ranks.count)
    handfuls = [min(crew, stage.units - first) for first in range(0, stage.units, crew)]
    sent, running = 0, []
    for units in handfuls:
        sent += units
        delay = sent * sends + (0.0 if free else times.receive)
        running.append(fleet.environment.process(_handful(fleet, stage, units, row, delay)))
    yield fleet.environment.all_of(running)
    if not free:
        yield fleet.environment.timeout(STRAGGLING * stage.core_seconds)


def _handful(
    fleet: Fleet, stage: StageWork, units: int, row: Rate, delay: float
) -> Generator[Event, object, None]:
    """Let ``units`` units be received after ``delay``, by as many ranks as are free at a time."""
    yield fleet.environment.timeout(delay)
    running = []
    while units:
        given = cast("int", (yield fleet.ranks.take(SCAN, units)))
        running.append(fleet.environment.process(_units(fleet, stage, given, row)))
        units -= given
    yield fleet.environment.all_of(running)


def _units(fleet: Fleet, stage: StageWork, units: int, row: Rate) -> Generator[Event, object, None]:
    """Units side by side, a rank each, and then the marks that they are done."""
    times = fleet.world.times
    ready = max(
        fleet.computed(stage.core_seconds * units, unit_waiting(fleet, stage), units),
        fleet.work_get.until(units * stage.gets),
        fleet.work_put.until(units * PUTS),
        fleet.network.until(units * max(stage.bytes_read, stage.bytes_written)),
    )
    yield fleet.environment.timeout(ready - fleet.environment.now)
    fleet.ranks.give_back(SCAN, units)
    marks = math.ceil(units / fleet.world.setup.marks_at_once)
    writes = marks * mark_writes(stage.units)
    marked = max(
        row.until(writes),
        fleet.table.until(writes),
        fleet.shelves.until(writes if fleet.world.setup.marks_in_index else 0),
        fleet.desk.until(marks * times.table + units * times.queue / fleet.world.limits.queue_batch),
    )
    yield fleet.environment.timeout(marked - fleet.environment.now + times.table)
    fleet.ended(stage.name, units)


def unit_waiting(fleet: Fleet, stage: StageWork) -> float:
    """Seconds that a rank waits for one unit: its reads side by side, then the piece, then the manifest."""
    connections = fleet.world.setup.unit_connections
    rounds = math.ceil(stage.gets / connections) + PUTS
    read = stage.bytes_read / (connections * fleet.connection_bytes)
    return rounds * fleet.first_byte + read + stage.bytes_written / fleet.connection_bytes


def _assembly(fleet: Fleet, result_bytes: float, units: int, row: Rate) -> Generator[Event, object, None]:
    """Read the manifests, copy the pieces, complete: one unit of one rank."""
    began = StageWork("assemble", 1, fleet.world.times.assemble, 0, 0)
    yield from _stage(fleet, began, row)
    if "assembly" in fleet.world.lifted:
        return
    limits, setup = fleet.world.limits, fleet.world.setup
    parts = part_count(fleet, result_bytes, units)
    # of many small pieces each is read, and goes up again as a share of a part
    joined = result_bytes if units > parts else 0.0
    requests = units + parts + (units if joined else 0)
    at_once = setup.assembly_connections
    seconds = requests * fleet.first_byte / at_once
    seconds += (result_bytes + joined) / (at_once * fleet.connection_bytes)
    ready = max(
        fleet.environment.now + seconds,
        fleet.work_get.until(units),
        fleet.work_put.until(parts),
        fleet.environment.now + joined / limits.host_bytes,
    )
    yield fleet.environment.timeout(ready - fleet.environment.now)
    yield fleet.environment.timeout(parts * fleet.world.times.complete_part + fleet.first_byte)


def part_count(fleet: Fleet, result_bytes: float, units: int) -> int:
    """Parts of the upload: one a unit, but none too small, and not too many."""
    limits = fleet.world.limits
    whole = math.ceil(result_bytes / limits.least_part_bytes)
    return max(1, min(units, limits.most_parts, whole))
