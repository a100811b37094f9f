"""A window of a resized image from rows and columns with weights: along the rows first, then along the columns.

OpenCV rounds in whole numbers for uint8, else in float32 (float64 for float64), and adds the rows of a column in another
order in its vector loops than in what is left of a row behind them. The same is done here, for the same columns.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tilework.imaging.operations.resampling import Axis, Taps
from tilework.imaging.windows import Margin, Size, Window, tiles

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from tilework.imaging.operations.contract import Image

    Array = np.ndarray[Any, Any]

BLOCK = 192
"""Columns and rows that are made at once: in float32 and colours they and their source stay in a core's cache."""

LEAST_BLOCK = 8

COEFFICIENT = 2048
"""What a weight of 1 is in whole numbers."""

LANES = {"uint8": 8, "uint16": 8, "int16": 8, "float32": 4}
"""Samples that OpenCV's vector loop over a row takes at once (128 bits, what its baseline on x86-64 has)."""

BACKWARD = {"cubic": ("uint8", "uint16", "int16", "float32"), "lanczos": ("int16", "float32")}
"""Where that loop adds the last of the rows first."""


LONGEST_STEP = 64
"""Pixels of a result after which its places among the pixels of the source repeat, for that to be of use."""

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
        steps = [axis.scale.as_integer_ratio()[1] for axis in (self.across, self.down)]
        if max(steps) > LONGEST_STEP:
            return None
        step = max(*steps, *LANES.values())
        left, right = (
            math.ceil((TAPS[self.kind] + 1) / axis.scale) + step for axis in (self.across, self.down)
        )
        wide = output.padded(Margin.even(left, right)).aligned(Size(step, step))
        return wide.clamped(Size(self.across.result, self.down.result))

    def before(self, made: Window) -> Window:
        """The pixels of the source that ``made`` of the result covers; both end at whole ones, or at the edge."""
        left, right = _before(made.left, made.right, self.across)
        top, bottom = _before(made.top, made.bottom, self.down)
        return Window(left, top, right, bottom)

    def window(self, image: Image, source: Window, output: Window) -> Image:
        """Return the pixels of ``output``; ``image`` holds ``source``, what they are made of."""
        import numpy as np

        columns = self.taps_across(output.left, output.right, self.across)
        rows = self.taps_down(output.top, output.bottom, self.down)
        found = self._one_call(image, source, output, (columns, rows))
        if found is not None:
            return found
        result = np.empty((output.height, output.width, *image.shape[2:]), image.dtype)
        side = (
            max(LEAST_BLOCK, min(BLOCK, int(2 * BLOCK / axis.scale))) for axis in (self.across, self.down)
        )
        whole = Window.whole(output.size)
        with np.errstate(invalid="ignore", over="ignore"):
            for block in tiles(output.size, Size(*side)):
                place = block.within(whole)
                parts = (columns.part(place[1]), rows.part(place[0]))
                result[place] = self._block(image, source, *parts, output.left + block.left)
        return result

    def _one_call(
        self, image: Image, source: Window, output: Window, taps: tuple[Taps, Taps]
    ) -> Image | None:
        """Return what OpenCV makes of a window, if its places there have the weights that they have in the whole."""
        import cv2

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
        found = cv2.resize(part, None, fx=across.inverse, fy=down.inverse, interpolation=self.interpolation)
        return found[output.within(made)] if found.shape[:2] == (made.height, made.width) else None

    def _block(self, image: Image, source: Window, columns: Taps, rows: Taps, left: int) -> Image:
        """The pixels of a block whose first column is ``left``."""
        first, last = int(columns.index.min()), int(columns.index.max())
        image, down = _needed(
            image[:, first - source.left : last + 1 - source.left], rows.index - source.top, axis=0
        )
        image, across = _needed(image, columns.index - first, axis=1)
        width, height = len(across), len(down)
        depth = "float64" if image.dtype.name == "float64" else "float32"
        if image.dtype.name == "uint8" and self.kind != "area":
            depth = "int32"
        beside = _turned(image)
        beside = beside.reshape(len(beside), -1).astype(depth)
        weights = _weights(columns, beside.dtype)
        beside = _combined(beside, across, weights, columns, zero=columns.clipped)
        beside = _turned(beside.reshape(width, image.shape[0], *image.shape[2:]))
        channels = image.shape[2] if image.ndim > 2 else 1  # noqa: PLR2004
        lanes = LANES.get(image.dtype.name, 1)
        vectors = max(0, self.across.result * channels // lanes * lanes - left * channels)
        made = self._down(beside.reshape(len(beside), -1), down, rows, image.dtype, vectors)
        return made.reshape(height, width, *image.shape[2:])

    def _down(self, beside: Array, index: Array, rows: Taps, dtype: np.dtype[Any], vectors: int) -> Array:
        """Combine rows of samples, the first ``vectors`` of which OpenCV's vector loop gets to."""
        weights = _weights(rows, beside.dtype)
        if self.kind == "linear" and dtype.name == "uint8":
            return _linear_bytes(beside, index, weights)
        if dtype.name not in BACKWARD.get(self.kind, ()):
            return _rounded(_combined(beside, index, weights, rows), dtype)
        import numpy as np

        body, tail = beside[:, :vectors], beside[:, vectors:]
        behind = _rounded(_combined(tail, index, weights, rows), dtype)
        if dtype.name == "uint8":
            body, weights = body.astype(np.float32), weights * np.float32(1 / COEFFICIENT**2)
        before = _rounded(_combined(body, index[:, ::-1], weights[:, ::-1], rows), dtype)
        return np.concatenate([before, behind], axis=1) if tail.size else before


def _before(begin: int, end: int, axis: Axis) -> tuple[int, int]:
    """The pixels of the source that make up some of the result; both begin and end at a whole one, or the edge."""
    return round(begin * axis.scale), axis.source if end == axis.result else round(end * axis.scale)


def _needed(image: Array, index: Array, axis: int) -> tuple[Array, Array]:
    """Those rows or columns that are asked for, at least half of which are, and where each is among them."""
    import numpy as np

    first, last = int(index.min()), int(index.max())
    if last - first < 2 * index.size:
        part = slice(first, last + 1)
        return (image[part] if axis == 0 else image[:, part]), index - first
    wanted, places = np.unique(index, return_inverse=True)
    # np.take is quicker across rows, but of what is a part of rows it copies all first
    found = image[wanted] if axis == 0 else np.take(image, wanted, axis=1)
    return found, places.reshape(index.shape)


def _turned(image: Array) -> Array:
    """Rows as columns."""
    import cv2

    return cv2.transpose(image)


def _weights(taps: Taps, dtype: np.dtype[Any]) -> Array:
    import numpy as np

    weight: Array = taps.weight
    return (
        weight.astype(dtype, copy=False) if dtype.kind == "f" else np.rint(weight * COEFFICIENT).astype(dtype)
    )


def _combined(rows: Array, index: Array, weights: Array, taps: Taps, *, zero: Array | None = None) -> Array:
    """Sums of weighted rows, tap after tap; those of ``zero`` begin with 0, which tells in the sign of a zero."""
    import numpy as np

    total: Array = rows[index[:, 0]]
    total *= weights[:, :1]
    if zero is not None and rows.dtype.kind == "f":
        total[zero] += 0
    product = np.empty_like(total)
    fewest = index.shape[1] if taps.count is None else int(taps.count.min())
    for tap in range(1, fewest):
        np.take(rows, index[:, tap], axis=0, out=product)
        product *= weights[:, tap : tap + 1]
        total += product
    for tap in range(fewest, index.shape[1]):
        some = np.flatnonzero(np.asarray(taps.count) > tap)
        total[some] += rows[index[some, tap]] * weights[some, tap : tap + 1]
    return total


def _linear_bytes(rows: Array, index: Array, weights: Array) -> Array:
    """OpenCV's own way of adding two rows of whole numbers, which drops bits in between."""
    import numpy as np

    rows = rows >> 4
    total: Array = rows[index[:, 0]]
    total *= weights[:, :1]
    total >>= 16
    below = rows[index[:, 1]]
    below *= weights[:, 1:]
    below >>= 16
    total += below
    total += 2
    total >>= 2
    return total.astype(np.uint8)


def _rounded(total: Array, dtype: np.dtype[Any]) -> Array:
    """The result's depth: floats as they are, else rounded (half to even) and cut; uint8 may come in whole numbers."""
    import numpy as np

    if dtype.kind == "f":
        return total
    limits = np.iinfo(dtype)
    if total.dtype.kind == "i":
        total += COEFFICIENT**2 // 2
        total >>= 22
    else:
        np.rint(total, out=total)
    cut: Array = np.clip(total, limits.min, limits.max, out=total)
    return cut.astype(dtype)
