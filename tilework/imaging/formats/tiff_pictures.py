"""Segments of a TIFF that are pictures of other formats: JPEG 2000, WebP.

Each is looked at before it is decoded: what it claims to be must be the strip or tile that it stands for.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from tilework.imaging.formats.tiff_coding import APERIO_YCBCR
from tilework.imaging.formats.tiff_damage import SegmentDamageError

if TYPE_CHECKING:
    from tilework.imaging.formats.tiff_samples import Samples
    from tilework.imaging.operations.contract import Image

CODESTREAM = b"\xff\x4f\xff\x51"
"""Start of a JPEG 2000 codestream and its size marker (ISO 15444-1, annex A.5.1)."""


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
