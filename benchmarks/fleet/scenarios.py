"""What is asked of the fleet, and what must come out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.fleet.model import Fleet, World
from benchmarks.fleet.photos import Photos
from benchmarks.fleet.scans import Scan

if TYPE_CHECKING:
    from collections.abc import Sequence

HOSTS = (1, 2, 5, 10, 50, 100, 200, 500, 1000)

CANNY = "canny(100, 200), jpeg tiles"
DEFLATE = "blur(9), deflate tiles"
GIGAPIXEL = 1e9

MANY = 100
SLICES = (100, 50, 20, 10)
"""Into so many alike slices a large fleet is divided, each with its part of many equal scans, if it has hosts for it."""

TURNS = 10
"""A small fleet does many equal scans in so many turns, of which one is run."""

SMALL_FLEET = 50


@dataclass(frozen=True, slots=True)
class Outcome:
    """``seconds`` until all was done, and ``cores``, the share of all cores that computed."""

    seconds: float
    cores: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """``work`` that begins at once. Within 10 % of linear ``linear_to`` hosts; ``seconds`` on ``on`` hosts; 0: nothing."""

    name: str
    work: Sequence[Photos | Scan]
    linear_to: int = 0
    seconds: float = 0.0
    on: int = 0

    def run(self, world: World, hosts: int) -> Outcome:
        """Run it on a fleet, or what stands for it: a slice that is like all others, a turn that is."""
        slices, turns = self._slices(hosts), self._turns(hosts)
        fleet = Fleet(world, hosts // slices, slices)
        scans = [each for each in self.work if isinstance(each, Scan)]
        photos = [Photos(each.count // slices) for each in self.work if isinstance(each, Photos)]
        seconds = fleet.run(*photos, *scans[: len(scans) // (slices * turns)])
        return Outcome(turns * seconds, fleet.cores.served / (seconds * fleet.hosts * world.setup.cores))

    def _slices(self, hosts: int) -> int:
        """Many equal scans on many hosts are as many times the same."""
        if not self._alike():
            return 1
        return next((slices for slices in SLICES if hosts % slices == 0 and hosts >= 5 * slices), 1)

    def _turns(self, hosts: int) -> int:
        only_scans = all(isinstance(each, Scan) for each in self.work)
        return TURNS if only_scans and self._alike() and hosts < SMALL_FLEET else 1

    def _alike(self) -> bool:
        scans = [each for each in self.work if isinstance(each, Scan)]
        return len(scans) >= MANY and len(set(scans)) == 1


SCENARIOS = (
    Scenario("ten million photos, 12 MP, blur(9)", (Photos(10_000_000),), linear_to=100),
    Scenario(f"100 GP, {CANNY}", (Scan(100 * GIGAPIXEL, CANNY),), seconds=180, on=50),
    Scenario(f"100 GP, {DEFLATE}", (Scan(100 * GIGAPIXEL, DEFLATE),), seconds=180, on=50),
    Scenario(f"a thousand of 10 GP, {CANNY}", (Scan(10 * GIGAPIXEL, CANNY),) * 1000, linear_to=1000),
    Scenario(
        "a million photos and a hundred of 10 GP",
        (Photos(1_000_000), *(Scan(10 * GIGAPIXEL, CANNY),) * 100),
    ),
)
