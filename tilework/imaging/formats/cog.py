"""The layout of a Cloud-Optimized GeoTIFF (OGC 21-026), and the bytes before its tiles. No pixel, and no file.

A file is a BigTIFF, little-endian: its header, the directories (the main image at byte 16, then its overviews from
large to small), the tables of where the tiles lie, the tiles. How many bytes stand before the first tile is known
before any tile is (:func:`header_bytes`); so tiles are appended by whoever has them, in any order, and the header is
written last. Nothing is promised in GDAL's ghost area (GDAL_STRUCTURAL_METADATA): tiles lie in no order and have no
leaders, and readers ask for none of it.

The order of the first tiles. The format wants the data of small overviews before that of larger ones and of the main
image, and validators look at the first tile of each level for it: the offset of tile 0 of the smallest overview must
be the lowest of these, that of the main image the highest. So who appends tiles holds back tile 0 of each level, and
appends them at the end, the smallest overview's first.
"""

from __future__ import annotations

import struct
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tilework.imaging.formats import tiff_coding
from tilework.imaging.formats.tiff_coding import COMPRESSION, FLOATING, HORIZONTAL, JPEG_TABLES, PREDICTOR
from tilework.imaging.formats.tiff_directory import BIG, LONG, LONG8, RATIONAL, SHORT, UNDEFINED
from tilework.imaging.formats.tiff_pages import REDUCED, SUBFILE
from tilework.imaging.formats.tiff_samples import (
    ASSOCIATED,
    BITS,
    BLACK_IS_ZERO,
    EXTRA_SAMPLES,
    FLOAT,
    INT,
    PHOTOMETRIC,
    RGB,
    SAMPLE_FORMAT,
    SAMPLES,
    UINT,
    UNASSOCIATED,
    YCBCR,
)
from tilework.imaging.formats.tiff_segments import (
    CHUNKY,
    HEIGHT,
    PLANAR,
    TILE_BYTES,
    TILE_HEIGHT,
    TILE_OFFSETS,
    TILE_WIDTH,
    WIDTH,
)
from tilework.imaging.formats.tiff_subsampling import SUBSAMPLINGS, YCBCR_SUBSAMPLING
from tilework.imaging.formats.tiff_tags import Tag, Tree, write_directory
from tilework.imaging.operations.contract import ITEM_BYTES
from tilework.imaging.windows import Size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tilework.imaging.operations import Pixels

Compression = Literal["deflate", "lzw", "jpeg", "none"]
Subsampling = Literal["4:4:4", "4:2:2", "4:2:0"]
Scheme = Literal["cog", "dzi", "xyz"]

COMPRESSIONS = {
    "deflate": tiff_coding.DEFLATE,
    "lzw": tiff_coding.LZW,
    "jpeg": tiff_coding.JPEG,
    "none": tiff_coding.NONE,
}
FORMATS = {"u": UINT, "i": INT, "f": FLOAT}
REFERENCE_BLACK_WHITE = 532
FULL_RANGE = (0, 1, 255, 1, 128, 1, 255, 1, 128, 1, 255, 1)
"""Luma from 0 to 255, chroma around 128, as fractions: JPEG's YCbCr. Where the tag is missing, TIFF means video's range."""

UNSPECIFIED = 0
COLOURS = 3
TILE_STEP = 16
"""Tiles' sides are multiples of it (TIFF 6.0, section 15)."""

FIRST_DIRECTORY = 16
ALIGNMENT = 8
ENTRY_BYTES = 8
"""A value that is no longer stands in its directory's entry."""

MOST_TILE_BYTES = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class CogLayout:
    """What kind of file it is; picklable, for it crosses to all who encode tiles.

    ``tile`` is the side of a square tile in pixels. ``subsampling`` and ``quality`` (1 to 100) are those of JPEG tiles.
    ``scheme`` is ``cog``, or that of an archive of tiles (:mod:`~tilework.imaging.formats.tile_archive`), whose tiles are
    JPEGs or else PNGs. ``unnamed`` says that three channels are no red, green and blue, ``premultiplied`` that the colours are multiplied
    by the alpha, ``mask`` that the image is black and white, ``labels`` that each value numbers something: overviews have
    no means then, but one of four. Raises ValueError for what does not go together.
    """

    size: Size
    pixels: Pixels
    tile: int = 512
    compression: Compression = "deflate"
    subsampling: Subsampling = "4:4:4"
    quality: int = 95
    overviews: bool = True
    unnamed: bool = False
    premultiplied: bool = False
    mask: bool = False
    scheme: Scheme = "cog"
    labels: bool = False

    def __post_init__(self) -> None:
        if self.tile < TILE_STEP or self.tile % TILE_STEP:
            raise ValueError(f"tiles of {self.tile} pixels: their side is a multiple of {TILE_STEP}")
        if self.pixels.channels not in {1, COLOURS} or self.pixels.dtype not in ITEM_BYTES:
            raise ValueError(f"no TIFF is written of {self.pixels}")
        if self.compression == "jpeg" and (
            self.pixels.dtype != "uint8" or self.pixels.alpha or self.unnamed or not 1 <= self.quality <= 100  # noqa: PLR2004
        ):
            raise ValueError(
                "JPEG tiles are of grey or named colours in 8 bits, without alpha, quality 1 to 100"
            )

    @property
    def levels(self) -> tuple[Size, ...]:
        """Sizes of the main image and its overviews.

        Each is half of the one before, rounded up; the last is the first that fits one tile, for Deep Zoom one pixel.
        """
        sizes, last = [self.size], 1 if self.scheme == "dzi" else self.tile
        while self.overviews and max(sizes[-1].width, sizes[-1].height) > last:
            sizes.append(Size(-(-sizes[-1].width // 2), -(-sizes[-1].height // 2)))
        return tuple(sizes)

    @property
    def grids(self) -> tuple[Size, ...]:
        """How many tiles each level has across and down; they are counted row by row."""
        return tuple(Size(-(-size.width // self.tile), -(-size.height // self.tile)) for size in self.levels)

    @property
    def predictor(self) -> int | None:
        """How samples are told by their neighbours (tag 317); None where the compression has no use for it."""
        if self.compression not in {"deflate", "lzw"} or self.mask:
            return None
        return FLOATING if self.pixels.dtype.startswith("float") else HORIZONTAL


@dataclass(frozen=True, slots=True)
class TileTable:
    """Where the tiles of one level lie in the file, row by row, and their bytes: 64-bit unsigned numbers, both."""

    offsets: array[int]
    counts: array[int]

    @classmethod
    def blank(cls, tiles: int) -> TileTable:
        """A table to be filled."""
        empty = bytes(8 * tiles)
        return cls(array("Q", empty), array("Q", empty))

    def put(self, tile: int, offset: int, count: int) -> None:
        """Note where a tile lies."""
        self.offsets[tile] = offset
        self.counts[tile] = count


def header_bytes(layout: CogLayout, description: Tree, jpeg_tables: bytes = b"") -> int:
    """Bytes that :func:`header` will have: no tile may lie before. A file may leave more room, zeros."""
    return _Places.of(layout, description, jpeg_tables).stop


def header(
    layout: CogLayout, tables: Sequence[TileTable], description: Tree, jpeg_tables: bytes = b""
) -> bytes:
    """Return the bytes before the tiles.

    ``tables`` are those of the levels, ``description`` is of
    :func:`~tilework.imaging.formats.tiff_description.description` and goes with the main image, ``jpeg_tables`` are of
    :func:`~tilework.imaging.formats.tile_encoding.jpeg_tables`. Raises ValueError where a table is of another
    length, or a tile is missing or lies within the header.
    """
    places = _Places.of(layout, description, jpeg_tables)
    data = bytearray(places.stop)
    struct.pack_into("<2sHHHQ", data, 0, b"II", BIG, 8, 0, FIRST_DIRECTORY)
    following = (*places.directories[1:], 0)
    trees = _trees(layout, description, jpeg_tables)
    for level, (tree, table) in enumerate(zip(trees, tables, strict=True)):
        offsets, counts = _packed(table, layout.grids[level].pixels, places.stop)
        start = places.tables[level]
        tree.tags[TILE_OFFSETS] = _value(LONG8, offsets, start)
        tree.tags[TILE_BYTES] = _value(LONG, counts, start + len(offsets))
        data[start : start + len(offsets) + len(counts)] = offsets + counts
        position = places.directories[level]
        directory = write_directory(tree, position, big=True, following=following[level])
        data[position : position + len(directory)] = directory
    return bytes(data)


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the directories and the tables of tiles of each level lie, and where the header stops.

    All directories lie before all tables, so that one small request shows what the file holds.
    """

    directories: tuple[int, ...]
    tables: tuple[int, ...]
    stop: int

    @classmethod
    def of(cls, layout: CogLayout, description: Tree, jpeg_tables: bytes) -> _Places:
        # the length of a directory does not depend on what its entries of fixed length say
        lengths = [
            len(write_directory(tree, 0, big=True)) for tree in _trees(layout, description, jpeg_tables)
        ]
        lengths += [(8 + 4) * grid.pixels for grid in layout.grids]
        positions = [FIRST_DIRECTORY]
        for length in lengths:
            positions.append(-(-(positions[-1] + length) // ALIGNMENT) * ALIGNMENT)
        levels = len(layout.grids)
        return cls(tuple(positions[:levels]), tuple(positions[levels:-1]), positions[-1])


def _trees(layout: CogLayout, description: Tree, jpeg_tables: bytes) -> Iterator[Tree]:
    """The directories of all levels, their tables of tiles not filled in."""
    for level, size in enumerate(layout.levels):
        tags = {
            SUBFILE: _numbers(LONG, REDUCED if level else 0),
            WIDTH: _numbers(LONG, size.width),
            HEIGHT: _numbers(LONG, size.height),
            **_samples(layout),
            **_coding(layout, jpeg_tables),
            TILE_OFFSETS: Tag(LONG8, 1, bytes(8)),
            TILE_BYTES: Tag(LONG, 1, bytes(4)),
        }
        yield Tree(tags) if level else Tree(description.tags | tags, description.below)


def _samples(layout: CogLayout) -> dict[int, Tag]:
    """The tags that tell what one pixel is."""
    pixels = layout.pixels
    count = pixels.channels + pixels.alpha
    named = pixels.channels == COLOURS and not layout.unnamed
    colours = YCBCR if layout.compression == "jpeg" else RGB
    extra = [] if named else [UNSPECIFIED] * (pixels.channels - 1)
    if pixels.alpha:
        extra.append(ASSOCIATED if layout.premultiplied else UNASSOCIATED)
    tags = {
        BITS: _numbers(SHORT, *[8 * ITEM_BYTES[pixels.dtype]] * count),
        PHOTOMETRIC: _numbers(SHORT, colours if named else BLACK_IS_ZERO),
        SAMPLES: _numbers(SHORT, count),
        PLANAR: _numbers(SHORT, CHUNKY),
        SAMPLE_FORMAT: _numbers(SHORT, *[FORMATS[pixels.dtype[0]]] * count),
    }
    return tags | {EXTRA_SAMPLES: _numbers(SHORT, *extra)} if extra else tags


def _coding(layout: CogLayout, jpeg_tables: bytes) -> dict[int, Tag]:
    """The tags that tell how a tile is packed."""
    tags = {
        COMPRESSION: _numbers(SHORT, COMPRESSIONS[layout.compression]),
        TILE_WIDTH: _numbers(LONG, layout.tile),
        TILE_HEIGHT: _numbers(LONG, layout.tile),
    }
    if layout.predictor is not None:
        tags[PREDICTOR] = _numbers(SHORT, layout.predictor)
    if layout.compression == "jpeg":
        tags[JPEG_TABLES] = Tag(UNDEFINED, len(jpeg_tables), jpeg_tables)
        if layout.pixels.channels == COLOURS:
            tags[YCBCR_SUBSAMPLING] = _numbers(SHORT, *SUBSAMPLINGS[layout.subsampling])
            tags[REFERENCE_BLACK_WHITE] = _numbers(RATIONAL, *FULL_RANGE)
    return tags


def _numbers(kind: int, *numbers: int) -> Tag:
    code, each = {SHORT: ("H", 1), LONG: ("I", 1), RATIONAL: ("I", 2)}[kind]
    return Tag(kind, len(numbers) // each, struct.pack(f"<{len(numbers)}{code}", *numbers))


def _value(kind: int, data: bytes, position: int) -> Tag:
    """A tag whose value lies at ``position`` in the file unless it stands in the entry itself."""
    count = len(data) // {LONG: 4, LONG8: 8}[kind]
    return Tag(kind, count, data if len(data) <= ENTRY_BYTES else struct.pack("<Q", position))


def _packed(table: TileTable, tiles: int, first: int) -> tuple[bytes, bytes]:
    """A level's table as the file holds it, checked: offsets of 64 bits and counts of 32."""
    import numpy as np

    offsets, counts = np.asarray(table.offsets, "<u8"), np.asarray(table.counts, "<u8")
    if len(offsets) != tiles or len(counts) != tiles:
        raise ValueError(
            f"a table of {len(offsets):,} offsets and {len(counts):,} counts for {tiles:,} tiles"
        )
    wrong = np.flatnonzero((offsets < first) | (counts == 0) | (counts > MOST_TILE_BYTES))
    if wrong.size:
        tile = int(wrong[0])
        raise ValueError(
            f"tile {tile:,} of {tiles:,} lies at byte {offsets[tile]:,} with {counts[tile]:,} bytes; "
            f"{wrong.size:,} tiles are missing, within the header of {first:,} bytes, or too long"
        )
    return offsets.tobytes(), counts.astype("<u4").tobytes()
