"""Pictures made smaller, as means of their pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from tilework.imaging.formats import Picture

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image
    from tilework.imaging.windows import Size

RESIZED = frozenset({"uint8", "uint16", "int16", "float32", "float64"})
"""Depths of which OpenCV makes means."""


def resized(picture: Picture, size: Size) -> Picture:
    """Means of a picture's pixels, in floats where OpenCV has none of its own depth."""
    alpha = None if picture.alpha is None else _resized(picture.alpha, size)
    return Picture(_resized(picture.colour, size), alpha)


def _resized(image: Image, size: Size) -> Image:
    kept = image if image.dtype.name in RESIZED else image.astype(np.float64)
    means = cv2.resize(kept, (size.width, size.height), interpolation=cv2.INTER_AREA)
    return means.astype(image.dtype, copy=False)
