"""Write: a unit of whole tiles of the result, each made, halved for the overviews, and encoded while it is in the cache.

A unit is worked through row of tiles by row of tiles, so that it needs the memory of a few rows only, however high it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tilework.imaging.formats.bands import blank
from tilework.imaging.formats.pyramid import halved
from tilework.imaging.formats.result_file import tile_bytes
from tilework.imaging.stages.bands import tiles_of
from tilework.imaging.stages.readers import Band, Pieces, paste
from tilework.imaging.windows import Grid, Size, Window

if TYPE_CHECKING:
    from tilework.imaging.formats import Picture
    from tilework.imaging.formats.cog import CogLayout
    from tilework.imaging.formats.contract import Reader
    from tilework.imaging.pipeline import Pipeline
    from tilework.imaging.stages.readers import Openable
    from tilework.imaging.stages.scratch import Scratch


class Sink(Protocol):
    """Where encoded tiles go."""

    def append(self, level: int, index: int, data: bytes) -> None:
        """Take tile ``index``, counted row by row, of a level, 0 being the result itself."""
        ...


@dataclass(frozen=True, slots=True)
class Writing:
    """One stage of writing: ``pipeline`` makes level ``base`` of ``image``, and levels up to ``top`` are written.

    Level 0 is the result itself. A further stage, whose ``base`` is the ``top`` of the one before, has an empty
    pipeline, and its base is written already. ``units`` cut level ``base`` into cells of whole tiles of level ``top``.
    Nothing in the pipeline is left to be measured.
    """

    image: Openable
    pipeline: Pipeline
    layout: CogLayout
    scratch: Scratch
    units: Grid
    base: int
    top: int
    writes_base: bool

    @property
    def name(self) -> str:
        """What the stage is called: ``write``, or ``overviews-`` and the level that they begin above."""
        return "write" if self.writes_base else f"overviews-{self.base}"

    @property
    def is_last(self) -> bool:
        """Whether no level is left above."""
        return self.top == len(self.layout.levels) - 1

    def write(self, reader: Reader, index: int, sink: Sink) -> None:
        """Do unit ``index``."""
        unit = self.units.window(index)
        rows = _Rows(self, unit, sink)
        tile = self.layout.tile
        for top in range(unit.top, unit.bottom, tile):
            row = Window(unit.left, top, unit.right, min(unit.bottom, top + tile))
            for window, picture in tiles_of(reader, self.pipeline, row, tile):
                rows.add(self.base, window, picture)
            rows.end(self.base, row)

    def leave(self, place: Window, picture: Picture) -> None:
        """Leave a row of tiles of the topmost level, if there is a stage to go on from it."""
        if not self.is_last:
            pieces = leftover(self.layout, self.scratch, self.units.cell, base=self.base, top=self.top)
            pieces.put(pieces.grid.index_at(place.left, place.top), picture)


def leftover(layout: CogLayout, scratch: Scratch, cell: Size, *, base: int, top: int) -> Pieces:
    """The pieces of level ``top`` that units of ``cell``, in pixels of level ``base``, leave in the scratch."""
    above = top - base
    return Pieces(
        scratch,
        f"level-{top}",
        Grid(layout.levels[top], Size(cell.width >> above, cell.height >> above)),
        layout.pixels,
    )


class _Rows:
    """The rows of tiles of a unit's levels, from the base up, as they fill."""

    def __init__(self, writing: Writing, unit: Window, sink: Sink) -> None:
        self._writing = writing
        self._sink = sink
        self._unit = unit
        self._filling: dict[int, tuple[Window, Picture]] = {}

    def add(self, level: int, window: Window, picture: Picture) -> None:
        """Take a tile of a level that is about to be written."""
        writing = self._writing
        layout = writing.layout
        if level > writing.base or writing.writes_base:
            index = _tile_index(layout, level, window)
            self._sink.append(level, index, tile_bytes(picture, layout, level, index))
        if level < writing.top:
            place, row = self._filling_row(level + 1, _half(window))
            paste(halved(picture, labels=layout.labels), _half(window), row, place)
        elif level == writing.base and not writing.is_last:
            place, row = self._filling_row(level, window)
            paste(picture, window, row, place)

    def end(self, level: int, row: Window) -> None:
        """A row of tiles of a level is complete, and with it perhaps one of the level above."""
        writing = self._writing
        if level == writing.top:
            found = self._filling.pop(level, None)
            if found is not None:
                writing.leave(*found)
        elif _half(row).bottom == self._filling[level + 1][0].bottom:
            place, picture = self._filling[level + 1]
            self._write_row(level + 1, place, picture)
            if level + 1 < writing.top:
                del self._filling[level + 1]
            self.end(level + 1, place)

    def _write_row(self, level: int, place: Window, picture: Picture) -> None:
        band, tile = Band(place.size, place, picture), self._writing.layout.tile
        for left in range(place.left, place.right, tile):
            window = Window(left, place.top, min(place.right, left + tile), place.bottom)
            self.add(level, window, band.read(window))

    def _filling_row(self, level: int, window: Window) -> tuple[Window, Picture]:
        """The row of tiles of a level that a window is part of, as far as it has filled."""
        found = self._filling.get(level)
        if found is None:
            tile, whole = self._writing.layout.tile, _at(self._unit, level - self._writing.base)
            top = window.top // tile * tile
            place = Window(whole.left, top, whole.right, min(whole.bottom, top + tile))
            found = self._filling[level] = (place, blank(place.size, self._writing.layout.pixels))
        return found


def _tile_index(layout: CogLayout, level: int, window: Window) -> int:
    return Grid(layout.levels[level], Size(layout.tile, layout.tile)).index_at(window.left, window.top)


def _at(window: Window, levels: int) -> Window:
    """A window as it is ``levels`` further up."""
    for _ in range(levels):
        window = _half(window)
    return window


def _half(window: Window) -> Window:
    """A window that begins at even columns and rows, in the level above."""
    return Window(window.left // 2, window.top // 2, -(-window.right // 2), -(-window.bottom // 2))
