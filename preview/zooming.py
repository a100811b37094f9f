"""An open image as it is zoomed: of a TIFF the page and its overviews, of others what was decoded, halved and halved again.

A tile that the file holds as a browser shows it is handed through as it is.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast

import cv2

from preview.layers import Overview, Zoomable, halvings
from preview.levels import FITTING_TILES, TILE
from preview.on_screen import MEDIA_TYPE, Levels, Packed, levels_of, packed, png, shown
from preview.overviews import overviews
from tilework.imaging.formats import Format, open_reader
from tilework.imaging.formats.cog_tiles import read_cog
from tilework.imaging.formats.header import turned_by
from tilework.imaging.formats.tile_pictures import media_type, tile_picture
from tilework.imaging.limits import MIB
from tilework.imaging.windows import Size

if TYPE_CHECKING:
    from preview.coarse import ReadingTurn
    from preview.layers import Layer
    from preview.opened import Opened
    from tilework.imaging.formats import Header
    from tilework.imaging.formats.cog_tiles import CogTiles
    from tilework.imaging.formats.tiff_detail import TiffDetail
    from tilework.imaging.limits import Limits
    from tilework.imaging.sources import Source

CACHE_BYTES = 16 * MIB
"""Most decoded tiles that are kept of an overview: a row of ours meets the same of its."""

OVERVIEWS_BYTES = 96 * MIB
"""Of all of them together: a file may name more than halves of halves."""

JPEG = [
    cv2.IMWRITE_JPEG_QUALITY, 92,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
]  # fmt: skip
"""For means, which are no pixels of the image anyway; colours at full size, for a look at edges."""


class Zoomed:
    """An image that is zoomed; for many threads."""

    def __init__(self, opened: Opened, source: Source, limits: Limits, turn: ReadingTurn) -> None:
        """Raises ImageError, ServiceError, NotZoomableError."""
        self.opened = opened
        self._source = source
        header = opened.header
        self._stored = read_cog(source, limits) if header.format is Format.TIFF else None
        layers = _layers(opened, source, limits)
        self.image = Zoomable(layers, header.pixels, _own_tile(header), _segment(header), turn)

    @property
    def bytes(self) -> int:
        """What it takes of the memory beside what is open: smaller layers, and tiles of overviews that stay decoded."""
        return self.image.held_bytes

    @cached_property
    def displayed(self) -> Levels | None:
        """What is shown black and white, measured on the smallest level; None of bytes, which are shown as they are."""
        if self.image.pixels.dtype == "uint8":
            return None
        return levels_of(self.image.whole(len(self.image.levels.sizes) - 1))

    def tile(self, level: int, column: int, row: int, displayed: Levels | None) -> Packed:
        """A tile for display. Raises NoSuchTileError, ImageError, ServiceError."""
        levels = self.image.levels
        window = levels.window(level, column, row)
        stored = self._handed_through
        if stored is not None:
            index = row * levels.grid(level).across + column
            data = stored.read(self._source, level, index)
            picture = tile_picture(data, stored.layout, stored.jpeg_tables)
            return Packed(picture, media_type(stored.layout) or "")
        made = shown(self.image.read(level, window), displayed)
        return Packed(png(made), MEDIA_TYPE) if level == 0 else packed(made, JPEG)

    @cached_property
    def _handed_through(self) -> CogTiles | None:
        """The file's own tiles, where a browser shows them as they are, and they are those of our levels."""
        found = self._stored
        if found is None or found.layout.pixels.dtype != "uint8" or self.opened.header.orientation != 1:
            return None
        levels = self.image.levels
        same = found.layout.tile == levels.tile and found.layout.levels == levels.sizes
        return found if same and media_type(found.layout) is not None else None


def _layers(opened: Opened, source: Source, limits: Limits) -> list[Layer]:
    smaller = overviews(source, opened.header, limits)
    alone = not smaller and not _is_tiled(opened.header) and opened.fits_whole
    if alone or not opened.is_windowed:
        return halvings(opened.whole(), TILE)
    most = min(CACHE_BYTES, OVERVIEWS_BYTES // max(1, len(smaller)))
    found = [(open_reader(source, each, most), min(most, each.decoded_bytes)) for each in smaller]
    return [opened, *(Overview(reader, cached) for reader, cached in found if reader is not None)]


def _is_tiled(header: Header) -> bool:
    return header.format is Format.TIFF and cast("TiffDetail", header.detail).segments.tiled


def _segment(header: Header) -> Size:
    """What the file reads at once, as it lies in the upright image: a tile, a strip, a row."""
    row = Size(header.stored.width, 1)
    stored = cast("TiffDetail", header.detail).segments.segment if header.format is Format.TIFF else row
    return turned_by(stored, header.orientation)


def _own_tile(header: Header) -> int:
    """The side of a file's own tiles, where they are square and of a fitting size."""
    if not _is_tiled(header):
        return TILE
    segment = cast("TiffDetail", header.detail).segments.segment
    return segment.width if segment.width == segment.height and segment.width in FITTING_TILES else TILE
