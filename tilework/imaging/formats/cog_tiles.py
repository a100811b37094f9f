"""A finished result read for its tiles: what :mod:`cog` has laid out, and any tiled TIFF that is laid out so.

Without NumPy, and a tile at a time: who serves tiles has none, and asks for few of many. Images that are worked on are
read by :mod:`tiff`, which checks them whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError
from tilework.imaging.formats.cog import COLOURS, COMPRESSIONS, CogLayout
from tilework.imaging.formats.header_reader import HeaderReader
from tilework.imaging.formats.tiff_coding import COMPRESSION, JPEG_TABLES, PREDICTOR
from tilework.imaging.formats.tiff_directory import ORDERS, TiffFile
from tilework.imaging.formats.tiff_samples import (
    ALPHAS,
    ASSOCIATED,
    BITS,
    BLACK_IS_ZERO,
    DTYPES,
    EXTRA_SAMPLES,
    PHOTOMETRIC,
    RGB,
    SAMPLE_FORMAT,
    SAMPLES,
    UINT,
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
from tilework.imaging.limits import Limits
from tilework.imaging.operations import Pixels
from tilework.imaging.operations.contract import ITEM_BYTES
from tilework.imaging.windows import Size

if TYPE_CHECKING:
    from array import array

    from tilework.imaging.formats.tiff_directory import Directory
    from tilework.imaging.sources import Source

SIGNATURES = tuple(ORDERS)
LOWEST_FIRST = "<"

EXPANDED = 2
"""By how much a packed tile may be longer than its pixels: noise in a JPEG of quality 100 is by a quarter, a file that says more lies."""


@dataclass(frozen=True, slots=True)
class Column:
    """A number for each tile: ``held``, or in the file from byte ``start`` on, each of ``item`` bytes."""

    held: array[int] | None
    start: int = 0
    item: int = 0

    @classmethod
    def of(cls, directory: Directory, tag: int, count: int) -> Column:
        """The first ``count`` numbers of a tag. Raises DamagedImageError."""
        entry = directory.entries[tag]
        if entry.length <= len(entry.field):
            return cls(directory.table(tag, count))
        start, kind = directory.located(tag, count)
        return cls(None, start, int(kind[2:]))

    def read(self, source: Source, index: int) -> int:
        """The number of a tile: one small read, unless it is held."""
        if self.held is not None:
            return self.held[index]
        start = self.start + index * self.item
        return int.from_bytes(_exactly(source, start, self.item), "little")


@dataclass(frozen=True, slots=True)
class CogTiles:
    """Where the tiles of each level lie; quality and subsampling of JPEG tiles are not told by ``layout``."""

    layout: CogLayout
    jpeg_tables: bytes
    columns: tuple[tuple[Column, Column], ...]

    def read(self, source: Source, level: int, index: int) -> bytes:
        """The bytes of a tile. Raises DamagedImageError, also where more are told than a tile can have, and what the source raises."""
        offsets, counts = self.columns[level]
        count, most = counts.read(source, index), EXPANDED * self.layout.tile**2 * self.layout.pixels.bytes
        if count > most:
            raise DamagedImageError(f"A tile has {count:,} bytes, where its pixels need {most:,} at most.")
        return _exactly(source, offsets.read(source, index), count)


def read_cog(source: Source, limits: Limits | None = None) -> CogTiles | None:
    """Read the directories; None where the file is nothing that :class:`CogLayout` can tell.

    Raises DamagedImageError, TooLargeError, and what the source raises.
    """
    reader = HeaderReader(source, limits or Limits())
    if reader.head[:2] not in SIGNATURES:
        return None
    directories = list(TiffFile(reader).chain())
    layout = _layout(directories[0], overviews=len(directories) > 1)
    if layout is None or layout.levels != tuple(map(_size, directories)):
        return None
    columns = tuple(
        (Column.of(directory, TILE_OFFSETS, grid.pixels), Column.of(directory, TILE_BYTES, grid.pixels))
        for directory, grid in zip(directories, layout.grids, strict=True)
    )
    return CogTiles(layout, directories[0].data(JPEG_TABLES), columns)


def _size(directory: Directory) -> Size:
    return Size(directory.number(WIDTH, 1), directory.number(HEIGHT, 1))


def _layout(directory: Directory, *, overviews: bool) -> CogLayout | None:
    """The layout that the tags of a main image tell, as far as they are those that it would write."""
    compression = {number: name for name, number in COMPRESSIONS.items()}.get(
        directory.number(COMPRESSION, 1)
    )
    tile = directory.number(TILE_WIDTH, 0)
    pixels = _pixels(directory)
    if compression is None or pixels is None or directory.file.order != LOWEST_FIRST:
        return None
    photometric = directory.number(PHOTOMETRIC, BLACK_IS_ZERO)
    unnamed = pixels.channels == COLOURS and photometric == BLACK_IS_ZERO
    try:
        layout = CogLayout(
            size=_size(directory), pixels=pixels, tile=tile, compression=compression,  # type: ignore[arg-type]
            overviews=overviews, unnamed=unnamed,
            premultiplied=pixels.alpha and directory.numbers(EXTRA_SAMPLES)[-1] == ASSOCIATED,
            # the tiles of a mask, and of no others, have no predictor
            mask=pixels == Pixels("uint8", 1) and PREDICTOR not in directory.entries,
        )  # fmt: skip
    except ValueError:
        return None
    colours = YCBCR if compression == "jpeg" else RGB
    wanted = (
        (PHOTOMETRIC, colours if pixels.channels == COLOURS and not unnamed else BLACK_IS_ZERO),
        (PREDICTOR, layout.predictor or 1),
        (TILE_HEIGHT, tile),
        (PLANAR, CHUNKY),
    )
    same = all(directory.number(tag, 1) == number for tag, number in wanted)
    return layout if same and {TILE_OFFSETS, TILE_BYTES} <= directory.entries.keys() else None


def _pixels(directory: Directory) -> Pixels | None:
    """What a pixel is; None where a result's is no such."""
    samples = directory.number(SAMPLES, 1)
    bits = directory.number(BITS, 1)
    dtype = DTYPES.get((bits, directory.number(SAMPLE_FORMAT, UINT)), "")
    channels = COLOURS if samples >= COLOURS else 1
    extra = directory.numbers(EXTRA_SAMPLES)
    alpha = bool(extra) and extra[-1] in ALPHAS
    fits = samples == channels + alpha and 8 * ITEM_BYTES.get(dtype, 0) == bits
    return Pixels(dtype, channels, alpha) if fits else None


def _exactly(source: Source, start: int, length: int) -> bytes:
    data = source.read(start, start + length)
    if len(data) != length:
        raise DamagedImageError(f"The file ended at byte {start + len(data):,} while it was read.")
    return data
