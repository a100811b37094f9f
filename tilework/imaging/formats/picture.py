"""A decoded image: colour and alpha apart."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from tilework.imaging.operations import Pixels
from tilework.imaging.windows import Size

if TYPE_CHECKING:
    import numpy as np

    from tilework.imaging.formats.metadata import Metadata
    from tilework.imaging.operations.contract import Image


# no dataclass: a frozen one takes a microsecond to make, and each tile makes one a step
class Picture(NamedTuple):
    """A decoded image.

    ``colour`` has shape (height, width) or (height, width, 3) with blue, green, red; ``alpha`` (height, width) or is
    None. Both are of one dtype of :data:`~tilework.imaging.operations.contract.ITEM_BYTES`.
    """

    colour: Image
    alpha: Image | None = None

    @property
    def size(self) -> Size:
        """Width and height."""
        return Size(self.colour.shape[1], self.colour.shape[0])

    @property
    def pixels(self) -> Pixels:
        """What one pixel is."""
        channels = 1 if self.colour.ndim == 2 else self.colour.shape[2]  # noqa: PLR2004
        return Pixels(_name(self.colour.dtype), channels, self.alpha is not None)

    def part(self, place: tuple[slice, slice]) -> Picture:
        """The (rows, columns) of it, without copying."""
        return Picture(self.colour[place], None if self.alpha is None else self.alpha[place])

    def upright(self, orientation: int) -> Picture:
        """Apply an EXIF orientation (1 to 8): row 0 becomes the top and column 0 the left of the scene."""
        alpha = None if self.alpha is None else _upright(self.alpha, orientation)
        return Picture(_upright(self.colour, orientation), alpha)


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a decoder found: the picture, and sentences about what was odd and taken all the same."""

    picture: Picture
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of a file when its last strip has been read: sentences as a decoder tells them, and its metadata."""

    notes: tuple[str, ...]
    metadata: Metadata


@functools.cache
def _name(dtype: np.dtype[Any]) -> str:
    """What NumPy calls a depth, which takes it longer than OpenCV some operations on a tile."""
    return str(dtype)


def _upright(image: Image, orientation: int) -> Image:
    import cv2

    if orientation >= 5:  # noqa: PLR2004 - rows and columns are swapped
        image = cv2.transpose(image)
    flips = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}
    return cv2.flip(image, flips[orientation]) if orientation in flips else image
