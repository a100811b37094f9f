"""The tiles of a large result that can be seen already: while its job runs those of units that are done, then all.

What a unit has made is found without a search: the plan tells which unit makes a tile, the row whether it is done, the
unit's manifest in which object the tile lies. So a tile costs the row, a small manifest and the tile itself; plans,
manifests and the tables of finished results are kept. All keys are of the row's own epoch, so that nothing of another
one is ever shown. Needs neither NumPy nor OpenCV.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol, TypeVar

from tilework.errors import LeaseLostError, NoSuchTileError, NoTilesError, TileNotMadeError, VersionGoneError
from tilework.fleet.blueprint import Blueprint, makings
from tilework.fleet.made import place_of
from tilework.imaging.formats import Format
from tilework.imaging.formats.cog_tiles import CogTiles, read_cog
from tilework.imaging.formats.tile_pictures import media_type, tile_picture
from tilework.imaging.result_kinds import ResultKind, kind_of
from tilework.jobs.job import Job, State
from tilework.jobs.manifests import Manifest, read_manifest
from tilework.jobs.stage_life import StageLife
from tilework.jobs.stages import stage_number
from tilework.jobs.units import UnitFolder

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.fleet.blueprint import Making
    from tilework.imaging.formats.cog import CogLayout
    from tilework.imaging.windows import Size
    from tilework.jobs.stages import Plan
    from tilework.jobs.stores import ObjectStore
    from tilework.jobs.system import System

Found = TypeVar("Found")

MANIFESTS = 256
"""Manifests that are kept: neighbouring tiles are of one unit."""

MAPPED = 1 << 16
"""Tiles of a level of which it is told whether they are there: 8 KiB of bits, and a hundredth of a second to find out."""

RESULTS = 32
"""Finished results of which it is kept where their tiles lie."""


@dataclass(frozen=True, slots=True)
class Level:
    """A level of the result: its pixels, its tiles across and down, and how many of them are there."""

    size: Size
    grid: Size
    made: int


@dataclass(frozen=True, slots=True)
class Made:
    """Which tiles of a level are there, row by row; whoever made one has made all that lies under it of larger levels."""

    level: int
    tiles: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to be seen: levels from large to small, the side of a tile, and what tiles are shown as.

    ``media_type`` is None where no browser shows such pixels. ``made`` is told while the first levels are written, unless
    it would be long.
    """

    levels: tuple[Level, ...]
    tile: int
    media_type: str | None
    made: Made | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A tile as a picture of the whole side of a tile, also where the image ends within it."""

    data: bytes
    media_type: str


class _Tiles(Protocol):
    """The tiles of a job, in whichever state it is."""

    @property
    def layout(self) -> CogLayout:
        """The result's."""
        ...

    @property
    def jpeg_tables(self) -> bytes:
        """What JPEG tiles share."""
        ...

    def made(self, level: int) -> int:
        """How many tiles of a level are there."""
        ...

    def map(self) -> Made | None:
        """Which tiles are there, where some of the first levels are not."""
        ...

    def read(self, level: int, column: int, line: int) -> bytes:
        """The bytes of a tile. Raises TileNotMadeError, VersionGoneError."""
        ...


class TilesSoFar:
    """Shows the tiles of jobs of ``system``; ``clock`` gives seconds since the epoch."""

    def __init__(self, system: System, clock: Callable[[], float]) -> None:
        self._table, self._outputs = system.table, system.outputs
        self._stages = StageLife(system, clock)
        self._manifest = lru_cache(MANIFESTS)(self._read_manifest)
        self._finished = lru_cache(RESULTS)(self._read_finished)

    def seen(self, row: Job) -> Seen:
        """What there is to be seen of a job. Raises NoTilesError, ServiceError."""
        tiles = self._there(row, lambda found: found)
        layout = tiles.layout
        levels = (
            Level(size, grid, tiles.made(level))
            for level, (size, grid) in enumerate(zip(layout.levels, layout.grids, strict=True))
        )
        return Seen(tuple(levels), layout.tile, media_type(layout), tiles.map())

    def tile(self, row: Job, level: int, column: int, line: int) -> Shown:
        """The tile of a level (0 is the largest) in a column and a line of tiles.

        Raises NoTilesError, NoSuchTileError, TileNotMadeError, TileNotShownError, DamagedImageError, ServiceError.
        """

        def read(tiles: _Tiles) -> Shown:
            layout = tiles.layout
            check(layout, level, column, line)
            data = tile_picture(tiles.read(level, column, line), layout, tiles.jpeg_tables)
            return Shown(data, media_type(layout) or "")

        return self._there(row, read)

    def _there(self, row: Job, look: Callable[[_Tiles], Found]) -> Found:
        """What ``look`` finds; where the work objects were swept under it, what it finds in the result."""
        try:
            return look(self._of(row))
        except (VersionGoneError, LeaseLostError):
            now = self._table.get(row.id)
            if now is None or now.epoch != row.epoch or now.serial == row.serial:
                raise _none(row) from None
        try:
            return look(self._of(now))
        except (VersionGoneError, LeaseLostError):
            raise _none(now) from None

    def _of(self, row: Job) -> _Tiles:
        if row.state is State.RUNNING and row.stage:
            plan = self._stages.plan(row)
            if plan.reports:
                raise _none(row, "its result is a report, and no picture")
            blueprint = Blueprint.read(plan.what)
            stages = tuple(makings(plan, len(blueprint.layout.levels)))
            return _Unfinished(row, plan, stages, blueprint, self._outputs, self._manifest)
        found = None
        if row.state is State.DONE and row.result_key.endswith(Format.TIFF.suffix):
            found = self._finished(row.result_key)
        if found is None:
            report = kind_of(row.result_key) is ResultKind.REPORT
            raise _none(row, "its result is a report, and no picture" if report else "")
        return found

    def _read_manifest(self, folder: UnitFolder) -> Manifest:
        return read_manifest(self._outputs, folder)

    def _read_finished(self, key: str) -> _Finished | None:
        source = StoredResult(self._outputs, key, self._outputs.head(key).size)
        found = read_cog(source)
        return None if found is None else _Finished(source, found)


def check(layout: CogLayout, level: int, column: int, line: int) -> None:
    """Raise NoSuchTileError unless ``layout`` has such a tile."""
    grids = layout.grids
    if not 0 <= level < len(grids):
        raise NoSuchTileError(f"There is no level {level}: the levels are 0 to {len(grids) - 1}.")
    grid = grids[level]
    if not (0 <= column < grid.width and 0 <= line < grid.height):
        raise NoSuchTileError(
            f"There is no tile {column}/{line} of level {level}: it has {grid.width:,} columns and"
            f" {grid.height:,} rows of tiles."
        )


def _none(row: Job, reason: str = "") -> NoTilesError:
    why = reason or {
        State.QUEUED: "no worker has begun with it",
        State.RUNNING: "it is not worked on in stages, or has just ended",
        State.DONE: "its result has no tiles, or is gone",
    }.get(row.state, f"it is {row.state.value}")
    return NoTilesError(f"There are no tiles of job {row.id} to be seen: {why}.")


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A result as a source: ``size`` bytes, read by ranges."""

    store: ObjectStore
    key: str
    size: int

    def read(self, start: int, stop: int) -> bytes:
        """Bytes [start, stop). Raises VersionGoneError, ServiceError."""
        return self.store.read(self.key, None, start, stop)


@dataclass(frozen=True, slots=True)
class _Finished:
    """The tiles of a stored result."""

    source: StoredResult
    file: CogTiles

    @property
    def layout(self) -> CogLayout:
        return self.file.layout

    @property
    def jpeg_tables(self) -> bytes:
        return self.file.jpeg_tables

    def made(self, level: int) -> int:
        return self.layout.grids[level].pixels

    def map(self) -> Made | None:
        return None

    def read(self, level: int, column: int, line: int) -> bytes:
        return self.file.read(self.source, level, line * self.layout.grids[level].width + column)


@dataclass(frozen=True, slots=True)
class _Unfinished:
    """The tiles of a job in stages, as far as its row says that they are made."""

    row: Job
    plan: Plan
    makings: tuple[Making, ...]
    blueprint: Blueprint
    outputs: ObjectStore
    manifest: Callable[[UnitFolder], Manifest]

    @property
    def layout(self) -> CogLayout:
        return self.blueprint.layout

    @property
    def jpeg_tables(self) -> bytes:
        return self.blueprint.jpeg_tables

    def made(self, level: int) -> int:
        making, running = self._making(level), stage_number(self.row.stage)
        if making.number != running:
            return self.layout.grids[level].pixels if making.number < running else 0
        return sum(making.tiles_of(unit, level, self.layout.tile) for unit in self.row.units_done)

    def map(self) -> Made | None:
        making = self.makings[0]
        level = making.levels[-1]
        grid = self.layout.grids[level]
        if making.number != stage_number(self.row.stage) or grid.pixels > MAPPED:
            return None
        units = (
            making.unit_of(level, column, line, self.layout.tile)
            for line in range(grid.height)
            for column in range(grid.width)
        )
        return Made(level, tuple(unit in self.row.units_done for unit in units))

    def read(self, level: int, column: int, line: int) -> bytes:
        making, running = self._making(level), stage_number(self.row.stage)
        unit = making.unit_of(level, column, line, self.layout.tile)
        label = self.plan.label(making.number)
        if making.number > running or (making.number == running and unit not in self.row.units_done):
            raise TileNotMadeError(
                f"The tile {column}/{line} of level {level} is not there yet: unit {unit} of the stage {label} is"
                " to make it."
            )
        folder = UnitFolder(self.row.id, self.row.epoch, label, unit)
        manifest = self.manifest(folder)
        name, place = place_of(manifest.made, level, line * self.layout.grids[level].width + column)
        key = f"{folder.objects(manifest.attempt)}/{name}"
        return self.outputs.read(key, None, place.offset, place.offset + place.length)

    def _making(self, level: int) -> Making:
        return next(each for each in self.makings if level in each.levels)
