"""Where the strips or tiles of a TIFF lie, in the image and in the file. TIFF 6.0, sections 3 and 15."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError, UnsupportedPixelsError
from tilework.imaging.formats.tiff_index import Index, Whole, check_total, read_index
from tilework.imaging.limits import MIB
from tilework.imaging.windows import Grid, Size, Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.imaging.formats.tiff_directory import Directory
    from tilework.imaging.formats.tiff_samples import Samples

WIDTH, HEIGHT, DEPTH = 256, 257, 32997
STRIP_OFFSETS, STRIP_BYTES, ROWS_PER_STRIP = 273, 279, 278
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_BYTES = 322, 323, 324, 325
PLANAR = 284
CHUNKY, SEPARATE = 1, 2
FETCH_BYTES = 8 * MIB
"""Bytes fetched at once where segments adjoin: enough for the throughput of a store, little beside a working set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """The grid of strips or tiles.

    ``size`` is the image's, ``segment`` that of a strip or tile; tiles at the right and bottom edge are stored whole,
    the last strip is cut. ``planes`` is 1, or the number of samples where each has segments of its own, one plane
    after the other. ``index`` tells where each lies.
    """

    size: Size
    segment: Size
    tiled: bool
    planes: int
    index: Index

    @property
    def name(self) -> str:
        """What a segment is called."""
        return "tile" if self.tiled else "strip"

    @property
    def grid(self) -> Grid:
        """The segments of one plane; its windows are cut at the image's edge."""
        return Grid(self.size, self.segment)

    @property
    def across(self) -> int:
        """Segments in a row of them."""
        return self.grid.across

    @property
    def down(self) -> int:
        """Rows of segments, in one plane."""
        return self.grid.down

    def place(self, index: int) -> tuple[int, Window]:
        """The plane of a segment, and its window of the image; that of a tile may reach beyond the edge."""
        plane, within = divmod(index, self.across * self.down)
        row, column = divmod(within, self.across)
        left, top = column * self.segment.width, row * self.segment.height
        bottom = top + self.segment.height
        if not self.tiled:
            bottom = min(bottom, self.size.height)
        return plane, Window(left, top, left + self.segment.width, bottom)

    def meeting(self, window: Window) -> Iterator[int]:
        """The segments of all planes that share pixels with a window of the image."""
        grid = self.grid
        for plane in range(self.planes):
            for index in grid.meeting(window):
                yield plane * grid.count + index


def image_size(directory: Directory) -> Size:
    """Width and height of a page."""
    width, height = directory.number(WIDTH, 0), directory.number(HEIGHT, 0)
    if not width or not height:
        raise DamagedImageError(f"The TIFF's header says {width} x {height} pixels.")
    if directory.number(DEPTH, 1) > 1:
        raise UnsupportedPixelsError("The TIFF's page is a volume (ImageDepth), which is not read.")
    return Size(width, height)


def read_segments(directory: Directory, samples: Samples, *, packed: bool) -> Segments:
    """Read and check where the segments lie; ``packed`` says that they are compressed.

    Raises DamagedImageError where a table is too short or points outside the file, and TooLargeError where it is
    longer than a header may be.
    """
    size = image_size(directory)
    tiled = TILE_WIDTH in directory or TILE_OFFSETS in directory
    segment = _segment(directory, size, tiled=tiled)
    planes = samples.count if directory.number(PLANAR, CHUNKY) == SEPARATE else 1
    bare = Segments(size=size, segment=segment, tiled=tiled, planes=planes, index=Index(total=0))
    per_plane = bare.across * bare.down
    check_total(directory, per_plane * planes)
    whole = None
    if not packed:
        first, last = (segment_bytes(samples, planes, bare.place(index)[1]) for index in (0, per_plane - 1))
        whole = Whole(first, last, per_plane)
    index = read_index(directory, _tags(directory, tiled=tiled), per_plane * planes, whole, bare.name)
    return replace(bare, index=index)


def _segment(directory: Directory, size: Size, *, tiled: bool) -> Size:
    if not tiled:
        rows = directory.number(ROWS_PER_STRIP, size.height)
        return Size(size.width, min(max(1, rows), size.height) if rows else size.height)
    width, height = directory.number(TILE_WIDTH, 0), directory.number(TILE_HEIGHT, 0)
    if not width or not height:
        raise DamagedImageError(f"The TIFF's header says tiles of {width} x {height} pixels.")
    return Size(width, height)


def _tags(directory: Directory, *, tiled: bool) -> tuple[int, int]:
    """The tags of offsets and byte counts; writers mix the names of strips and tiles."""
    pairs = ((STRIP_OFFSETS, STRIP_BYTES), (TILE_OFFSETS, TILE_BYTES))
    for offsets, counts in reversed(pairs) if tiled else pairs:
        if offsets in directory:
            return offsets, counts
    raise DamagedImageError("The TIFF does not say where its pixels lie.")


def segment_bytes(samples: Samples, planes: int, window: Window) -> int:
    """Bytes of a segment that covers ``window``, uncompressed: each row ends with a whole byte."""
    count = samples.count if planes == 1 else 1
    return -(-window.width * count * samples.bits // 8) * window.height
