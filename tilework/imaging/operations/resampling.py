"""Which pixels of a row a resized row is made of, and with what weights: OpenCV's own numbers, at any place of an image.

``cv2.resize`` counts columns and rows from the corner of the array it is given, and keeps their positions as float32, so
that far from the corner its weights are coarser, and a window alone gives others than the whole does. Here they are
reckoned for coordinates of the whole image, in the same arithmetic (modules/imgproc/src/resize.cpp of OpenCV 4.14),
operation by operation, so that they are the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tilework.imaging.windows import Window

if TYPE_CHECKING:
    import numpy as np

    from tilework.imaging.operations.contract import Image

    Indices = np.ndarray[Any, np.dtype[np.int64]]
    Weights = np.ndarray[Any, np.dtype[np.float32]]

CUBIC_A = -0.75
"""The parameter of OpenCV's cubic convolution (Keys, 1981)."""

NEGLIGIBLE = 1e-3
"""The share of a pixel that OpenCV's area interpolation leaves out."""

KEPT = 16
"""Parts of rows and columns whose taps are kept: tiles beside and below each other have the same."""

LONGEST_STEP = 64
"""Pixels of a result after which its places among the pixels of the source repeat, for that to be of use."""

SAME_PLACE = 1e-6
"""Pixels by which places may differ that are the same but for the rounding of their scale."""

AT_A_PIXEL = 1e-6
"""Nearer than this to a pixel, Lanczos' kernel is that pixel."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a resized image: pixels before and after, and how many of those before one after is wide.

    ``inverse`` is the same ratio the other way round, as OpenCV reckons it: it comes first, and ``scale`` from it.
    """

    source: int
    result: int
    inverse: float

    @property
    def scale(self) -> float:
        """Pixels before for one after."""
        return 1.0 / self.inverse

    def step(self, *, near: bool) -> int:
        """Pixels of the result after which its places among those of the source repeat.

        With ``near`` so nearly, all along the axis, that only what keeps places as float32 could tell: 1 / 0.3 is 10 / 3 then.
        """
        if near:
            ratio = Fraction(self.scale).limit_denominator(LONGEST_STEP)
            is_same = abs(float(ratio) - self.scale) * self.result < SAME_PLACE
            # a step is read on each side; of very small results it would be much
            if is_same and ratio.numerator <= LONGEST_STEP:
                return ratio.denominator
        return self.scale.as_integer_ratio()[1]

    def before(self, begin: int, end: int) -> tuple[int, int]:
        """The pixels that make up some of the result, which begin and end at a whole one, or at the edge."""
        return round(begin * self.scale), self.source if end == self.result else round(end * self.scale)


@dataclass(frozen=True, slots=True)
class Taps:
    """For each pixel of a part of a resized row: the ``index`` of each pixel that it is made of, and its weight.

    Both have shape (pixels, most taps). An ``index`` is within the row. ``clipped`` tells where it is not what the formula says,
    ``count`` how many of the taps there are, where they are not equally many. They are kept for others: nobody may change them.
    """

    index: Indices
    weight: Weights
    clipped: np.ndarray[Any, np.dtype[np.bool_]]
    count: Indices | None = None

    def part(self, place: slice) -> Taps:
        """Those of some of the pixels."""
        count = None if self.count is None else self.count[place]
        return Taps(self.index[place], self.weight[place], self.clipped[place], count)

    def equals(self, other: Taps, offset: int) -> bool:
        """Whether they are the same as another's, whose row begins ``offset`` pixels before this one."""
        import numpy as np

        counts = (self.count, other.count) if self.count is not None and other.count is not None else (0, 0)
        return (
            np.array_equal(self.index + offset, other.index)
            and np.array_equal(self.weight, other.weight)
            and np.array_equal(*counts)
        )


def covered(made: Window, across: Axis, down: Axis) -> Window:
    """The pixels of the source that ``made`` of the result covers; both end at whole ones, or at the edge."""
    left, right = across.before(made.left, made.right)
    top, bottom = down.before(made.top, made.bottom)
    return Window(left, top, right, bottom)


def of_one_call(
    part: Image, output: Window, made: Window, axes: tuple[Axis, Axis], interpolation: int
) -> Image | None:
    """The pixels of ``output`` of what OpenCV makes of ``part`` by its axes; None where that is not as large as ``made``."""
    import cv2

    across, down = axes
    found = cv2.resize(part, None, fx=across.inverse, fy=down.inverse, interpolation=interpolation)
    return found[output.within(made)] if found.shape[:2] == (made.height, made.width) else None


def nearest(begin: int, end: int, axis: Axis) -> Indices:
    """The pixel that each one from ``begin`` to ``end`` is a copy of: floor(x * scale)."""
    import numpy as np

    at: Indices = np.floor(np.arange(begin, end) * axis.scale).astype(np.int64)
    return np.clip(at, 0, axis.source - 1)


@lru_cache(KEPT)
def linear(begin: int, end: int, axis: Axis, *, across: bool) -> Taps:
    """Two pixels. ``across`` tells along a row: beyond its edge OpenCV takes one pixel, in a column the same one twice."""
    return _pairs(*_positions(begin, end, axis), axis, across=across)


@lru_cache(KEPT)
def enlarged_area(begin: int, end: int, axis: Axis, *, across: bool) -> Taps:
    """Area where the image grows: two pixels, of which the second counts only as far as it is reached."""
    import numpy as np

    at = np.arange(begin, end)
    first = np.floor(at * axis.scale).astype(np.int64)
    beyond = ((at + 1) - (first + 1) * axis.inverse).astype(np.float32)
    beyond = np.where(beyond <= 0, np.float32(0), beyond - np.floor(beyond))
    return _pairs(first, beyond, axis, across=across)


@lru_cache(KEPT)
def cubic(begin: int, end: int, axis: Axis) -> Taps:
    """Four pixels, by cubic convolution."""
    import numpy as np

    first, x = _positions(begin, end, axis)
    a, one = np.float32(CUBIC_A), np.float32(1)
    y, z = one - x, x + one
    outer = ((a * z - np.float32(5) * a) * z + np.float32(8) * a) * z - np.float32(4) * a
    left = ((a + np.float32(2)) * x - (a + np.float32(3))) * x * x + one
    right = ((a + np.float32(2)) * y - (a + np.float32(3))) * y * y + one
    return _taps(first - 1, np.stack([outer, left, right, one - outer - left - right], axis=1), axis)


@lru_cache(KEPT)
def lanczos(begin: int, end: int, axis: Axis) -> Taps:
    """Eight pixels, by Lanczos' kernel, whose weights are made to sum to one.

    sin(pi x) sin(pi x / 4) / x**2 at eight places a pixel apart needs one sine and one cosine: the rest are turns by an
    eighth.
    """
    import numpy as np

    first, x = _positions(begin, end, axis)
    half = 0.5**0.5
    turns = ((1, 0), (-half, -half), (0, 1), (half, -half), (-1, 0), (half, half), (0, -1), (-half, half))
    start = -(x + np.float32(3)).astype(np.float64) * np.pi * 0.25
    sine, cosine = np.sin(start), np.cos(start)
    weights = np.empty((len(x), 8), np.float32)
    total = np.zeros(len(x), np.float32)
    for tap, (of_sine, of_cosine) in enumerate(turns):
        away = x + np.float32(3) - np.float32(tap)
        there = np.abs(away) < np.float32(AT_A_PIXEL)
        angle = np.where(there, 1.0, -away.astype(np.float64) * np.pi * 0.25)
        weight = ((of_sine * sine + of_cosine * cosine) / (angle * angle)).astype(np.float32)
        weights[:, tap] = np.where(there, np.float32(1e30), weight)
        total += weights[:, tap]
    weights *= (np.float32(1) / total)[:, None]
    return _taps(first - 3, weights, axis)


@lru_cache(KEPT)
def area(begin: int, end: int, axis: Axis) -> Taps:
    """All pixels that one of the result covers, by how much of it each covers."""
    import numpy as np

    left = np.arange(begin, end) * axis.scale
    right = left + axis.scale
    width = np.minimum(axis.scale, axis.source - left)
    inner_end = np.minimum(np.floor(right).astype(np.int64), axis.source - 1)
    inner = np.minimum(np.ceil(left).astype(np.int64), inner_end)
    before = inner - left > NEGLIGIBLE
    after = right - inner_end > NEGLIGIBLE
    first = inner - before
    count = inner_end + after - first
    index = first[:, None] + np.arange(int(count.max()))
    weight = np.repeat((1.0 / width).astype(np.float32)[:, None], index.shape[1], axis=1)
    weight[before, 0] = ((inner - left) / width).astype(np.float32)[before]
    share = np.minimum(np.minimum(right - inner_end, 1.0), width) / width
    rows = np.flatnonzero(after)
    weight[rows, count[rows] - 1] = share.astype(np.float32)[rows]
    return Taps(np.minimum(index, axis.source - 1), weight, np.ones(len(first), bool), count)


def _positions(begin: int, end: int, axis: Axis) -> tuple[Indices, Weights]:
    """The pixel to the left of each one's middle, and how far beyond it that is."""
    import numpy as np

    at = ((np.arange(begin, end) + 0.5) * axis.scale - 0.5).astype(np.float32)
    first = np.floor(at)
    return first.astype(np.int64), at - first


def _pairs(first: Indices, beyond: Weights, axis: Axis, *, across: bool) -> Taps:
    """Two pixels, the second by how far ``beyond`` the first the place is."""
    import numpy as np

    count = None
    if across:
        beyond = np.where((first < 0) | (first >= axis.source - 1), np.float32(0), beyond)
        first = np.clip(first, 0, axis.source - 1)
        count = np.where(first == axis.source - 1, 1, 2)
    index = np.clip(np.stack([first, first + 1], axis=1), 0, axis.source - 1)
    weight = np.stack([np.float32(1) - beyond, beyond], axis=1)
    return Taps(index, weight, np.zeros(len(first), bool), count)


def _taps(first: Indices, weight: Weights, axis: Axis) -> Taps:
    import numpy as np

    index = first[:, None] + np.arange(weight.shape[1])
    within = np.clip(index, 0, axis.source - 1)
    return Taps(within, weight, (index != within).any(axis=1))
