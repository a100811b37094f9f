"""Overviews: each level is the half of the level above, rounded up, and each of its pixels the mean of 2 x 2 of it.

Of labels it is one of the four.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.formats.picture import Picture
from tilework.imaging.stopwatch import timed

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image

AREA_DEPTHS = frozenset({"uint8", "uint16"})
"""Depths for which OpenCV's area resize by two is exact: (a + b + c + d + 2) >> 2."""


@timed("halve")
def halved(picture: Picture, *, labels: bool = False) -> Picture:
    """Return a picture of half the size, rounded up.

    Each pixel is the mean of 2 x 2: of whole numbers rounded half up, of floats ((a + b) + (c + d)) / 4 in their own
    precision, a and b being beside each other. Where a last column or row is odd it counts twice. Alpha is a channel
    like the others. Of ``labels``, whose mean is none, each pixel is the upper left one of the four. So a level can be made in
    parts that begin at even columns and rows.
    """
    if labels:
        return picture.part((slice(None, None, 2), slice(None, None, 2)))
    return Picture(_halved(picture.colour), None if picture.alpha is None else _halved(picture.alpha))


def _halved(image: Image) -> Image:
    import cv2
    import numpy as np

    height, width = image.shape[:2]
    if height % 2 or width % 2:
        edges = ((0, height % 2), (0, width % 2), (0, 0))[: image.ndim]
        image = np.pad(image, edges, mode="edge")
    if image.dtype.name in AREA_DEPTHS:
        return cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    if image.dtype.kind == "f":
        # sums beyond the largest number are infinite, and no news: erosion makes the largest of what is not a number
        with np.errstate(over="ignore", invalid="ignore"):
            rows = image[:, 0::2] + image[:, 1::2]
            return (rows[0::2] + rows[1::2]) * image.dtype.type(0.25)
    rows = image[:, 0::2].astype(np.int64) + image[:, 1::2]
    return ((rows[0::2] + rows[1::2] + 2) >> 2).astype(image.dtype)
