"""How often each value is there, counted on a level of a bounded size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from preview.display import Range

if TYPE_CHECKING:
    from preview.layers import Zoomable

COUNTED_PIXELS = 4_000_000
"""Most that are counted: of a photo of four megapixels all, of a gigapixel the means of 2 x 2 of 16 x 16."""

BINS = 256


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of each channel, by its name, in as many equal bins from ``low`` to ``high``; of what level.

    What lies beyond the range is counted in the first and last bin, what is no number in none.
    """

    level: int
    pixels: int
    low: float
    high: float
    channels: dict[str, list[int]]


def histogram(image: Zoomable, displayed: Range) -> Histogram:
    """Count the largest level that is not larger than what is counted. Raises ImageError, ServiceError."""
    sizes = image.levels.sizes
    level = next((n for n, size in enumerate(sizes) if size.pixels <= COUNTED_PIXELS), len(sizes) - 1)
    colour = image.whole(level).colour
    planes = [colour] if colour.ndim == 2 else [colour[:, :, each] for each in (2, 1, 0)]  # noqa: PLR2004
    names = ["grey"] if len(planes) == 1 else ["red", "green", "blue"]
    counts = {name: _counts(plane, displayed) for name, plane in zip(names, planes, strict=True)}
    return Histogram(level, sizes[level].pixels, displayed.low, displayed.high, counts)


def _counts(plane: np.ndarray, displayed: Range) -> list[int]:
    if plane.dtype == np.uint8 and displayed.is_bytes:
        return np.bincount(plane.ravel(), minlength=BINS).tolist()
    numbers = plane[np.isfinite(plane)].astype(np.float64)
    numbers = np.clip(numbers, displayed.low, displayed.high)
    return np.histogram(numbers, BINS, (displayed.low, displayed.high))[0].tolist()
