"""Pictures as a screen shows them: 8 bits a sample, deeper ones scaled between a black and a white value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from tilework.imaging.formats import Picture
from tilework.imaging.formats.png import encoded
from tilework.imaging.operations.depths import WHITE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tilework.imaging.operations.contract import Image

MEDIA_TYPE = "image/png"


class Levels(NamedTuple):
    """The values that are shown black and white."""

    black: float
    white: float


def levels_of(picture: Picture) -> Levels | None:
    """The smallest and the largest finite value of its colours; None of 8 bits, which are shown as they are."""
    colour = picture.colour
    if colour.dtype == np.uint8:
        return None
    finite = colour if colour.dtype.kind != "f" else colour[np.isfinite(colour)]
    if finite.size == 0:
        return Levels(0.0, 1.0)
    return Levels(float(finite.min()), float(finite.max()))


def shown(picture: Picture, levels: Levels | None) -> Picture:
    """Return it in 8 bits: as it is where it has them, else scaled from ``levels``, rounded, and cut off beyond them.

    What is not a number is black; alpha is scaled from what is opaque in its depth.
    """
    if picture.colour.dtype == np.uint8:
        return picture
    colour = _scaled(picture.colour, levels or levels_of(picture) or Levels(0.0, 1.0))
    alpha = picture.alpha
    if alpha is not None and alpha.dtype != np.uint8:
        alpha = _scaled(alpha, Levels(0.0, float(WHITE.get(str(alpha.dtype), 1))))
    return Picture(colour, alpha)


def png(picture: Picture) -> bytes:
    """Encode a picture of 8 bits a sample."""
    return bytes(encoded(picture))


@dataclass(frozen=True, slots=True)
class Packed:
    """A picture for a browser."""

    body: bytes
    media_type: str

    @property
    def bytes(self) -> int:
        """What it takes of a memory."""
        return len(self.body)


def packed(picture: Picture, options: Sequence[int]) -> Packed:
    """A picture of 8 bits as a JPEG, by OpenCV's ``options``, or with alpha, for which that has no room, as a PNG."""
    if picture.alpha is not None:
        return Packed(png(picture), MEDIA_TYPE)
    return Packed(bytes(cv2.imencode(".jpg", picture.colour, options)[1].data), "image/jpeg")


def between(black: float | None, white: float | None) -> Levels | None:
    """The levels that an address names, where it names both."""
    return None if black is None or white is None else Levels(black, white)


def _scaled(image: Image, levels: Levels) -> Image:
    black, white = levels
    with np.errstate(invalid="ignore", over="ignore"):
        share = (image.astype(np.float64) - black) / max(white - black, np.finfo(np.float64).tiny)
    filled = np.nan_to_num(share, nan=0.0, posinf=1.0, neginf=0.0)
    return np.rint(np.clip(filled, 0.0, 1.0) * 255).astype(np.uint8)
