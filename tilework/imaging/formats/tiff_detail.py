"""One page of a TIFF, read from its directory: all that its pixels need."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tilework.imaging.formats.tiff_coding import CCITT, CCITT_G3, JPEGS_2000, NONE, Coding, read_coding
from tilework.imaging.formats.tiff_samples import FLOAT, Samples, read_samples
from tilework.imaging.formats.tiff_segments import (
    CHUNKY,
    FETCH_BYTES,
    PLANAR,
    Segments,
    read_segments,
    segment_bytes,
)

if TYPE_CHECKING:
    from tilework.imaging.formats.tiff_directory import Directory
    from tilework.imaging.windows import Size

NODATA = 42113
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 282, 283, 296
INCH = 2
MOST_NODATA_CHARACTERS = 64
FLOAT_LIMITS = {16: 65_504.0, 32: (2 - 2**-23) * 2.0**127}
"""Largest numbers of floats; writers take the limit of 64 bits for one of 32, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TiffDetail:
    """A page.

    ``position`` is its directory's, ``order`` the file's byte order (``<`` or ``>``), ``fill`` what the samples of
    missing segments are. ``resolution`` is pixels across and down as fractions, and the unit of tag 296.
    """

    position: int
    order: Literal["<", ">"]
    samples: Samples
    coding: Coding
    segments: Segments
    fill: float
    resolution: tuple[tuple[int, int], tuple[int, int], int] | None

    @property
    def scratch(self) -> int:
        """Memory of reading, in bytes: what is fetched at once, and a segment unpacked and as pixels.

        Measured beside that: 3 bytes a sample of JPEG 2000, whose decoder has 32 bits for each, one a pixel of CCITT,
        which is coded again, and 120 for each byte of group 3, whose bits are compared one by one.
        """
        segments, samples = self.segments, self.samples
        window = segments.place(0)[1]
        stored = segments.index.longest
        pixels = window.width * window.height
        unpacked = segment_bytes(samples, segments.planes, window) + pixels * samples.pixels.bytes
        own = {
            **dict.fromkeys(CCITT, pixels),
            **dict.fromkeys(JPEGS_2000, 3 * pixels * samples.count),
            CCITT_G3: 120 * stored + pixels,
        }
        fetched = max(stored, min(FETCH_BYTES, segments.index.stored))
        return fetched + 2 * unpacked + own.get(self.coding.compression, 0)

    @property
    def stored_whole(self) -> int:
        """Bytes of all segments that are in the file, unpacked, with what tiles hold beyond the edges."""
        segments = self.segments
        whole = segment_bytes(self.samples, segments.planes, segments.place(0)[1])
        return whole * (segments.index.total - segments.index.missing)

    def meeting_bytes(self, window: Size) -> int:
        """Bytes of all decoded segments that a window of such a size can meet, wherever it lies."""
        segments = self.segments
        across = min(segments.across, -(-(window.width - 1) // segments.segment.width) + 1)
        down = min(segments.down, -(-(window.height - 1) // segments.segment.height) + 1)
        samples = self.samples
        one = 3 if samples.palette else samples.count
        item = samples.pixels.bytes // (samples.pixels.channels + samples.pixels.alpha)
        return across * down * segments.segment.pixels * one * item


def read_detail(directory: Directory) -> tuple[TiffDetail, tuple[str, ...]]:
    """Read a page, with notes about what is odd.

    Raises DamagedImageError, TooLargeError and the errors for what the table of formats does not list.
    """
    samples, notes = read_samples(directory)
    chunky = directory.number(PLANAR, CHUNKY) == CHUNKY or samples.count == 1
    coding = read_coding(directory, samples, chunky=chunky)
    segments = read_segments(directory, samples, packed=coding.compression != NONE)
    nodata = directory.text(NODATA)[:MOST_NODATA_CHARACTERS].strip()
    if nodata:
        notes = (
            *notes,
            f"Its nodata value {nodata} is kept as a tag; pixels of it are treated as any others.",
        )
    fill = _fill(nodata, samples)
    index = segments.index
    if index.missing:
        missing = f"{index.missing:,} of its {index.total:,} {segments.name}s"
        notes = (*notes, f"{missing} are not in the file; their values are {fill:g}.")
    if samples.format == FLOAT and samples.bits == 16:  # noqa: PLR2004
        notes = (*notes, "Its floating-point numbers of 16 bits become such of 32, exactly.")
    detail = TiffDetail(
        position=directory.position,
        order=directory.file.order,
        samples=samples,
        coding=coding,
        segments=segments,
        fill=fill,
        resolution=_resolution(directory),
    )
    return detail, notes


def _fill(nodata: str, samples: Samples) -> float:
    """The nodata value where samples can hold it, else 0, as GDAL fills what is missing."""
    try:
        value = float(nodata or 0)
    except ValueError:
        return 0
    if samples.format == FLOAT:
        most = FLOAT_LIMITS.get(samples.bits, math.inf)
        return max(-most, min(most, value)) if math.isfinite(value) else value
    if not math.isfinite(value) or not value.is_integer():
        return 0
    signed = samples.dtype.startswith("i")
    least = -(1 << samples.bits - 1) if signed else 0
    return int(value) if least <= value < least + (1 << samples.bits) else 0


UNITS = range(1, 4)
"""What tag 296 may say: none, inch, centimetre."""


def _resolution(directory: Directory) -> tuple[tuple[int, int], tuple[int, int], int] | None:
    across, down = directory.fraction(X_RESOLUTION), directory.fraction(Y_RESOLUTION)
    unit = directory.number(RESOLUTION_UNIT, INCH)
    if across is None or down is None or unit not in UNITS:
        return None
    return across, down, unit
