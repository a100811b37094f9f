"""What decoders give and encoders take that put red first: parted and joined, and raised to a depth that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.formats.picture import Picture

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image

GREY_ALPHA = 2

REORDERED = frozenset({"uint8", "uint16", "float32"})
"""Depths whose colours OpenCV puts into the other order, many times as quickly as NumPy."""


def parted_rgb(array: Image) -> Picture:
    """Part (height, width) or (height, width, 1 to 4), alpha last where there is one, into colour and alpha."""
    import cv2
    import numpy as np

    array = np.ascontiguousarray(array)
    channels = 1 if array.ndim == 2 else array.shape[2]  # noqa: PLR2004
    if channels == 1:
        return Picture(array.reshape(array.shape[:2]))
    alpha = None if channels % 2 else cv2.extractChannel(array, channels - 1)
    if channels == GREY_ALPHA:
        return Picture(cv2.extractChannel(array, 0), alpha)
    return Picture(cv2.cvtColor(array, cv2.COLOR_RGB2BGR if alpha is None else cv2.COLOR_RGBA2BGR), alpha)


def red_first(picture: Picture) -> Image:
    """Join a picture into (height, width) or (height, width, 2 to 4), alpha last; a grey one may be its own array."""
    import cv2
    import numpy as np

    colour, alpha, channels = picture.colour, picture.alpha, picture.pixels.channels
    if channels == 1 and alpha is None:
        return np.ascontiguousarray(colour)
    if alpha is None and colour.dtype.name in REORDERED:
        return cv2.cvtColor(colour, cv2.COLOR_BGR2RGB)
    whole = np.empty((*colour.shape[:2], channels + (alpha is not None)), colour.dtype)
    sources = [colour] if alpha is None else [colour, alpha]
    places = (2, 0, 1, 1, 0, 2, 3, 3)[: 2 * whole.shape[2]] if channels > 1 else (0, 0, 1, 1)
    cv2.mixChannels(sources, [whole], places)
    return whole


def raised(array: Image, bits: int) -> Image:
    """The array, of ``bits`` significant bits, at 8 or 16: 9 to 15 bits become the upper ones of 16.

    Reversible, and what libheif's binding gives for 10 and 12 bits. Fewer than 8 are scaled to 0 to 255, as for a PNG.
    """
    import numpy as np

    if bits < 8:  # noqa: PLR2004
        return (array.astype(np.uint16) * np.uint16(255) // np.uint16((1 << bits) - 1)).astype(np.uint8)
    if 8 < bits < 16:  # noqa: PLR2004
        return np.left_shift(array.astype(np.uint16, copy=False), 16 - bits)
    return array
