"""Masks of what lies above a value, or not: bytes at once, from any depth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image

COMPARED = 1 << 16
"""Samples that are compared at once, with as many of the value: both stay in a core's cache."""

TRUE = 255
"""What cv2.compare makes of what is so; of all else 0."""


def compared(image: Image, value: float, rule: Literal["above", "below", "not above"]) -> Image:
    """Return what samples are so, as a mask of :data:`TRUE`, uint8 of the image's shape; not-a-number never is.

    cv2.compare gets some rows of the value: with the value itself it is slower, and takes some images of one column for
    what they are compared with.
    """
    import cv2
    import numpy as np

    if image.dtype.kind != "f":
        ends = np.iinfo(str(image.dtype))
        value, rule = (math.ceil(value) - 1, "not above") if rule == "below" else (math.floor(value), rule)
        if value < ends.min:
            return np.full(image.shape, TRUE if rule == "above" else 0, np.uint8)
        value = min(value, ends.max)
    code = {"above": cv2.CMP_GT, "below": cv2.CMP_LT, "not above": cv2.CMP_LE}[rule]
    samples = image.reshape(len(image), -1)
    rows = min(len(samples), max(1, COMPARED // samples.shape[1]))
    values = np.full((rows, samples.shape[1]), value, image.dtype)
    result = np.empty(samples.shape, np.uint8)
    for top in range(0, len(samples), rows):
        part = samples[top : top + rows]
        cv2.compare(part, values[: len(part)], code, dst=result[top : top + rows])
    return result.reshape(image.shape)
