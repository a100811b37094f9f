"""Filling a picture band by band, so that little memory is needed beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.formats.picture import Picture
from tilework.imaging.windows import row_strips

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.imaging.operations import Pixels
    from tilework.imaging.windows import Size

BAND_PIXELS = 1 << 16
"""Pixels of a band, unless a row has more."""


def blank(size: Size, pixels: Pixels) -> Picture:
    """A picture whose pixels are not set yet."""
    import numpy as np

    shape = (size.height, size.width)
    colour = np.empty(shape if pixels.channels == 1 else (*shape, pixels.channels), pixels.dtype)
    return Picture(colour, np.empty(shape, pixels.dtype) if pixels.alpha else None)


def bands(size: Size) -> Iterator[tuple[int, int]]:
    """Cut the rows into bands of about :data:`BAND_PIXELS` pixels, at least a row: the first of each and its last + 1."""
    for rows in row_strips(size.height, size.width, BAND_PIXELS):
        yield rows.start, rows.stop


def band_bytes(size: Size, sample_bytes: int) -> int:
    """Memory of an array of ``sample_bytes`` a pixel for a band."""
    return max(BAND_PIXELS, size.width) * sample_bytes
