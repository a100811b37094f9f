"""AVIF: its header, and its pixels by libavif and dav1d (imagecodecs, which gives every depth as it is)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError, TooLargeError
from tilework.imaging.formats import heif_metadata
from tilework.imaging.formats.header import Format
from tilework.imaging.formats.heif_metadata import detail_of
from tilework.imaging.formats.heif_picture import Coding, Samples, read_picture
from tilework.imaging.formats.picture import Decoded
from tilework.imaging.formats.rgb import parted_rgb, raised

if TYPE_CHECKING:
    from tilework.imaging.formats.header import Header
    from tilework.imaging.formats.header_reader import HeaderReader
    from tilework.imaging.formats.metadata import Metadata
    from tilework.imaging.operations.contract import Image

FLAGS = 2
"""The byte of the av1C property (AV1 in ISOBMFF, 2.3) that tells depth and whether it is grey."""

HIGH_DEPTH, TWELVE_BITS, MONOCHROME = 0x40, 0x20, 0x10

MOST_SIDE, MOST_PIXELS = 32_768, 1 << 28
"""libavif's own limits (AVIF_DEFAULT_IMAGE_DIMENSION_LIMIT and _SIZE_LIMIT)."""

MOST_ITEMS = 10_000

HOLE = re.compile(rb"\0{128,}")
"""A run of zeros that no arithmetic coder writes: lost blocks of a file are zeros, and dav1d decodes them."""

SCRATCH_SAMPLES = 8
"""Samples of a pixel in libavif and dav1d beside what they give: planes of a frame and of its references."""


def _samples(configuration: bytes) -> Samples:
    flags = configuration[FLAGS]
    bits = 8 if not flags & HIGH_DEPTH else 12 if flags & TWELVE_BITS else 10
    return Samples(bits, grey=bool(flags & MONOCHROME))


CODING = Coding(b"av01", b"av1C", _samples, MOST_ITEMS)


def read_header(reader: HeaderReader, page: int | None) -> Header:  # noqa: ARG001 - one signature for all
    """Read what the header tells; raises DamagedImageError and the errors for what is not read."""
    detail = read_picture(reader, CODING)
    coded = detail.coded
    if max(coded.width, coded.height) > MOST_SIDE or coded.pixels > MOST_PIXELS:
        raise TooLargeError(
            f"The image is {coded} pixels; libavif takes {MOST_SIDE:,} a side and {MOST_PIXELS:,} in all."
        )
    sample = 1 if detail.samples.bits <= 8 else 2  # noqa: PLR2004
    return detail.header(Format.AVIF, scratch=coded.pixels * sample * SCRATCH_SAMPLES)


def read_metadata(data: bytes, header: Header) -> Metadata:
    """Collect what stands around the pixels of a whole file."""
    return heif_metadata.read_metadata(data, header)


def decode(data: bytes, header: Header) -> Decoded:
    """Decode the primary picture, and apply its transforms, which libavif leaves to its callers."""
    detail = detail_of(header)
    for stream in detail.streams:
        for start, stop in stream:
            hole = HOLE.search(data, start, stop)
            if hole is not None:
                raise DamagedImageError(
                    f"The picture's coded data has a hole of {hole.end() - hole.start():,} zeros at byte {hole.start():,}."
                )
    pixels = _pixels(data)
    if pixels.shape[:2] != (detail.coded.height, detail.coded.width):
        raise DamagedImageError("The pixels are not those that the header announces.")
    for step in detail.transforms:
        pixels = step.apply(pixels)
    return Decoded(parted_rgb(raised(pixels, detail.samples.bits)))


def _pixels(data: bytes) -> Image:
    """(height, width) or (height, width, 2 to 4): grey, grey and alpha, red, green, blue, alpha; at the file's depth."""
    import imagecodecs

    try:
        pixels: Image = imagecodecs.avif_decode(data, index=0, numthreads=1)
    except (imagecodecs.AvifError, RuntimeError, ValueError, IndexError) as error:
        said = " ".join(str(error).split())
        if "Out of memory" in said:
            raise MemoryError(said) from error
        raise DamagedImageError(f"The picture cannot be decoded: {said}.") from error
    return pixels
