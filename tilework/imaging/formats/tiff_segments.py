"""Where the strips or tiles of a TIFF lie, in the image and in the file. TIFF 6.0, sections 3 and 15."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError, TooLargeError, UnsupportedPixelsError
from tilework.imaging.limits import MIB
from tilework.imaging.windows import Size, Window

if TYPE_CHECKING:
    from array import array
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

HEADER_BYTES = 8
"""No pixel lies before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """The grid of strips or tiles.

    ``size`` is the image's, ``segment`` that of a strip or tile; tiles at the right and bottom edge are stored whole,
    the last strip is cut. ``planes`` is 1, or the number of samples where each has segments of its own, one plane
    after the other. ``offsets`` and ``counts`` (bytes) tell where each lies; a count of 0 says that it is missing.
    """

    size: Size
    segment: Size
    tiled: bool
    planes: int
    offsets: array[int]
    counts: array[int]

    @property
    def name(self) -> str:
        """What a segment is called."""
        return "tile" if self.tiled else "strip"

    @property
    def across(self) -> int:
        """Segments in a row of them."""
        return -(-self.size.width // self.segment.width)

    @property
    def down(self) -> int:
        """Rows of segments, in one plane."""
        return -(-self.size.height // self.segment.height)

    @property
    def missing(self) -> int:
        """How many are not in the file."""
        return self.counts.count(0)

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
        columns = range(window.left // self.segment.width, (window.right - 1) // self.segment.width + 1)
        rows = range(window.top // self.segment.height, (window.bottom - 1) // self.segment.height + 1)
        for plane in range(self.planes):
            for row in rows:
                for column in columns:
                    yield (plane * self.down + row) * self.across + column

    def named(self, index: int) -> str:
        """A segment by its number and where it lies in the file."""
        return f"{self.name} {index:,} (byte {self.offsets[index]:,})"


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
    count = -(-size.width // segment.width) * -(-size.height // segment.height) * planes
    _check_count(directory, count)
    offsets, counts = _tables(directory, count, tiled=tiled)
    if counts is None:
        if packed:
            raise DamagedImageError("The TIFF does not say how long its strips are.")
        counts = offsets[:0]
        counts.extend([ALL] * count)
    _mend_counts(offsets, counts, packed=packed)
    segments = Segments(
        size=size, segment=segment, tiled=tiled, planes=planes, offsets=offsets, counts=counts
    )
    if not packed:
        _cut(segments, samples)
    _check_within(segments, directory.file.reader.size)
    return segments


ALL = 0xFFFF_FFFF_FFFF_FFFF
"""A byte count that is cut to what an uncompressed segment needs."""


def _mend_counts(offsets: array[int], counts: array[int], *, packed: bool) -> None:
    """A segment that lies somewhere and has no bytes: what old scanners' software writes where nothing is packed."""
    for index, count in enumerate(counts):
        if not count and offsets[index]:
            if packed:
                raise DamagedImageError(
                    f"The TIFF's segment {index:,} at byte {offsets[index]:,} has no bytes, and is not missing either."
                )
            counts[index] = ALL


def _segment(directory: Directory, size: Size, *, tiled: bool) -> Size:
    if not tiled:
        rows = directory.number(ROWS_PER_STRIP, size.height)
        return Size(size.width, min(max(1, rows), size.height) if rows else size.height)
    width, height = directory.number(TILE_WIDTH, 0), directory.number(TILE_HEIGHT, 0)
    if not width or not height:
        raise DamagedImageError(f"The TIFF's header says tiles of {width} x {height} pixels.")
    return Size(width, height)


def _check_count(directory: Directory, count: int) -> None:
    """Raise TooLargeError for a table that could not be read within a header's limit."""
    most = directory.file.reader.limits.header_bytes
    if count * 8 > most:
        raise TooLargeError(
            f"The image has {count:,} strips or tiles; a table of {most:,} bytes is allowed (limit: header_bytes)."
        )


def _tables(directory: Directory, count: int, *, tiled: bool) -> tuple[array[int], array[int] | None]:
    """Offsets and byte counts; writers mix the names of strips and tiles."""
    pairs = ((STRIP_OFFSETS, STRIP_BYTES), (TILE_OFFSETS, TILE_BYTES))
    for offsets, counts in reversed(pairs) if tiled else pairs:
        if offsets in directory:
            lengths = directory.table(counts, count) if counts in directory else None
            return directory.table(offsets, count), lengths
    raise DamagedImageError("The TIFF does not say where its pixels lie.")


def segment_bytes(samples: Samples, planes: int, window: Window) -> int:
    """Bytes of a segment that covers ``window``, uncompressed: each row ends with a whole byte."""
    count = samples.count if planes == 1 else 1
    return -(-window.width * count * samples.bits // 8) * window.height


def _cut(segments: Segments, samples: Samples) -> None:
    """Cut the byte counts of uncompressed segments to what they need; writers add padding, or tell no counts."""
    whole = segment_bytes(samples, segments.planes, segments.place(0)[1])
    counts, per_plane = segments.counts, segments.across * segments.down
    for index in range(len(counts)):
        counts[index] = min(counts[index], whole)
    for plane in range(1, segments.planes + 1):
        last = plane * per_plane - 1
        counts[last] = min(counts[last], segment_bytes(samples, segments.planes, segments.place(last)[1]))


def _check_within(segments: Segments, size: int) -> None:
    for index, (offset, count) in enumerate(zip(segments.offsets, segments.counts, strict=True)):
        if count and not HEADER_BYTES <= offset <= offset + count <= size:
            raise DamagedImageError(
                f"The TIFF's {segments.name} {index:,} of {len(segments.offsets):,} lies at bytes {offset:,} to"
                f" {offset + count:,}, outside the file of {size:,} bytes: it is cut short or corrupt."
            )
