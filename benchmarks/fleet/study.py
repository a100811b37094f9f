"""A scenario looked at from all sides, and whether what must be is."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from benchmarks.fleet.figures import Setup
from benchmarks.fleet.findings import LINEAR, Point, bend, causes, curve, pull_all
from benchmarks.fleet.scenarios import HOSTS, Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.fleet.model import World

USUAL_HOSTS = 100
"""Where levers are pulled for a scenario that asks for nothing."""


CONDITIONS: dict[str, Callable[[World], World]] = {
    "all photos lie in one folder, and S3 has not split it": lambda world: _with(world, folders=1),
    "S3 has split nothing under `work/`, nor the folder of the scans": lambda world: _with(world, spread=1),
    "a new table, in its first half hour": lambda world: replace(
        world, limits=replace(world.limits, table_writes=NEW_TABLE_WRITES)
    ),
    "a connection to S3 copies at a third of the speed": lambda world: replace(
        world, limits=replace(world.limits, connection_bytes=world.limits.connection_bytes / 3)
    ),
}
"""What the curves take for granted, and is not always so."""

NEW_TABLE_WRITES = 4000.0
"""A second, of a table that is paid by the request, and of each of its indexes; it doubles within half an hour."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of one setup, where they bend, and the causes there; ``at_target`` those where the must is asked."""

    world: World
    points: Sequence[Point]
    bends: int | None
    at_bend: Sequence[tuple[str, float]]
    at_target: Sequence[tuple[str, float]]

    def point(self, hosts: int) -> Point:
        """The point of just so many hosts. Raises StopIteration where there is none."""
        return next(point for point in self.points if point.hosts == hosts)


@dataclass(frozen=True, slots=True)
class Study:
    """A scenario as things stand, and again with every lever pulled that is worth it on ``target`` hosts.

    ``otherwise`` is what comes of each condition that the curves take for granted, as things stand.
    """

    scenario: Scenario
    target: int
    now: Curve
    pulled: Sequence[tuple[str, float]]
    then: Curve
    otherwise: Sequence[tuple[str, Point]]


def study(scenario: Scenario, world: World, hosts: Sequence[int] = HOSTS) -> Study:
    """Run the scenario on all of ``hosts``, lift what can be lifted, pull what can be pulled."""
    target = scenario.linear_to or scenario.on or USUAL_HOSTS
    better, pulled = pull_all(scenario, world, target)
    return Study(
        scenario,
        target,
        _looked_at(scenario, world, hosts, target),
        pulled,
        _looked_at(scenario, better, hosts, target),
        [(name, curve(scenario, change(world), (target,))[0]) for name, change in CONDITIONS.items()],
    )


def verdict(scenario: Scenario, seen: Curve) -> str:
    """What must be, and whether it is; empty where the scenario asks for nothing."""
    if scenario.linear_to:
        point = seen.point(scenario.linear_to)
        met = point.efficiency >= LINEAR
        asked = f"within 10 % of linear to {scenario.linear_to:,} hosts"
        told = f"{point.efficiency:.2f}"
    elif scenario.on:
        point = seen.point(scenario.on)
        met = point.seconds <= scenario.seconds
        asked = f"{scenario.seconds:.0f} s on {scenario.on} hosts"
        told = f"{point.seconds:.0f} s"
    else:
        return ""
    removed = f"; to remove: {seen.at_target[0][0]}" if not met and seen.at_target else ""
    return f"{'yes' if met else 'NO'}: {asked}, is {told}{removed}"


def changed(world: World) -> str:
    """What differs from the setup as things stand."""
    usual = Setup()
    values = {each.name: getattr(world.setup, each.name) for each in fields(Setup)}
    return ", ".join(f"`{name}` {value}" for name, value in values.items() if value != getattr(usual, name))


def _with(world: World, **changes: int) -> World:
    return replace(world, setup=replace(world.setup, **changes))


def _looked_at(scenario: Scenario, world: World, hosts: Sequence[int], target: int) -> Curve:
    points = curve(scenario, world, hosts)
    bends = bend(points)
    at_target = causes(scenario, world, target)
    at_bend = at_target if bends == target else causes(scenario, world, bends) if bends else []
    return Curve(world, points, bends, at_bend, at_target)
