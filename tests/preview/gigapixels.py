"""A TIFF of any size, as results are, in moments: one picture over and over, each of its tiles in the file once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tilework.imaging.formats.cog import CogLayout, TileTable, header, header_bytes
from tilework.imaging.formats.picture import Picture
from tilework.imaging.formats.pyramid import halved
from tilework.imaging.formats.tiff_tags import Tree
from tilework.imaging.formats.tile_encoding import encode_tile, jpeg_tables
from tilework.imaging.windows import Size

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image

TILE = 512


def repeated(side: int, base: Image, compression: str = "jpeg") -> bytes:
    """A file of ``side`` x ``side`` pixels with all overviews, of copies of ``base``, whose sides are powers of two."""
    picture = Picture(base)
    layout = CogLayout(
        size=Size(side, side), pixels=picture.pixels, tile=TILE, compression=compression, quality=85,  # type: ignore[arg-type]
    )  # fmt: skip
    shared = jpeg_tables(layout)
    body = bytearray(header_bytes(layout, Tree({}), shared))
    tables = []
    for grid in layout.grids:
        places = _appended(body, picture, layout)
        down, across = len(places), len(places[0])
        table = TileTable.blank(grid.pixels)
        for index in range(grid.pixels):
            row, column = divmod(index, grid.width)
            table.put(index, *places[row % down][column % across])
        tables.append(table)
        picture = halved(picture)
    body[: header_bytes(layout, Tree({}), shared)] = header(layout, tables, Tree({}), shared)
    return bytes(body)


def _appended(body: bytearray, picture: Picture, layout: CogLayout) -> list[list[tuple[int, int]]]:
    """Append each tile of a picture, which is repeated to fill one at least; where each lies."""
    colour = picture.colour
    repeats = tuple(max(1, TILE // length) for length in colour.shape[:2]) + (1,) * (colour.ndim - 2)
    colour = np.tile(colour, repeats)
    places = []
    for top in range(0, colour.shape[0], TILE):
        row = []
        for left in range(0, colour.shape[1], TILE):
            data = encode_tile(
                Picture(np.ascontiguousarray(colour[top : top + TILE, left : left + TILE])), layout
            )
            row.append((len(body), len(data)))
            body += data
        places.append(row)
    return places
