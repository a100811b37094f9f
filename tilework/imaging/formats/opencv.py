"""What OpenCV decodes, as the formats that it decodes share it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.formats.picture import Picture

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image

BGRA = 4


def decoded(data: bytes) -> Image | None:
    """Return what ``cv2.imdecode`` gives with all depths and channels; None where it cannot. Raises MemoryError."""
    import cv2
    import numpy as np

    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError(str(error)) from error
        return None


def parted(array: Image, channels: int) -> Picture:
    """Part (height, width, 4) into colour of ``channels`` (1 or 3) and alpha; other shapes are colour alone."""
    import cv2

    if array.ndim == 2 or array.shape[2] != BGRA:  # noqa: PLR2004
        return Picture(array)
    alpha = cv2.extractChannel(array, 3)
    if channels == 1:
        return Picture(cv2.extractChannel(array, 0), alpha)
    return Picture(cv2.cvtColor(array, cv2.COLOR_BGRA2BGR), alpha)
