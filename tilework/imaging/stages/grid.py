"""The cutting of an image into the cells of a grid, numbered row by row: tiles, units, nodes of a tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.imaging.windows import Size, Window

if TYPE_CHECKING:
    from collections.abc import Iterator


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
