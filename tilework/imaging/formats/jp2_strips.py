"""JPEG 2000 in strips: tile by tile into a file, which is not kept in memory; a large tile window by window.

Each tile becomes a small codestream of its own, which the one decoder decodes. One that is too large for that, as the
only one of a codestream without tiles is, goes to GDAL's OpenJPEG, which decodes parts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError
from tilework.imaging.formats.file_memory import fetched, in_file, kept_out_of_memory
from tilework.imaging.formats.jp2 import (
    SAMPLE_BYTES,
    complete_tiles,
    detail_of,
    parted,
    read_metadata,
    read_pixels,
)
from tilework.imaging.formats.jp2_tiles import main_header, tile_codestream
from tilework.imaging.formats.jp2_windows import CACHE_BYTES, read_windows
from tilework.imaging.formats.picture import Found
from tilework.imaging.limits import MIB
from tilework.imaging.windows import Size, Window

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from tilework.imaging.formats.header import Header
    from tilework.imaging.formats.jp2 import JP2Detail
    from tilework.imaging.formats.jp2_codestream import Tiles
    from tilework.imaging.formats.picture import Picture
    from tilework.imaging.operations.contract import Image
    from tilework.imaging.sources import Source

WHOLE_BYTES = 96 * MIB
"""Most memory that a tile decoded whole may take beside its pixels: 2,048 x 2,048 of colour take 84 MiB."""

PAGES_BYTES = 32 * MIB
"""Of the files, filled or read until they are let go of. Measured: up to 44 MB, with what other formats have of it."""

WINDOW_BYTES = CACHE_BYTES + 64 * MIB
"""GDAL's own memory, and OpenJPEG's for a window."""


def read(source: Source, header: Header, rows: int, folder: Path | None) -> Generator[Picture, None, Found]:
    """Yield the strips, and return what else was found; see :func:`~tilework.imaging.formats.strips.read_strips`."""
    import numpy as np

    detail, size = detail_of(header), header.stored
    encoded = fetched(source, folder, b"")
    with (
        in_file(size.pixels * header.pixels.bytes, folder) as (_, memory),
        kept_out_of_memory(encoded, memory),
    ):
        metadata = read_metadata(memoryview(encoded), header)
        codestream = memoryview(encoded)[detail.start : detail.stop]
        tiles, notes = complete_tiles(codestream, detail)
        decoded = np.frombuffer(memory, header.pixels.dtype).reshape(size.height, size.width, -1)
        top = 0
        for bottom in _fill(decoded, codestream, tiles, detail, folder):
            while top < bottom and (top + rows <= bottom or bottom == size.height):
                yield _copied(decoded[top : min(top + rows, bottom)], detail)
                top += rows
    return Found(notes, metadata)


def _copied(rows: Image, detail: JP2Detail) -> Picture:
    import numpy as np

    # components change places, which makes a copy
    return parted(rows if rows.shape[2] > 1 else np.array(rows[:, :, 0]), detail)


def _fill(
    decoded: Image, codestream: memoryview, tiles: Tiles, detail: JP2Detail, folder: Path | None
) -> Iterator[int]:
    """Decode tile after tile; yield how many rows from the top on are there, whenever there are more."""
    whole = detail.frame.corners
    header = main_header(codestream, detail.frame)
    for tile in range(detail.frame.tiles):
        corners = whole.of_tile(tile)
        parts = tile_codestream(codestream, header, tiles, tile, corners)
        damage = f"Tile {tile + 1:,} of {detail.frame.tiles:,} of the JPEG 2000 is damaged"
        top, left = corners.top - whole.top, corners.left - whole.left
        place = decoded[top : corners.bottom - whole.top, left : corners.right - whole.left]
        small = _tile_bytes(detail, corners.size) <= WHOLE_BYTES
        read = _whole(parts, corners.size, damage) if small else _windows(parts, corners.size, damage, folder)
        for window, pixels in read:
            _put(pixels, place, window)
            if corners.right == whole.right and window.right == corners.size.width:
                yield top + window.bottom


def _whole(parts: Iterator[bytes | memoryview], size: Size, damage: str) -> Iterator[tuple[Window, Image]]:
    pixels = read_pixels(b"".join(parts), damage)
    yield Window.whole(size), pixels.reshape(*pixels.shape[:2], -1)


def _windows(
    parts: Iterator[bytes | memoryview], size: Size, damage: str, folder: Path | None
) -> Iterator[tuple[Window, Image]]:
    pieces = list(parts)
    with in_file(sum(map(len, pieces)), folder) as (file, _):
        for piece in pieces:
            file.write(piece)
        file.flush()
        yield from read_windows(file, size, damage)


def _put(pixels: Image, place: Image, window: Window) -> None:
    part = place[window.top : window.bottom, window.left : window.right]
    if part.shape != pixels.shape or part.dtype != pixels.dtype:
        raise DamagedImageError("The pixels are not those that the header announces.")
    part[:] = pixels


def held_bytes(header: Header) -> int:
    """What decoding the largest tile takes.

    Of a tile that is decoded whole OpenJPEG holds its samples, of any other its encoded bytes, each beside what it makes
    of the blocks.
    """
    detail, size = detail_of(header), header.stored
    width, height = detail.frame.corners.tile_width, detail.frame.corners.tile_height
    largest = Size(min(width, size.width), min(height, size.height))
    pixels = largest.pixels * header.pixels.bytes
    encoded = min(detail.stop - detail.start, pixels)
    if _tile_bytes(detail, largest) <= WHOLE_BYTES:
        return PAGES_BYTES + _tile_bytes(detail, largest) + pixels + encoded
    return PAGES_BYTES + WINDOW_BYTES + _structure(detail, largest) + encoded


def _tile_bytes(detail: JP2Detail, size: Size) -> int:
    """Memory that decoding a tile whole takes, beside its pixels."""
    return SAMPLE_BYTES * size.pixels * detail.frame.components + _structure(detail, size)


def _structure(detail: JP2Detail, size: Size) -> int:
    """A tile's share of the memory for blocks."""
    return detail.structure * size.pixels // detail.frame.size.pixels
