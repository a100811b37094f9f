"""Warps of straight lines, window by window: positions are reckoned for the whole image, then shifted.

``cv2.warpAffine`` reckons in whole numbers, 1/1024 of a pixel, column by column and row by row from the corner, and rounds
to 1/32 (modules/imgproc/src/imgwarp.cpp of OpenCV 4.14). The same sums are made here for the window's own columns and
rows, and ``cv2.remap`` is given them relative to the pixels that it gets: so positions fit its 16 bits at any size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tilework.imaging.windows import Size, Window, tiles

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image, Site

FRACTIONS = 10
"""Bits of a position's fraction while it is summed up."""

POSITIONS = 5
"""Bits of it that count."""

INTERPOLATIONS = {"nearest": 0, "linear": 1, "cubic": 2, "lanczos": 4}
"""The numbers of cv2.INTER_*."""

AROUND = {"nearest": 0, "linear": 1, "cubic": 2, "lanczos": 4}
"""Pixels around a position that its value is made of."""

SLACK = 2
"""Pixels by which a position may be rounded, and one that OpenCV's quick loops look ahead."""

ROWS = 512
BLOCK_PIXELS = 4096
BLOCK_ROWS = 32
"""OpenCV warps blocks of 32 rows and so many columns that there are 4,096 pixels. In grey its vector loop begins anew in each
block, and rounds otherwise than what is left behind it, so the blocks here begin at the same columns."""

BLOCKS = 8
"""Blocks beside each other whose positions are reckoned at once: in NumPy short rows cost more than long ones."""

REMAP_SIDE = 128
"""Where there are as many rows, cv2.remap goes by blocks of so many columns as well, so that one call does for several."""

FARTHEST = 64
"""Pixels beyond the window at which a position may as well lie nearer: nothing of the image is seen from there."""

LARGEST_SIDE = 32_766
"""Columns and rows of an image that OpenCV warps whole: positions have 16 bits."""


@dataclass(frozen=True, slots=True)
class Affine:
    """(x, y) to (a x + b y + c, d x + e y + f)."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float

    @classmethod
    def turn(cls, size: Size, result: Size, degrees: float) -> Affine:
        """A turn against the clock about the middle of an image of ``size``, which comes to the middle of ``result``."""
        angle = degrees * (math.pi / 180)
        cosine, sine = math.cos(angle), math.sin(angle)
        x, y = (size.width - 1) / 2, (size.height - 1) / 2
        right, down = (result.width - size.width) / 2, (result.height - size.height) / 2
        return cls(
            cosine, sine, (1 - cosine) * x - sine * y + right,
            -sine, cosine, sine * x + (1 - cosine) * y + down,
        )  # fmt: skip

    @property
    def inverse(self) -> Affine:
        """The way back, in the order of operations that cv2.warpAffine has."""
        factor = self.a * self.e - self.b * self.d
        factor = 1.0 / factor if factor else 0.0
        a, b, d, e = self.e * factor, self.b * -factor, self.d * -factor, self.a * factor
        return Affine(a, b, -a * self.c - b * self.f, d, e, -d * self.c - e * self.f)

    def source_window(self, output: Window, size: Size, result: Size, interpolation: str) -> Window:
        """Which pixels of an image of ``size`` those of a window may be made of, where this is the way back."""
        step = _columns(result)
        output = output.aligned(Size(step, 1)).clamped(result)
        around = AROUND[interpolation] + SLACK
        corners = [(x, y) for x in (output.left, output.right - 1) for y in (output.top, output.bottom - 1)]
        across = [self.a * x + self.b * y + self.c for x, y in corners]
        down = [self.d * x + self.e * y + self.f for x, y in corners]
        left, right = _span(min(across) - around, max(across) + around, size.width)
        top, bottom = _span(min(down) - around, max(down) + around, size.height)
        return Window(left, top, right, bottom)


def _span(first: float, last: float, side: int) -> tuple[int, int]:
    """The pixels of an axis between two positions; where there are none, the nearest."""
    begin = min(max(math.floor(first), 0), side - 1)
    return begin, min(max(math.ceil(last) + 1, begin + 1), side)


def _columns(result: Size) -> int:
    return BLOCK_PIXELS // min(BLOCK_ROWS, result.height)


def warped(image: Image, site: Site, turn: Affine, interpolation: str, border: tuple[int, float]) -> Image:
    """Return the pixels of ``site.output`` of the image warped by ``turn``; ``border`` one of cv2.BORDER_* and its value."""
    import cv2
    import numpy as np

    whole = site.source == Window.whole(site.source_size) and site.output == Window.whole(site.output_size)
    sides = (site.output.width, site.output.height, site.source.width, site.source.height)
    if whole and max(sides) <= LARGEST_SIDE:
        matrix = np.array([[turn.a, turn.b, turn.c], [turn.d, turn.e, turn.f]])
        return cv2.warpAffine(
            image, matrix, sides[:2], flags=INTERPOLATIONS[interpolation], borderMode=border[0], borderValue=[border[1]] * 4
        )  # fmt: skip
    back, result = turn.inverse, site.output_size
    step = _columns(result)
    made = np.empty((site.output.height, site.output.width, *image.shape[2:]), image.dtype)
    reached = site.output.aligned(Size(step, 1)).clamped(result)
    for tile in tiles(reached.size, Size(step * BLOCKS, ROWS)):
        left, top = reached.left + tile.left, reached.top + tile.top
        area = Window(left, top, left + tile.width, top + tile.height)
        source = back.source_window(area, site.source_size, result, interpolation)
        pixels, fractions = _maps(back, area, source, interpolation)
        part = image[source.within(site.source)]
        wide = area.width if step == REMAP_SIDE <= area.height else step
        for begin in range(0, area.width, wide):
            columns = slice(begin, begin + wide)
            block = Window(
                area.left + begin, area.top, min(area.left + begin + wide, area.right), area.bottom
            )
            within: Any = None if fractions is None else fractions[:, columns]
            found = cv2.remap(
                part, pixels[:, columns], within,
                INTERPOLATIONS[interpolation], borderMode=border[0], borderValue=[border[1]] * 4,
            )  # fmt: skip
            wanted = Window(
                max(block.left, site.output.left),
                block.top,
                min(block.right, site.output.right),
                block.bottom,
            )
            made[wanted.within(site.output)] = found[wanted.within(block)]
    return made


def _maps(back: Affine, block: Window, source: Window, interpolation: str) -> tuple[Any, Any]:
    """Positions of a block's pixels in ``source`` as cv2.remap takes them: whole pixels, and an index of fractions."""
    import cv2
    import numpy as np

    x, y = np.arange(block.left, block.right), np.arange(block.top, block.bottom)
    one = 1 << FRACTIONS
    half = one >> 1 if interpolation == "nearest" else one >> POSITIONS + 1
    places, pixels = [], []
    for of_x, of_y, start, begin, side in (
        (back.a, back.b, back.c, source.left, source.width),
        (back.d, back.e, back.f, source.top, source.height),
    ):
        along = np.rint(of_x * x * one).astype(np.int64)
        down = np.rint((of_y * y + start) * one).astype(np.int64) + half - (begin << FRACTIONS)
        base = along[0]
        places.append((along - base).astype(np.int32) + (down + base).astype(np.int32)[:, None])
        whole = places[-1] >> FRACTIONS
        corners = whole[[0, 0, -1, -1], [0, -1, 0, -1]]
        if corners.min() < -FARTHEST or corners.max() > side + FARTHEST:
            np.clip(whole, -FARTHEST, side + FARTHEST, out=whole)
        pixels.append(whole.astype(np.int16))
    if interpolation == "nearest":
        return cv2.merge(pixels), None
    # the upper bits of both fractions, those of the row above those of the column; 16 bits hold them
    across, below = (place.astype(np.uint16) for place in places)
    across >>= FRACTIONS - POSITIONS
    across &= (1 << POSITIONS) - 1
    below &= ((1 << POSITIONS) - 1) << POSITIONS
    below += across
    return cv2.merge(pixels), below
