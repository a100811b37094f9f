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

CANNY = "canny(100, 200), JPEG tiles"
DEFLATE = "blur(9), deflate tiles"
GIGAPIXEL = 1e9

MANY = 100
SLICES = (20, 10)


@dataclass(frozen=True, slots=True)
class Scenario:
    """``work`` that begins at once. Within 10 % of linear ``linear_to`` hosts; ``seconds`` on ``on`` hosts; 0: nothing."""

    name: str
    work: Sequence[Photos | Scan]
    linear_to: int = 0
    seconds: float = 0.0
    on: int = 0

    def run(self, world: World, hosts: int) -> Fleet:
        """The fleet, or a slice of it that is like all others, when all is done; its clock tells the seconds."""
        slices = self._slices(hosts)
        fleet = Fleet(world, hosts // slices, slices)
        scans = [each for each in self.work if isinstance(each, Scan)]
        photos = [Photos(each.count // slices) for each in self.work if isinstance(each, Photos)]
        fleet.run(*photos, *scans[: len(scans) // slices])
        return fleet

    def _slices(self, hosts: int) -> int:
        """Many equal scans on many hosts are as many times the same."""
        scans = [each for each in self.work if isinstance(each, Scan)]
        if len(scans) < MANY or len(set(scans)) > 1:
            return 1
        return next((slices for slices in SLICES if hosts % slices == 0 and hosts >= 5 * slices), 1)


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
