"""The result of an operation that paints, read by windows like any image."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.imaging.blaming import blaming
from tilework.imaging.formats import Picture
from tilework.imaging.formats.bands import blank
from tilework.imaging.stages.known import Known
from tilework.imaging.stages.readers import paste
from tilework.imaging.stopwatch import timed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tilework.imaging.formats.contract import WindowReader
    from tilework.imaging.operations import Pixels
    from tilework.imaging.operations.contract import Arrays
    from tilework.imaging.stages.measuring import Measuring
    from tilework.imaging.windows import Size, Window

CACHED_BYTES = 1 << 25
"""Of painted cells that a reader keeps: windows one below the other ask for the same ones again."""


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
        self._known = Known(image.measuring)
        cell = self._measuring.cells.cell
        self._most = max(1, CACHED_BYTES // (cell.pixels * self.pixels.bytes))
        self._painted: OrderedDict[int, Picture] = OrderedDict()
        self._kept: dict[int, Arrays] = {}

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
        known, size = self._known.of_cell(cell), measuring.cells.window(cell).size
        with blaming(measuring.operation):
            return Picture(measuring.operation.paint(kept, known, size))
