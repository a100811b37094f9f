"""The stages of one large image, as the design has them: plan, measure, reduce tree, write, overviews, assemble."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchmarks.fleet.figures import MOST_UNITS, TILE

if TYPE_CHECKING:
    from benchmarks.fleet.figures import PixelTimes, Setup, UnitTimes

GETS = 8
"""Of a unit of blocks: its tiles in few large ranges, and the index."""

PARTIAL_BYTES = 0.06
"""A pixel, of what measuring leaves: borders, and edges packed to bits."""


@dataclass(frozen=True, slots=True)
class StageWork:
    """``units`` alike: core seconds, bytes read and written, and GETs of each."""

    name: str
    units: int
    core_seconds: float
    bytes_read: float
    bytes_written: float
    gets: int = 1


def stages(pixels: float, pipeline: PixelTimes, times: UnitTimes, setup: Setup) -> list[StageWork]:
    """All stages but the assembly, in their order; ``pixels`` of the whole image."""
    found = [StageWork("plan", 1, times.plan, 16 * pixels / TILE**2, 0)]
    if pipeline.measure:
        measured = _even(
            "measure", pixels, pipeline.measure, setup, read=pipeline.source_bytes, written=PARTIAL_BYTES
        )
        found += [measured, *_reduce_tree(measured.units, times, setup)]
    found.append(
        _even(
            "write", pixels, pipeline.write, setup, read=pipeline.write_reads, written=pipeline.result_bytes
        )
    )
    return found + _overviews(pixels, pipeline, setup)


def _even(
    name: str, pixels: float, seconds: float, setup: Setup, *, read: float, written: float
) -> StageWork:
    """A stage cut into units of about ``unit_seconds``, never smaller than a tile."""
    tiles = math.ceil(pixels / TILE**2)
    units = max(1, min(MOST_UNITS, tiles, math.ceil(pixels * seconds / setup.unit_seconds)))
    part = pixels / units
    return StageWork(name, units, part * seconds, part * read, part * written, GETS)


def _reduce_tree(partials: int, times: UnitTimes, setup: Setup) -> list[StageWork]:
    levels: list[StageWork] = []
    while partials > 1:
        partials = math.ceil(partials / setup.reduce_fan_in)
        levels.append(
            StageWork(f"reduce {len(levels) + 1}", partials, times.reduce, 2e6, 5e5, setup.reduce_fan_in)
        )
    return levels


def _overviews(pixels: float, pipeline: PixelTimes, setup: Setup) -> list[StageWork]:
    """A stage for each ``levels_a_stage`` levels; each level has a quarter of the pixels of the one below."""
    levels = max(0, math.ceil(math.log2(math.sqrt(pixels) / TILE)))
    # of all levels together the pipeline's seconds are told: 1/4 + 1/16 + ... = 1/3
    a_level_pixel = pipeline.overviews * 3
    found = []
    for first in range(1, levels + 1, setup.levels_a_stage):
        last = min(levels, first + setup.levels_a_stage - 1)
        made = sum(pixels / 4**level for level in range(first, last + 1))
        stage = _even(
            f"overviews {first}", made, a_level_pixel, setup,
            read=4 * pipeline.result_bytes, written=pipeline.result_bytes,
        )  # fmt: skip
        # whoever makes several levels needs all of a block below the topmost of them
        found.append(in_at_most(stage, math.ceil(pixels / 4**last / TILE**2)))
    return found


def in_at_most(stage: StageWork, units: int) -> StageWork:
    """The same work in ``units`` units, if it has more."""
    return in_units(stage, min(units, stage.units))


def in_units(stage: StageWork, units: int) -> StageWork:
    """The same work in just as many units."""
    part = stage.units / units
    return replace(
        stage,
        units=units,
        core_seconds=stage.core_seconds * part,
        bytes_read=stage.bytes_read * part,
        bytes_written=stage.bytes_written * part,
    )
