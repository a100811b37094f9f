"""An open image as it is zoomed: of a TIFF the page and its overviews, of others what was decoded, halved and halved again.

A tile that the file holds as a browser shows it is handed through as it is.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, cast

import cv2

from preview.layers import Overview, Zoomable, halvings
from preview.levels import FITTING_TILES, TILE
from preview.on_screen import MEDIA_TYPE, Levels, levels_of, png, shown
from preview.overviews import overviews
from tilework.imaging.formats import Format, open_reader
from tilework.imaging.formats.cog_tiles import read_cog
from tilework.imaging.formats.tile_pictures import media_type, tile_picture
from tilework.imaging.limits import MIB

if TYPE_CHECKING:
    from preview.layers import Layer
    from preview.library import Address, Library
    from preview.opened import Opened
    from tilework.imaging.formats import Header
    from tilework.imaging.formats.cog_tiles import CogTiles
    from tilework.imaging.formats.tiff_detail import TiffDetail
    from tilework.imaging.limits import Limits
    from tilework.imaging.sources import Source

CACHE_BYTES = 16 * MIB
"""Decoded tiles that are kept of each overview: a row of ours meets the same of its."""

JPEG = [
    cv2.IMWRITE_JPEG_QUALITY, 92,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
]  # fmt: skip
"""For means, which are no pixels of the image anyway; colours at full size, for a look at edges."""


class Tile(NamedTuple):
    """A picture for a browser."""

    body: bytes
    media_type: str


class Zoomed:
    """An image that is zoomed; for many threads."""

    def __init__(self, opened: Opened, source: Source, limits: Limits) -> None:
        """Raises ImageError, ServiceError, NotZoomableError."""
        self.opened = opened
        self._source = source
        header = opened.header
        self._stored = read_cog(source) if header.format is Format.TIFF else None
        self.image = Zoomable(_layers(opened, source, limits), header.pixels, _own_tile(header))

    @property
    def bytes(self) -> int:
        """What it holds of the memory, what is open included."""
        return self.opened.bytes + self.image.held_bytes

    @cached_property
    def displayed(self) -> Levels | None:
        """What is shown black and white, measured on the smallest level; None of bytes, which are shown as they are."""
        if self.image.pixels.dtype == "uint8":
            return None
        return levels_of(self.image.whole(len(self.image.levels.sizes) - 1))

    def tile(self, level: int, column: int, row: int, displayed: Levels | None) -> Tile:
        """A tile for display. Raises NoSuchTileError, ImageError, ServiceError."""
        levels = self.image.levels
        window = levels.window(level, column, row)
        stored = self._handed_through
        if stored is not None:
            index = row * levels.grid(level).across + column
            data = stored.read(self._source, level, index)
            picture = tile_picture(data, stored.layout, stored.jpeg_tables)
            return Tile(picture, media_type(stored.layout) or "")
        picture_of_it = shown(self.image.read(level, window), displayed)
        if level == 0 or picture_of_it.alpha is not None:
            return Tile(png(picture_of_it), MEDIA_TYPE)
        return Tile(bytes(cv2.imencode(".jpg", picture_of_it.colour, JPEG)[1].data), "image/jpeg")

    @cached_property
    def _handed_through(self) -> CogTiles | None:
        """The file's own tiles, where a browser shows them as they are, and they are those of our levels."""
        found = self._stored
        if found is None or found.layout.pixels.dtype != "uint8" or self.opened.header.orientation != 1:
            return None
        levels = self.image.levels
        same = found.layout.tile == levels.tile and found.layout.levels == levels.sizes
        return found if same and media_type(found.layout) is not None else None


class Shelf:
    """What was zoomed last stays, as far as there is room for it; thread-safe."""

    def __init__(self, library: Library, limits: Limits, room: int) -> None:
        self._library = library
        self._limits = limits
        self._room = room
        self._lock = threading.Lock()
        self._kept: OrderedDict[Address, Zoomed] = OrderedDict()

    def take(self, address: Address) -> Zoomed:
        """An image as it is zoomed. Raises what opening it raises, and NotZoomableError."""
        # the library opens each once, however many ask at once
        opened = self._library.open(address)
        with self._lock:
            found = self._kept.get(address)
            if found is not None and found.opened is opened:
                self._kept.move_to_end(address)
                return found
        made = Zoomed(opened, self._library.source(address), self._limits)
        with self._lock:
            self._kept[address] = made
            self._kept.move_to_end(address)
            while len(self._kept) > 1 and sum(each.bytes for each in self._kept.values()) > self._room:
                self._kept.popitem(last=False)
        return made


def _layers(opened: Opened, source: Source, limits: Limits) -> list[Layer]:
    smaller = overviews(source, opened.header, limits)
    alone = not smaller and not _is_tiled(opened.header) and opened.fits_whole
    if alone or not opened.is_windowed:
        return halvings(opened.whole(), TILE)
    readers = [open_reader(source, each, CACHE_BYTES) for each in smaller]
    return [opened, *(Overview(each) for each in readers if each is not None)]


def _is_tiled(header: Header) -> bool:
    return header.format is Format.TIFF and cast("TiffDetail", header.detail).segments.tiled


def _own_tile(header: Header) -> int:
    """The side of a file's own tiles, where they are square and of a fitting size."""
    if not _is_tiled(header):
        return TILE
    segment = cast("TiffDetail", header.detail).segments.segment
    return segment.width if segment.width == segment.height and segment.width in FITTING_TILES else TILE
