"""The levels in which an image is looked at: the whole, then each half of the one before, in square tiles."""

from __future__ import annotations

from dataclasses import dataclass

from tilework.errors import NoSuchTileError
from tilework.imaging.windows import Grid, Size, Window

TILE = 512
"""Side of a tile, unless the file has tiles that are as good: a screen takes a dozen, and each is made in milliseconds."""

FITTING_TILES = range(256, 1025)
"""Sides of a file's own tiles that are shown as they are."""


@dataclass(frozen=True, slots=True)
class Pyramid:
    """The levels of an image of ``size``: level 0 is the whole, the last is the first that fits one ``tile``."""

    size: Size
    tile: int

    @property
    def sizes(self) -> tuple[Size, ...]:
        """Each half of the one before, rounded up, as Deep Zoom and our results have them."""
        sizes = [self.size]
        while max(sizes[-1].width, sizes[-1].height) > self.tile:
            sizes.append(Size(-(-sizes[-1].width // 2), -(-sizes[-1].height // 2)))
        return tuple(sizes)

    def grid(self, level: int) -> Grid:
        """The tiles of a level. Raises NoSuchTileError."""
        sizes = self.sizes
        if not 0 <= level < len(sizes):
            raise NoSuchTileError(f"There is no level {level}: the levels are 0 to {len(sizes) - 1}.")
        return Grid(sizes[level], Size(self.tile, self.tile))

    def window(self, level: int, column: int, row: int) -> Window:
        """What of a level a tile shows. Raises NoSuchTileError."""
        grid = self.grid(level)
        if not (0 <= column < grid.across and 0 <= row < grid.down):
            raise NoSuchTileError(
                f"There is no tile {column}/{row} of level {level}: it has {grid.across:,} columns and"
                f" {grid.down:,} rows of tiles."
            )
        return grid.window(row * grid.across + column)
