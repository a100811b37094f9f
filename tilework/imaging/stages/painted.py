"""The result of an operation that paints, read by windows like any image."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from tilework.imaging.blaming import blaming
from tilework.imaging.formats import Picture
from tilework.imaging.stages.readers import blank, paste
from tilework.imaging.stopwatch import timed

if TYPE_CHECKING:
    from tilework.imaging.formats.contract import WindowReader
    from tilework.imaging.operations import Pixels
    from tilework.imaging.operations.contract import Arrays
    from tilework.imaging.stages.measuring import Measuring
    from tilework.imaging.windows import Size, Window

CACHED_BYTES = 1 << 25
"""Of painted cells that a reader keeps: windows one below the other ask for the same ones again."""

CACHED_JOINTS = 4
"""Nodes of each level whose knowledge a reader keeps."""


@dataclass(frozen=True, slots=True)
class Painted:
    """The address of what a measured operation paints."""

    measuring: Measuring

    @property
    def size(self) -> Size:
        """Width and height, which are those of the operation's input."""
        return self.measuring.units.size

    @property
    def pixels(self) -> Pixels:
        """What one pixel is."""
        return self.measuring.pipeline.kinds(self.measuring.image.pixels)[-1]

    def open(self) -> WindowReader:
        """Return a reader that keeps the cells it painted last."""
        return PaintedReader(self)


class PaintedReader:
    """Paints cells as they are asked for."""

    def __init__(self, image: Painted) -> None:
        self.size, self.pixels = image.size, image.pixels
        self._measuring = image.measuring
        self._levels = self._measuring.levels()
        cell = self._measuring.cells.cell
        self._most = max(1, CACHED_BYTES // (cell.pixels * self.pixels.bytes))
        self._painted: OrderedDict[int, Picture] = OrderedDict()
        self._kept: dict[int, Arrays] = {}
        self._parts = lru_cache(CACHED_JOINTS * len(self._levels))(self._known_of_parts)

    def read(self, window: Window) -> Picture:
        """Return the pixels of a window."""
        picture = blank(window.size, self.pixels)
        cells = self._measuring.cells
        wanted = list(cells.meeting(window))
        self._fetch([cell for cell in wanted if cell not in self._painted], window)
        for cell in wanted:
            painted = self._painted.pop(cell, None)
            if painted is None:
                painted = self._paint(cell, self._kept.pop(cell))
            self._painted[cell] = painted
            paste(painted, cells.window(cell), picture, window)
        while len(self._painted) > self._most:
            self._painted.popitem(last=False)
        return picture

    def _fetch(self, fresh: Sequence[int], window: Window) -> None:
        """Get what is kept of cells, with all of the unit around the middle of the window: it is walked through."""
        if all(cell in self._kept for cell in fresh):
            return
        measuring = self._measuring
        middle = measuring.units.index_at(
            (window.left + window.right) // 2, (window.top + window.bottom) // 2
        )
        around = measuring.cells.meeting(measuring.units.window(middle))
        wanted = list(dict.fromkeys([*fresh, *(cell for cell in around if cell not in self._painted)]))
        self._kept = dict(zip(wanted, measuring.kept(wanted), strict=True))

    def notes(self) -> tuple[str, ...]:
        """There is nothing odd in what was measured."""
        return ()

    @timed("kernels")
    def _paint(self, cell: int, kept: Arrays) -> Picture:
        measuring = self._measuring
        window = measuring.cells.window(cell)
        unit = measuring.units.index_at(window.left, window.top)
        among = list(measuring.cells.meeting(measuring.units.window(unit)))
        known = self._share(0, unit, among.index(cell))
        with blaming(measuring.operation):
            return Picture(measuring.operation.paint(kept, known, window.size))

    def _share(self, level: int, index: int, part: int) -> Arrays:
        """What is known of one part of a node."""
        parts = self._parts(level, index)
        return parts[part] if isinstance(parts, Sequence) else parts

    def _known_of_parts(self, level: int, index: int) -> Sequence[Arrays] | Arrays:
        """What is known of each part of a node (at level 0 a unit)."""
        measuring = self._measuring
        with blaming(measuring.operation):
            return measuring.operation.descend(self._known(level, index), measuring.joint(level, index))

    def _known(self, level: int, index: int) -> Arrays:
        """What is known of a node: of the top the whole, of another its share of the node above."""
        if level == len(self._levels) - 1:
            return self._measuring.known_whole()
        window, above = self._levels[level].window(index), self._levels[level + 1]
        parent = above.index_at(window.left, window.top)
        among = list(self._levels[level].meeting(above.window(parent)))
        return self._share(level + 1, parent, among.index(index))
