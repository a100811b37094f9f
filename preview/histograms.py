"""How often each value is there, counted on a level of a bounded size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from preview.layers import Zoomable
    from preview.on_screen import Levels
    from tilework.imaging.operations.contract import Image

COUNTED_PIXELS = 4_000_000
"""Most that are counted: of a photo of four megapixels all, of a gigapixel the means of 2 x 2 of 16 x 16."""

BINS = 256


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of each channel, by its name, in as many equal bins from ``black`` to ``white``; of what level.

    What lies beyond them is counted in the first and last bin, what is no number in none.
    """

    level: int
    pixels: int
    black: float
    white: float
    channels: dict[str, list[int]]


def histogram(image: Zoomable, displayed: Levels | None) -> Histogram:
    """Count the largest level that is not larger than what is counted, between the values of ``displayed``.

    None: the values of a byte. Raises ImageError, ServiceError.
    """
    sizes = image.levels.sizes
    level = next((n for n, size in enumerate(sizes) if size.pixels <= COUNTED_PIXELS), len(sizes) - 1)
    colour = image.whole(level).colour
    planes = [colour] if colour.ndim == 2 else [colour[:, :, each] for each in (2, 1, 0)]  # noqa: PLR2004
    names = ["grey"] if len(planes) == 1 else ["red", "green", "blue"]
    counts = {name: _counts(plane, displayed) for name, plane in zip(names, planes, strict=True)}
    black, white = displayed or (0.0, 255.0)
    return Histogram(level, sizes[level].pixels, black, white, counts)


def _counts(plane: Image, displayed: Levels | None) -> list[int]:
    if displayed is None:
        counted: list[int] = np.bincount(plane.ravel(), minlength=BINS).tolist()
        return counted
    black, white = displayed
    numbers = plane[np.isfinite(plane)].astype(np.float64)
    # where all are the same, there is one bin of them
    ends = (black, white) if white > black else (black, black + 1)
    binned: list[int] = np.histogram(np.clip(numbers, *ends), BINS, ends)[0].tolist()
    return binned
