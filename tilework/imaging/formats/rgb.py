"""What decoders give that put red first: parted, reordered, and raised to a depth that the contract knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.formats.picture import Picture

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image

GREY_ALPHA = 2


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
