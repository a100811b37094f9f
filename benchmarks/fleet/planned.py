"""The stages of a large image as Tilework's own planner lays them out: from a header without pixels."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from functools import lru_cache
from math import isqrt
from typing import TYPE_CHECKING

from tilework.fleet.blueprint import Blueprint, Cells
from tilework.fleet.planning import plan_image
from tilework.imaging.formats.cog import CogLayout, TileTable, header, header_bytes
from tilework.imaging.formats.tiff_tags import Tree
from tilework.imaging.formats.tile_encoding import jpeg_tables
from tilework.imaging.limits import Limits
from tilework.imaging.operations import Pixels
from tilework.imaging.pipeline import parse
from tilework.imaging.windows import Size

if TYPE_CHECKING:
    from tilework.imaging.formats.cog import Compression
    from tilework.jobs.stages import Stage

TILE_BYTES = 100_000
"""Of each tile of the made-up file: only that they lie one behind the other matters to a plan."""


@dataclass(frozen=True, slots=True)
class PlannedStage:
    """A stage of a plan: ``pixels`` of the image that its units share, 0 where they share none."""

    name: str
    units: int
    pixels: float

    @property
    def kind(self) -> str:
        """What it does: rewrite, measure, reduce, write, overviews or assemble."""
        return self.name.partition("-")[0]


@dataclass(frozen=True, slots=True)
class Plan:
    """All stages in their order, and the bytes that an object of tiles should have."""

    stages: tuple[PlannedStage, ...]
    bundle_bytes: int


@dataclass(frozen=True, slots=True)
class _HeaderOnly:
    """A tiled RGB image of which there is only the header; everything behind it reads as zeros."""

    head: bytes
    size: int

    def read(self, start: int, stop: int) -> bytes:
        return self.head[start:stop].ljust(stop - start, b"\0")


@lru_cache(64)
def plan(pixels: float, compression: Compression, pipeline: str, ranks: int) -> Plan:
    """What becomes of a square RGB image of so many ``pixels`` on hosts of ``ranks``."""
    side = isqrt(round(pixels))
    planned = plan_image(_image(side, compression), parse(pipeline), Limits(), ranks).plan
    return Plan(
        tuple(_stage(stage, pixels) for stage in planned.stages), Blueprint.read(planned.what).bundle_bytes
    )


def _stage(stage: Stage, pixels: float) -> PlannedStage:
    if not stage.what:
        return PlannedStage(stage.name, stage.units, 0.0)
    shared = Cells.read(stage.what).grid.size.pixels
    return PlannedStage(stage.name, stage.units, min(float(shared), pixels))


def _image(side: int, compression: Compression) -> _HeaderOnly:
    layout = CogLayout(
        size=Size(side, side),
        pixels=Pixels("uint8", 3),
        compression=compression,
        subsampling="4:2:0",
        overviews=False,
    )
    tree, tables = Tree({}), jpeg_tables(layout)
    first = header_bytes(layout, tree, tables)
    count = layout.grids[0].pixels
    begins = array("Q", range(first, first + count * TILE_BYTES, TILE_BYTES))
    table = TileTable(begins, array("Q", [TILE_BYTES]) * count)
    return _HeaderOnly(header(layout, [table], tree, tables), first + count * TILE_BYTES)
