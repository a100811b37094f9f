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
        return Window(
            self.left - margin.left,
            self.top - margin.top,
            self.right + margin.right,
            self.bottom + margin.bottom,
        )

    def aligned(self, step: Size) -> Window:
        """The smallest window around this one whose corners lie on the grid of ``step`` columns and rows."""
        return Window(
            self.left // step.width * step.width,
            self.top // step.height * step.height,
            -(-self.right // step.width) * step.width,
            -(-self.bottom // step.height) * step.height,
        )

    def clamped(self, size: Size) -> Window:
        """What of this window lies in an image of ``size``; raises ValueError if nothing does."""
        return Window(
            max(0, self.left),
            max(0, self.top),
            min(size.width, self.right),
            min(size.height, self.bottom),
        )

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


def tiles(size: Size, tile: Size) -> Iterator[Window]:
    """Cut an image into tiles, row by row; those at the right and bottom edge may be smaller.

    The tiles are the *cores*: they touch and never overlap. What an operation needs around a core is its padded
    window, told by :meth:`tilework.imaging.pipeline.Pipeline.sites`.
    """
    for top in range(0, size.height, tile.height):
        for left in range(0, size.width, tile.width):
            yield Window(left, top, left + tile.width, top + tile.height).clamped(size)
