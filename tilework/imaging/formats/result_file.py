"""The file of a large result, whichever it is: a Cloud-Optimized GeoTIFF, or an archive of tiles.

Both are a head, of which the length is known before any tile is, and behind it the tiles in any order, but for the first
of each level: these come last, the smallest level's first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.formats import cog, tile_archive
from tilework.imaging.formats.tile_encoding import encode_tile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tilework.imaging.formats.cog import CogLayout, TileTable
    from tilework.imaging.formats.picture import Picture
    from tilework.imaging.formats.tiff_tags import Tree


def tile_bytes(picture: Picture, layout: CogLayout, level: int, index: int) -> bytes:
    """A tile as the file holds it. Raises as :func:`~tilework.imaging.formats.tile_encoding.encode_tile`."""
    if layout.scheme == "cog":
        return encode_tile(picture, layout)
    return tile_archive.tile_entry(picture, layout, level, index)


def head_bytes(layout: CogLayout, description: Tree, jpeg_tables: bytes) -> int:
    """Bytes that :func:`head` will have."""
    if layout.scheme == "cog":
        return cog.header_bytes(layout, description, jpeg_tables)
    return len(tile_archive.description(layout))


def head(layout: CogLayout, tables: Sequence[TileTable], description: Tree, jpeg_tables: bytes) -> bytes:
    """What stands before the tiles. Raises as :func:`~tilework.imaging.formats.cog.header`."""
    if layout.scheme == "cog":
        return cog.header(layout, tables, description, jpeg_tables)
    return tile_archive.description(layout)


def room(layout: CogLayout, size: int) -> bytes:
    """``size`` bytes between two tiles that no reader minds."""
    return bytes(size) if layout.scheme == "cog" else tile_archive.filling(size)


def suffix(layout: CogLayout) -> str:
    """How the file's name ends."""
    return ".tif" if layout.scheme == "cog" else tile_archive.suffix(layout.scheme)


def content_type(layout: CogLayout) -> str:
    """Its media type."""
    return "image/tiff" if layout.scheme == "cog" else tile_archive.CONTENT_TYPE
