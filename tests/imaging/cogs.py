"""Cloud-optimized TIFFs put together in memory, tile by tile, as a process that appends tiles would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.imaging.samples import picture
from tilework.imaging.formats.cog import CogLayout, TileTable, header, header_bytes
from tilework.imaging.formats.picture import Picture
from tilework.imaging.formats.tiff_tags import Tree
from tilework.imaging.formats.tile_encoding import encode_tile, jpeg_tables
from tilework.imaging.windows import Size, Window, tiles

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile's level, its number there, and its bytes."""

    level: int
    index: int
    data: bytes


def layout_of(array: Image, **options: Any) -> CogLayout:
    whole = picture(array)
    return CogLayout(**{"size": whole.size, "pixels": whole.pixels, "tile": 256, **options})


def pyramid(array: Image, layout: CogLayout) -> list[Picture]:
    """The levels of an array, blue first and alpha last."""
    return [picture(np.ascontiguousarray(level)) for level in thinned(array, layout)]


def thinned(array: Image, layout: CogLayout) -> list[Image]:
    """Each level every second column and row of the one before."""
    return [array[:: 1 << level, :: 1 << level] for level in range(len(layout.levels))]


def encoded(levels: Sequence[Picture], layout: CogLayout) -> list[Tile]:
    """All tiles of all levels: row by row, the largest level first."""
    found = []
    for level, whole in enumerate(levels):
        for index, window in enumerate(tiles(whole.size, Size(layout.tile, layout.tile))):
            place = window.within(Window.whole(whole.size))
            alpha = None if whole.alpha is None else whole.alpha[place]
            found.append(Tile(level, index, encode_tile(Picture(whole.colour[place], alpha), layout)))
    return found


def in_any_order(found: list[Tile], seed: int = 0) -> list[Tile]:
    """Shuffled, but for the first tiles, which come last and from the smallest level on."""
    others = [tile for tile in found if tile.index]
    order = np.random.default_rng(seed).permutation(len(others))
    return [others[place] for place in order] + sorted(
        (tile for tile in found if not tile.index), key=lambda tile: -tile.level
    )


def assembled(
    found: Sequence[Tile], layout: CogLayout, description: Tree | None = None, room: int = 0
) -> bytes:
    """The file whose tiles lie in the order given, behind the header and ``room`` bytes more."""
    beside, shared = description or Tree(), jpeg_tables(layout)
    position = header_bytes(layout, beside, shared) + room
    tables = [TileTable.blank(grid.pixels) for grid in layout.grids]
    for tile in found:
        tables[tile.level].put(tile.index, position, len(tile.data))
        position += len(tile.data)
    head = header(layout, tables, beside, shared)
    assert len(head) == header_bytes(layout, beside, shared)
    return head + bytes(room) + b"".join(tile.data for tile in found)


def cog(array: Image, layout: CogLayout, description: Tree | None = None) -> bytes:
    """The file of an array, its tiles in any order."""
    return assembled(in_any_order(encoded(pyramid(array, layout), layout)), layout, description)
