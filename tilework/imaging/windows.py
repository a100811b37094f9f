"""Pixel rectangles: sizes, half-open windows, margins, and the cutting of an image into tiles.

All numbers are whole pixels. Columns (x) count to the right and rows (y) downwards from the image's upper left corner.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height of an image, each at least 1."""

    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a size of {self.width} x {self.height} holds no pixel")

    @property
    def pixels(self) -> int:
        """How many pixels there are."""
        return self.width * self.height

    @property
    def turned(self) -> Size:
        """The size after a turn by 90 degrees."""
        return Size(self.height, self.width)

    def __str__(self) -> str:
        return f"{self.width} x {self.height}"


@dataclass(frozen=True, slots=True)
class Margin:
    """How far something reaches beyond a pixel on each side; each at least 0."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def even(cls, horizontal: int, vertical: int) -> Margin:
        """The same reach to the left and right, and to the top and bottom."""
        return cls(horizontal, vertical, horizontal, vertical)


NO_MARGIN = Margin(0, 0, 0, 0)
"""Of single pixels."""


@dataclass(frozen=True, slots=True)
class Window:
    """The pixels with ``left <= x < right`` and ``top <= y < bottom``; never empty.

    A window may reach beyond its image (also to negative numbers) until :meth:`clamped` cuts it to the true edge.
    """

    left: int
    top: int
    right: int
    bottom: int

    def __post_init__(self) -> None:
        if self.left >= self.right or self.top >= self.bottom:
            raise ValueError(f"an empty window: {self}")

    @classmethod
    def whole(cls, size: Size) -> Window:
        """All of an image."""
        return cls(0, 0, size.width, size.height)

    @property
    def width(self) -> int:
        """Columns."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Rows."""
        return self.bottom - self.top

    @property
    def size(self) -> Size:
        """Columns and rows."""
        return Size(self.width, self.height)

    def padded(self, margin: Margin) -> Window:
        """Return this window and what ``margin`` reaches around it."""
        if margin is NO_MARGIN:
            return self
        return Window(
            self.left - margin.left,
            self.top - margin.top,
            self.right + margin.right,
            self.bottom + margin.bottom,
        )

    def aligned(self, step: Size) -> Window:
        """The smallest window around this one whose corners lie on the grid of ``step`` columns and rows."""
        if step.width == step.height == 1:
            return self
        return Window(
            self.left // step.width * step.width,
            self.top // step.height * step.height,
            -(-self.right // step.width) * step.width,
            -(-self.bottom // step.height) * step.height,
        )

    def clamped(self, size: Size) -> Window:
        """What of this window lies in an image of ``size``; raises ValueError if nothing does."""
        if self.left >= 0 <= self.top and self.right <= size.width and self.bottom <= size.height:
            return self
        return Window(
            max(0, self.left),
            max(0, self.top),
            min(size.width, self.right),
            min(size.height, self.bottom),
        )

    def on_grid(self, step: Size, size: Size) -> Window:
        """Return it :meth:`aligned` and :meth:`clamped`, and at least a step wide where the image is.

        Else it has its left neighbour on the grid, too: the last columns of an image may be fewer than OpenCV's vectors
        take at once, and it goes through so few in another way than through the same columns of a wider image.
        """
        if step.width == step.height == 1:
            return self.clamped(size)
        window = self.aligned(step).clamped(size)
        if window.width >= step.width:
            return window
        return Window(max(0, window.left - step.width), window.top, window.right, window.bottom)

    def contains(self, other: Window) -> bool:
        """Whether every pixel of ``other`` is one of this window."""
        return (
            self.left <= other.left
            and self.top <= other.top
            and other.right <= self.right
            and other.bottom <= self.bottom
        )

    def within(self, origin: Window) -> tuple[slice, slice]:
        """The (rows, columns) of this window in an array that holds ``origin``; raises ValueError if it does not."""
        if not origin.contains(self):
            raise ValueError(f"{self} is not within {origin}")
        rows = slice(self.top - origin.top, self.bottom - origin.top)
        columns = slice(self.left - origin.left, self.right - origin.left)
        return rows, columns


@dataclass(frozen=True, slots=True)
class Grid:
    """An image of ``size`` in cells of ``cell``; those at the right and bottom edge may be smaller."""

    size: Size
    cell: Size

    @property
    def across(self) -> int:
        """Cells in a row."""
        return -(-self.size.width // self.cell.width)

    @property
    def down(self) -> int:
        """Rows of cells."""
        return -(-self.size.height // self.cell.height)

    @property
    def count(self) -> int:
        """How many cells there are."""
        return self.across * self.down

    def window(self, index: int) -> Window:
        """The pixels of a cell."""
        row, column = divmod(index, self.across)
        left, top = column * self.cell.width, row * self.cell.height
        return Window(left, top, left + self.cell.width, top + self.cell.height).clamped(self.size)

    def down_columns(self, position: int) -> int:
        """The cell at a position of the way down the first column of cells, then down the next, and so on."""
        column, row = divmod(position, self.down)
        return row * self.across + column

    def meeting(self, window: Window) -> Iterator[int]:
        """The cells that share pixels with a window, row by row."""
        for row in range(window.top // self.cell.height, (window.bottom - 1) // self.cell.height + 1):
            for column in range(window.left // self.cell.width, (window.right - 1) // self.cell.width + 1):
                yield row * self.across + column

    def index_at(self, left: int, top: int) -> int:
        """The cell that holds a pixel."""
        return top // self.cell.height * self.across + left // self.cell.width


def row_strips(rows: int, row: int, budget: int) -> Iterator[slice]:
    """Rows from the top down: at once as many as ``budget`` holds of ``row`` each, at least one."""
    step = max(1, budget // row)
    for top in range(0, rows, step):
        yield slice(top, min(rows, top + step))


def tiles(size: Size, tile: Size) -> Iterator[Window]:
    """Cut an image into tiles, row by row; those at the right and bottom edge may be smaller.

    The tiles are the *cores*: they touch and never overlap. What an operation needs around a core is its padded
    window, told by :meth:`tilework.imaging.pipeline.Pipeline.sites`.
    """
    grid = Grid(size, tile)
    return map(grid.window, range(grid.count))
