"""How much is measured."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".tilework" / "bench"
"""Everything that the benchmarks leave."""

CORES = len(os.sched_getaffinity(0))


@dataclass(frozen=True, slots=True)
class Scope:
    """What ``make bench`` measures, unless it is told otherwise.

    ``sides`` of the large images and ``memory_sides`` of those whose memory is compared, in pixels; ``folders`` of so
    many photos of ``photo`` columns and rows; ``drops`` at once and ``single_drops`` one after the other, each after
    ``quiet`` seconds; ``ranks`` of a host, None for its default; ``worlds`` of so many ranks, of which each dies so many
    ``deaths``; ``moves`` of each slider over a photo and a scan of ``scan_side``; ``visits`` to a page with none and with
    ``listed`` jobs; every operation on an image of ``square`` columns and rows, for ``operation_seconds`` an example.
    """

    rounds: int = 3
    kinds: tuple[str, ...] = ("jpeg", "deflate")
    works: tuple[str, ...] = ("invert", "blur", "erode", "chain", "canny")
    sides: tuple[int, ...] = (12_288,)
    memory_sides: tuple[int, int] = (32_768, 65_536)
    without: tuple[str, ...] = ()
    folders: tuple[int, int] = (6, 30)
    photo: tuple[int, int] = (4000, 3000)
    drops: int = 120
    single_drops: int = 15
    quiet: float = 3.0
    ranks: int | None = None
    worlds: tuple[int, ...] = (2, 4, 8)
    deaths: int = 10
    moves: int = 50
    scan_side: int = 12_288
    visits: int = 15
    listed: int = 100_000
    square: int = 2048
    operation_seconds: float = 0.6

    @property
    def megapixels(self) -> int:
        """Of a photo."""
        return round(self.photo[0] * self.photo[1] / 1e6)


FULL_SIDES = (12_288, 24_576)
"""151 and 604 megapixels."""

SMALL = Scope(
    rounds=1, kinds=("jpeg",), works=("blur", "canny"), sides=(2048,), memory_sides=(4096, 8192), folders=(2, 4),
    photo=(800, 600), drops=10, single_drops=2, quiet=0.5,
    worlds=(2,), deaths=2, moves=3, scan_side=2048, visits=2, listed=300, square=600, operation_seconds=0,
)  # fmt: skip
"""Enough to see that everything runs; the figures mean nothing."""

SMALL_LIMITS = {"TILEWORK_LIMIT_BLOCK_BYTES": str(8 << 20)}
"""Of Tilework, so that an image that small is worked on in blocks, too."""
