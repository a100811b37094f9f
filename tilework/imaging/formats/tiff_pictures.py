"""Segments of a TIFF that are pictures of other formats: JPEG, JPEG 2000, WebP.

Each is looked at before it is decoded: what it claims to be must be the strip or tile that it stands for.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError, UnsupportedPixelsError
from tilework.imaging.formats import jpeg
from tilework.imaging.formats.header import Format, Header
from tilework.imaging.formats.header_reader import HeaderReader
from tilework.imaging.formats.jpeg_frame import COLOUR, FRAMES, OTHER_FRAMES, Frame, read_frame
from tilework.imaging.formats.jpeg_segments import APP0, payload_of, segments
from tilework.imaging.formats.tiff_coding import APERIO_YCBCR
from tilework.imaging.formats.tiff_damage import SegmentDamageError
from tilework.imaging.formats.tiff_samples import YCBCR
from tilework.imaging.limits import Limits
from tilework.imaging.operations import Pixels
from tilework.imaging.sources import BytesSource

if TYPE_CHECKING:
    from tilework.imaging.formats.tiff_samples import Samples
    from tilework.imaging.operations.contract import Image

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
APP14 = 0xEE
ADOBE = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"
"""Adobe's marker but for its last byte, the colour transform: 0 for RGB, 1 for YCbCr."""

CODESTREAM = b"\xff\x4f\xff\x51"
"""Start of a JPEG 2000 codestream and its size marker (ISO 15444-1, annex A.5.1)."""


def jpeg_samples(
    data: bytes, tables: bytes, samples: Samples, shape: tuple[int, int, int], rows: int
) -> tuple[Image, tuple[str, ...]]:
    """(rows, width, 1), or (rows, width, 3) with blue first, of a JPEG, and notes about it.

    ``shape`` is the most that it may hold, ``rows`` the least.
    """
    height, width, count = shape
    try:
        picture, frame = _self_contained(data, tables, samples)
        size = frame.size
        if size.width != width or not rows <= size.height <= height or frame.components != count:
            raise SegmentDamageError(
                f"it holds a JPEG of {size} pixels in {frame.components} channels where {width} x {rows} in {count} "
                "must be"
            )
        header = Header(
            format=Format.JPEG,
            stored=size,
            pixels=Pixels("uint8", count),
            bits=8,
            colour="grey" if count == 1 else "colour",
            lossless=False,
            detail=frame,
        )
        found = jpeg.decode(picture, header)
    except (DamagedImageError, UnsupportedPixelsError) as error:
        raise SegmentDamageError(error.reason.rstrip(".")) from error
    pixels = found.picture.colour
    return pixels.reshape(*pixels.shape[:2], count)[:rows], found.notes


def _self_contained(data: bytes, tables: bytes, samples: Samples) -> tuple[bytes, Frame]:
    """A JPEG with the tables in it and its colours named as the TIFF says, and its frame header.

    The TIFF's photometric interpretation counts, as for libtiff, whatever the JPEG says or a decoder would guess.
    """
    if not data.startswith(SOI):
        raise SegmentDamageError("it holds no JPEG")
    source = HeaderReader(BytesSource(data), Limits(header_bytes=max(1, len(data))))
    parts = [SOI, tables.removeprefix(SOI).removesuffix(EOI)]
    frame: Frame | None = None
    position = len(SOI)
    for segment in segments(source):
        if segment.marker in FRAMES:
            frame = read_frame(segment.marker, payload_of(source, segment))
        elif segment.marker in OTHER_FRAMES:
            raise SegmentDamageError(f"it holds {OTHER_FRAMES[segment.marker]}, which is not read")
        if segment.marker not in {APP0, APP14}:
            parts.append(data[position : segment.stop])
        position = segment.stop
    if frame is None:
        raise SegmentDamageError("its JPEG has no frame header")
    if frame.components == COLOUR:
        parts.insert(1, ADOBE + bytes((samples.photometric == YCBCR,)))
    return b"".join((*parts, data[position:])), frame


def jpeg_2000_samples(data: bytes, compression: int, samples: Samples, shape: tuple[int, int, int]) -> Image:
    """(rows, width, samples) of a JPEG 2000 codestream, red first."""
    import cv2
    import imagecodecs

    start = data.find(CODESTREAM)
    sampled = _check_codestream(data[start:], shape) if start >= 0 else None
    if sampled is None:
        raise SegmentDamageError("it holds no JPEG 2000 codestream")
    try:
        pixels: Image = imagecodecs.jpeg2k_decode(data, numthreads=1)
    except RuntimeError as error:
        raise SegmentDamageError(f"its JPEG 2000 data is corrupt ({error})") from error
    pixels = pixels.reshape(*pixels.shape[:2], -1)
    if pixels.shape != shape or str(pixels.dtype) != samples.pixels.dtype:
        raise SegmentDamageError(f"it holds a JPEG 2000 of shape {pixels.shape} and depth {pixels.dtype}")
    if compression == APERIO_YCBCR and not sampled:
        # OpenJPEG turns subsampled YCbCr into RGB by itself, and any other only where a container names it
        return cv2.cvtColor(pixels[:, :, (0, 2, 1)], cv2.COLOR_YCrCb2RGB)
    return pixels


def _check_codestream(data: bytes, shape: tuple[int, int, int]) -> bool:
    """Check the size that a codestream claims; return whether some of its components are subsampled."""
    if len(data) < 42:  # noqa: PLR2004 - two markers and the fixed part of the second
        raise SegmentDamageError("its JPEG 2000 codestream is cut short")
    right, bottom, left, top = struct.unpack_from(">4I", data, 8)
    (count,) = struct.unpack_from(">H", data, 40)
    if (bottom - top, right - left, count) != shape or len(data) < 42 + 3 * count:
        raise SegmentDamageError(
            f"it holds a JPEG 2000 of {right - left} x {bottom - top} pixels in {count} channels where"
            f" {shape[1]} x {shape[0]} in {shape[2]} must be"
        )
    return any(data[42 + 3 * index + 1 : 42 + 3 * index + 3] != b"\1\1" for index in range(count))


def webp_samples(data: bytes, shape: tuple[int, int, int]) -> Image:
    """(rows, width, 3 or 4) of a WebP, red first; an alpha that is left out is opaque."""
    import imagecodecs
    import numpy as np

    out = np.empty(shape, np.uint8)
    try:
        # a wrong shape is refused before anything is decoded
        imagecodecs.webp_decode(data, hasalpha=shape[2] == 4, out=out)  # noqa: PLR2004
    except (RuntimeError, ValueError) as error:
        raise SegmentDamageError(f"its WebP data is corrupt ({error})") from error
    return out
