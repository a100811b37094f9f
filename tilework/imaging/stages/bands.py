"""What of a row of tiles is read at once: all of it, or where that would be far more than it shows, a part.

The pixels that a row of the result is made of need not be a row of the image: of a turned image they slant, and their
bounding box is mostly other pixels; of a much smaller one they are too many. Any windows make the same pixels, so a
row is then made tile by tile, or a few rows of pixels at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.engine import run_window
from tilework.imaging.formats.bands import blank
from tilework.imaging.limits import MIB
from tilework.imaging.stages.readers import Band, paste
from tilework.imaging.windows import Size, Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.imaging.formats import Picture
    from tilework.imaging.formats.contract import Reader
    from tilework.imaging.operations import Pixels
    from tilework.imaging.pipeline import Pipeline

WASTE = 1.5
"""How many times the pixels that its tiles depend on one by one may be read for a row at once."""

PIECE_BYTES = 64 * MIB
"""Of the pixels on which a part of a row depends, where they are more than it has itself."""


def piece_of(pipeline: Pipeline, row: Window, tile: int, size: Size, pixels: Pixels) -> Size:
    """How much of a row of tiles of the result of an image of ``size`` is made at once: its width, or a tile's."""
    if not pipeline.steps:
        return row.size
    width, height = row.width, max(tile, row.height)
    one = middle_of(row, Size(min(tile, width), row.height))
    of_tiles = source_of(pipeline, one, size, pixels).size.pixels * width / one.width
    if source_of(pipeline, row, size, pixels).size.pixels > WASTE * of_tiles:
        width = one.width
    before: tuple[int, int] | None = None
    while True:
        rows = min(height, row.height)
        needed = _most_bytes(pipeline, middle_of(row, Size(width, rows)), size, pixels)
        if before is not None and 5 * needed * before[0] > before[1] * (4 * before[0] + rows):
            # windows are widened: fewer rows would need little less
            return Size(width, before[0])
        result = width * rows * pipeline.kinds(pixels)[-1].bytes
        if rows == 1 or needed <= max(PIECE_BYTES, 2 * result):
            return Size(width, rows)
        before, height = (rows, needed), -(-height // 2)


def _most_bytes(pipeline: Pipeline, window: Window, size: Size, pixels: Pixels) -> int:
    """Bytes of what a window of the result depends on, before whichever step that is most."""
    sites, kinds = pipeline.sites(window, size, pixels), pipeline.kinds(pixels)
    return max(site.source.size.pixels * kind.bytes for site, kind in zip(sites, kinds, strict=False))


def source_of(pipeline: Pipeline, window: Window, size: Size, pixels: Pixels) -> Window:
    """The pixels of an image on which a window of the result depends."""
    sites = pipeline.sites(window, size, pixels)
    return sites[0].source if sites else window


def middle_of(row: Window, size: Size) -> Window:
    """A window of a size that lies in the middle of a row, at its top."""
    left = row.left + (row.width - size.width) // 2
    return Window(left, row.top, left + size.width, row.top + size.height)


def tiles_of(reader: Reader, pipeline: Pipeline, row: Window, tile: int) -> Iterator[tuple[Window, Picture]]:
    """The tiles of a row of the result, from left to right, each with its pixels."""
    piece = piece_of(pipeline, row, tile, reader.size, reader.pixels)
    for left in range(row.left, row.right, piece.width):
        part = Window(left, row.top, min(row.right, left + piece.width), row.bottom)
        if piece.height == row.height:
            band = band_of(reader, pipeline, part)
            for window in _cut(part, tile):
                yield window, run_window(band, pipeline, window)
            continue
        # in lines of pixels from the top down, as its tiles fill
        held = Band(reader.size, part, assembled(reader, pipeline, part, piece, tile))
        yield from ((window, held.read(window)) for window in _cut(part, tile))


def made(reader: Reader, pipeline: Pipeline, window: Window, tile: int) -> Picture:
    """All pixels of a window of the result, which is a row of tiles or a little more."""
    piece = piece_of(pipeline, window, tile, reader.size, reader.pixels)
    if piece == window.size:
        return run_window(reader, pipeline, window)
    return assembled(reader, pipeline, window, piece, tile)


def assembled(reader: Reader, pipeline: Pipeline, window: Window, piece: Size, tile: int) -> Picture:
    """The pixels of a window, of which those for each piece are read at once, and made by columns of a tile."""
    picture = blank(window.size, pipeline.kinds(reader.pixels)[-1])
    for left in range(window.left, window.right, piece.width):
        for top in range(window.top, window.bottom, piece.height):
            right, bottom = min(window.right, left + piece.width), min(window.bottom, top + piece.height)
            part = Window(left, top, right, bottom)
            band = band_of(reader, pipeline, part)
            for place in _cut(part, tile):
                paste(run_window(band, pipeline, place), place, picture, window)
    return picture


def band_of(reader: Reader, pipeline: Pipeline, window: Window) -> Band:
    """All pixels on which a window depends, read at once."""
    source = source_of(pipeline, window, reader.size, reader.pixels)
    return Band(reader.size, source, reader.read(source))


def _cut(row: Window, width: int) -> Iterator[Window]:
    """A row from left to right."""
    for left in range(row.left, row.right, width):
        yield Window(left, row.top, min(row.right, left + width), row.bottom)
