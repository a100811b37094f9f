"""The grid of cells that adaptive equalization works by, as OpenCV lays it over an image.

Cells are equal. Where the grid does not divide the image, the cells are a pixel wider and higher and the image is enlarged
by reflection, at the right and at the bottom.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from tilework.imaging.operations.borders import indices

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from tilework.imaging.windows import Size

    Whole: TypeAlias = np.ndarray[Any, np.dtype[np.integer[Any]]]
    Weights: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True, slots=True)
class Axis:
    """The cells along one side of an image, ``count`` of ``cell`` pixels each, over ``side`` pixels and reflected ones."""

    side: int
    cell: int
    count: int

    def made_of(self, first: int, end: int) -> Iterator[tuple[int, slice | Whole]]:
        """Cells with pixels that are made of those from ``first`` to ``end``, and which of these: real, then reflected."""
        import numpy as np

        for index in range(first // self.cell, (end - 1) // self.cell + 1):
            begin = index * self.cell
            yield index, slice(max(0, begin - first), min(end, begin + self.cell) - first)
        beyond = np.arange(self.side, self.cell * self.count)
        sources = indices(self.side, self.cell * self.count, self.side, "reflect_101")
        within = (sources >= first) & (sources < end)
        cells, sources = beyond[within] // self.cell, sources[within] - first
        for index in np.unique(cells).tolist():
            yield index, sources[cells == index]

    def between(self, first: int, end: int) -> Iterator[Between]:
        """The pixels from ``first`` to ``end`` in runs that lie between the middles of the same two cells."""
        import numpy as np

        one = np.float32(1)
        places = np.arange(first, end).astype(np.float32) * (one / np.float32(self.cell)) - np.float32(0.5)
        cells = np.floor(places)
        after = places - cells
        numbers = cells.astype(np.int64)
        bounds = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), end - first]
        for begin, stop in itertools.pairwise(bounds):
            one_of, run = int(numbers[begin]), slice(begin, stop)
            yield Between(
                run, (max(one_of, 0), min(one_of + 1, self.count - 1)), (one - after[run], after[run])
            )


@dataclass(frozen=True, slots=True)
class Between:
    """A run of pixels, two cells, and what each of these weighs at each pixel."""

    run: slice
    cells: tuple[int, int]
    weights: tuple[Weights, Weights]


def axes(size: Size, across: int, down: int) -> tuple[Axis, Axis]:
    """Along the height and along the width, as OpenCV cuts: a side that is divided grows if the other is not."""
    more = 1 if size.width % across or size.height % down else 0
    return Axis(size.height, size.height // down + more, down), Axis(
        size.width, size.width // across + more, across
    )
