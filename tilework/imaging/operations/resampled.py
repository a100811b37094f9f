"""A window of a resized image from rows and columns with weights: along the rows first, then along the columns.

OpenCV rounds in whole numbers for uint8, else in float32 (float64 for float64), and adds the rows of a column in another
order in its vector loops than in what is left of a row behind them. The same is done here, for the same columns.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tilework.imaging.operations.resampling import LONGEST_STEP, Axis, Taps, covered, of_one_call
from tilework.imaging.operations.weighing import along_rows, down_columns
from tilework.imaging.windows import Margin, Size, Window

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from tilework.imaging.operations.contract import Image

    Array = np.ndarray[Any, Any]

BLOCK_SAMPLES = 1536
BLOCK_ROWS = 256
"""Samples of a row, and rows, that are made at once: in float32 they and what they are made of stay in a core's cache."""

LEAST_BLOCK = 8

LEAST_BUFFER = 16
"""Elements that NumPy's loops may buffer, the fewest there are: rows with one weight each are then multiplied 2.5 times as
quickly."""

LANES = {"uint8": 8, "uint16": 8, "int16": 8, "float32": 4}
"""Samples that OpenCV's vector loop over a row takes at once (128 bits, what its baseline on x86-64 has)."""

TAPS = {"linear": 1, "area": 1, "cubic": 2, "lanczos": 4}
"""Pixels that a value is made of at most on one side of its place."""


@dataclass(frozen=True, slots=True)
class Resampling:
    """How a whole image is resampled: its axes, and the taps of each by begin, end and axis."""

    kind: str
    interpolation: int
    across: Axis
    down: Axis
    taps_across: Callable[[int, int, Axis], Taps]
    taps_down: Callable[[int, int, Axis], Taps]

    def made_for(self, output: Window) -> Window | None:
        """What is made for the pixels of ``output`` by one call, where the places in between repeat; else None."""
        axes, lanes = (self.across, self.down), max(LANES.values())
        steps = [axis.step(near=self.kind == "area") for axis in axes]
        if max(steps) > LONGEST_STEP:
            return None
        # sums of an area are the same wherever a vector begins
        columns, rows = steps if self.kind == "area" else (math.lcm(step, lanes) for step in steps)
        beside, above = (
            math.ceil((TAPS[self.kind] + 1) / axis.scale) + step
            for axis, step in zip(axes, (columns, rows), strict=True)
        )
        wide = output.padded(Margin.even(beside, above)).aligned(Size(columns, rows))
        return wide.clamped(Size(self.across.result, self.down.result))

    def before(self, made: Window) -> Window:
        """The pixels of the source that ``made`` of the result covers; both end at whole ones, or at the edge."""
        return covered(made, self.across, self.down)

    def window(self, image: Image, source: Window, output: Window) -> Image:
        """Return the pixels of ``output``; ``image`` holds ``source``, what they are made of."""
        import numpy as np

        columns = self.taps_across(output.left, output.right, self.across)
        rows = self.taps_down(output.top, output.bottom, self.down)
        found = self._one_call(image, source, output, (columns, rows))
        if found is not None:
            return found
        with np.errstate(invalid="ignore", over="ignore"):
            # until the end of this block: with larger ones NumPy copies each row's weight along the row
            np.setbufsize(LEAST_BUFFER)
            return self._made(image, source, output, columns, rows)

    def _one_call(
        self, image: Image, source: Window, output: Window, taps: tuple[Taps, Taps]
    ) -> Image | None:
        """Return what OpenCV makes of a window, if its places there have the weights that they have in the whole."""
        made = self.made_for(output)
        if made is None:
            return None
        read = self.before(made)
        across = Axis(read.width, made.width, self.across.inverse)
        down = Axis(read.height, made.height, self.down.inverse)
        there = self.taps_across(output.left - made.left, output.right - made.left, across)
        below = self.taps_down(output.top - made.top, output.bottom - made.top, down)
        if not (there.equals(taps[0], read.left) and below.equals(taps[1], read.top)):
            return None
        part = image[read.within(source)]
        return of_one_call(part, output, made, (across, down), self.interpolation)

    def _made(self, image: Image, source: Window, output: Window, columns: Taps, rows: Taps) -> Image:
        """The pixels of ``output``, block after block: along the rows of each, then along its columns."""
        import numpy as np

        image, down = _needed(image, rows.index - source.top, axis=0)
        image, along = _needed(image, columns.index - source.left, axis=1)
        channels = image.shape[2] if image.ndim > 2 else 1  # noqa: PLR2004
        lanes = LANES.get(image.dtype.name, 1)
        body = self.across.result * channels // lanes * lanes
        wide = max(LEAST_BLOCK, int(BLOCK_SAMPLES / channels / max(1.0, self.across.scale / 2)))
        high = max(LEAST_BLOCK, min(BLOCK_ROWS, int(BLOCK_ROWS / self.down.scale)))
        result = np.empty((output.height, output.width, *image.shape[2:]), image.dtype)
        for left in range(0, output.width, wide):
            part = slice(left, left + wide)
            across = along_rows(self.kind, image.dtype, along[part], columns.part(part), channels)
            vectors = max(0, body - (output.left + left) * channels)
            for top in range(0, output.height, high):
                place = slice(top, top + high)
                index = down[place]
                first = int(index.min())
                beside = across(image[first : int(index.max()) + 1])
                made = down_columns(
                    self.kind, image.dtype, beside, index - first, rows.part(place), vectors=vectors
                )
                result[place, part] = made.reshape(result[place, part].shape)
        return result


def _needed(image: Array, index: Array, axis: int) -> tuple[Array, Array]:
    """Those rows or columns that are asked for, at least half of which are, and where each is among them."""
    import numpy as np

    first, last = int(index.min()), int(index.max())
    if last - first < 2 * index.size:
        part = slice(first, last + 1)
        return (image[part] if axis == 0 else image[:, part]), index - first
    wanted, places = np.unique(index, return_inverse=True)
    return np.take(image, wanted, axis=axis), places.reshape(index.shape)
