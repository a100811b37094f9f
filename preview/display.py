"""Pixels as a screen shows them: eight bits of what lies between two numbers, as a JPEG or a PNG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from tilework.errors import DamagedImageError

if TYPE_CHECKING:
    from tilework.imaging.formats import Picture
    from tilework.imaging.operations.contract import Image

JPEG = [
    cv2.IMWRITE_JPEG_QUALITY, 92,
    cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
]  # fmt: skip
"""For means, which are no pixels of the image anyway; colours at full size, for a look at edges."""

PNG_LEVEL = 1
"""A tile of 512 x 512 takes 10 ms; level 6 takes three times as long for a tenth less bytes."""

WHITE = 255


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture for a browser."""

    data: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Range:
    """What is shown as black (``low``) and as white (``high``, which is more)."""

    low: float
    high: float

    @property
    def is_bytes(self) -> bool:
        """Whether bytes are shown as they are."""
        return (self.low, self.high) == (0, WHITE)


BYTES = Range(0, WHITE)


def range_of(picture: Picture) -> Range:
    """From the least to the most of a picture's colours, of those that are numbers; bytes are all of theirs."""
    colour = picture.colour
    if colour.dtype == np.uint8:
        return BYTES
    finite = colour[np.isfinite(colour)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    return Range(low, high if high > low else low + 1)


def shown(picture: Picture, displayed: Range, *, exact: bool) -> Shown:
    """A picture of what lies in the range; ``exact`` says that no byte may differ, else JPEG is good enough."""
    colour = as_bytes(picture.colour, displayed)
    if picture.alpha is not None:
        alpha = _opacity(picture.alpha)
        channels = [colour] * 3 if colour.ndim == 2 else list(cv2.split(colour))  # noqa: PLR2004
        return _encoded(".png", cv2.merge([*channels, alpha]), [cv2.IMWRITE_PNG_COMPRESSION, PNG_LEVEL])
    if exact:
        return _encoded(".png", colour, [cv2.IMWRITE_PNG_COMPRESSION, PNG_LEVEL])
    return _encoded(".jpg", colour, JPEG)


def as_bytes(image: Image, displayed: Range) -> Image:
    """Numbers as bytes, to the nearest; what is no number is black."""
    if image.dtype == np.uint8 and displayed.is_bytes:
        return np.ascontiguousarray(image)
    # in double precision whole numbers of 32 bits keep their differences
    scale = WHITE / (displayed.high - displayed.low)
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = (image.astype(np.float64) - displayed.low) * scale
    return np.rint(np.clip(np.nan_to_num(scaled, nan=0, posinf=WHITE, neginf=0), 0, WHITE)).astype(np.uint8)


def _opacity(alpha: Image) -> Image:
    """Alpha of any depth as bytes: whole numbers are opaque at their largest, floats at one."""
    most = float(np.iinfo(alpha.dtype).max) if alpha.dtype.kind in "iu" else 1.0
    return as_bytes(alpha, Range(0, most))


def _encoded(suffix: str, image: Image, options: list[int]) -> Shown:
    done, data = cv2.imencode(suffix, image, options)
    if not done:
        raise DamagedImageError("The tile cannot be encoded.")
    return Shown(data.tobytes(), "image/png" if suffix == ".png" else "image/jpeg")
