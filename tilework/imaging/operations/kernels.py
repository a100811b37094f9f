"""Filters by a kernel: one's own, and that of a camera in motion."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

from tilework.imaging.operations.contract import ORDINARY_COST, VECTOR_ALIGNMENT, Example, LocalOperation
from tilework.imaging.operations.correlation import correlated
from tilework.imaging.operations.parameters import Parameter
from tilework.imaging.operations.smoothing import centred

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image, Pixels
    from tilework.imaging.operations.parameters import Arguments
    from tilework.imaging.windows import Margin, Size

LONGEST_SIDE = 99
"""Rows or columns of a kernel. The text of a pipeline ends at 400 characters, which some 120 numbers fill at least."""

LARGEST_NUMBER = 1_000_000
"""In a kernel: sums of so many stay far from the largest float."""

LONGEST_MOTION = 127
"""Pixels. A longer one is had by resizing; cost grows with its square where it is neither level nor upright."""

COEFFICIENT_COST = 0.0003
"""Seconds for a million samples and each number of a kernel; measured: 0.00013 (uint16), 0.00005 (uint8)."""

SQUARE_COST = 0.00004
"""The same for each pixel of the square around a motion, most of which is 0; measured: 0."""


class Correlation(LocalOperation):
    """What filters by a kernel share: its window, and the grid on which floats are summed alike."""

    family = "filters"
    scratch = 1.5
    nodata = "A value like any other: it spreads as far as the kernel reaches."

    def alignment(self, pixels: Pixels) -> Size:  # noqa: ARG002
        """Sums are made in floats, of bytes as well, which vector loops may round otherwise than their tails do."""
        return VECTOR_ALIGNMENT


class Filter2d(Correlation):
    """A kernel of one's own."""

    name = "filter2d"
    summary = (
        "Your own kernel: each pixel becomes the sum of its neighbours, each times its number in the kernel."
    )
    formula = (
        "cv2.filter2D(image, -1, kernel / divisor, delta=delta), where OpenCV sums directly: up to 129 numbers of uint8 and "
        "float32, 49 of others; larger kernels in parts of that size, summed in float32 (float64 of float64), rounded once"
    )
    parameters = (
        Parameter(
            name="kernel",
            type="matrix",
            help="Rows of numbers, apart by ; and the numbers by commas; not turned round. A pipeline has 400 characters, "
            "which hold 9 x 9 numbers of two digits; whole numbers and a divisor are shorter than fractions.",
            minimum=-LARGEST_NUMBER,
            maximum=LARGEST_NUMBER,
            longest=(LONGEST_SIDE, LONGEST_SIDE),
            example=((0.0, -1.0, 0.0), (-1.0, 5.0, -1.0), (0.0, -1.0, 0.0)),
        ),
        Parameter(
            name="divisor",
            type="float",
            help="By which every number of the kernel is divided, such as their sum.",
            default=1.0,
            minimum=1e-6,
            maximum=1e9,
        ),
        Parameter(
            name="delta",
            type="float",
            help="What is added to the sum before it is rounded, such as 128 to see negative ones.",
            default=0.0,
            minimum=-LARGEST_NUMBER,
            maximum=LARGEST_NUMBER,
            unit="levels",
        ),
    )
    examples = (
        Example(
            text="filter2d([0, -1, 0; -1, 5, -1; 0, -1, 0])",
            python="cv2.filter2D(image, -1, np.float64([[0, -1, 0], [-1, 5, -1], [0, -1, 0]]))",
            title="Sharper.",
        ),
        Example(
            text="filter2d([1, 2, 1; 2, 4, 2; 1, 2, 1], 16)",
            python="cv2.filter2D(image, -1, np.float64([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16)",
            title="Whole numbers and their sum.",
        ),
        Example(
            text="filter2d([1, 0; 0, -1], delta=128)",
            python="cv2.filter2D(image, -1, np.float64([[1, 0], [0, -1]]), delta=128)",
            title="A relief: grey where nothing changes.",
        ),
    )

    def cost(self, arguments: Arguments) -> float:
        """Every number of the kernel."""
        rows = arguments["kernel"]
        return ORDINARY_COST + COEFFICIENT_COST * len(rows) * len(rows[0])

    def margin(self, arguments: Arguments) -> Margin:
        """The kernel around its anchor."""
        rows = arguments["kernel"]
        return centred(len(rows[0]), len(rows))

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """One correlation, with OpenCV's own border (REFLECT_101)."""
        import numpy as np

        kernel = np.array(arguments["kernel"], np.float64) / float(arguments["divisor"])
        return correlated(image, kernel, float(arguments["delta"]))


class MotionBlur(Correlation):
    """The mean along a line."""

    name = "motion_blur"
    summary = "Motion blur: as if the camera had moved along a line while the picture was taken."
    formula = (
        "cv2.filter2D(image, -1, w / w.sum()), summed as filter2d does; at (x, y) right of and below the centre "
        "w = max(0, 1 - hypot(max(0, |x cos a - y sin a| - (length - 1) / 2), x sin a + y cos a)), "
        "1 less the distance to the line"
    )
    parameters = (
        Parameter(
            name="length",
            type="int",
            help="Length of the line.",
            minimum=1,
            maximum=LONGEST_MOTION,
            unit="px",
            example=15,
        ),
        Parameter(
            name="angle",
            type="float",
            help="Direction of the line, counter-clockwise from level.",
            default=0.0,
            minimum=-360,
            maximum=360,
            unit="degrees",
        ),
    )
    examples = (
        Example(text="motion_blur(15)", python="cv2.filter2D(image, -1, np.full((1, 15), 1 / 15))"),
        Example(
            text="motion_blur(9, 30)",
            python="cv2.filter2D(image, -1, (w := (a := np.radians(30), x := np.r_[-4:5], y := np.c_[-2:3], "
            "np.maximum(0, 1 - np.hypot(np.maximum(0, abs(x * np.cos(a) - y * np.sin(a)) - 4), "
            "x * np.sin(a) + y * np.cos(a))))[-1]) / w.sum())",
            title="Upwards to the right: 1 less the distance to the line, made to sum up to 1.",
        ),
    )

    def cost(self, arguments: Arguments) -> float:
        """Three pixels across the line for each along it, and the empty rest of the square."""
        length = int(arguments["length"])
        return ORDINARY_COST + 3 * COEFFICIENT_COST * length + SQUARE_COST * length**2

    def margin(self, arguments: Arguments) -> Margin:
        """Half the line on each side."""
        across, down = _reaches(int(arguments["length"]), float(arguments["angle"]))
        return centred(2 * across + 1, 2 * down + 1)

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """One correlation, with OpenCV's own border (REFLECT_101)."""
        return correlated(image, line(int(arguments["length"]), float(arguments["angle"])))


@functools.lru_cache(maxsize=8)
def line(length: int, angle: float) -> Image:
    """Weights of a motion of ``length`` pixels at ``angle`` degrees; float64 (rows, columns), their sum is 1."""
    import numpy as np

    across, down = _reaches(length, angle)
    turned = np.radians(angle)
    x, y = np.arange(-across, across + 1), np.arange(-down, down + 1)[:, None]
    along = abs(x * np.cos(turned) - y * np.sin(turned)) - (length - 1) / 2
    distance = np.hypot(np.maximum(0, along), x * np.sin(turned) + y * np.cos(turned))
    weights = np.maximum(0, 1 - distance)
    ready: Image = weights / weights.sum()
    return ready


def _reaches(length: int, angle: float) -> tuple[int, int]:
    """Columns and rows beside the centre to which a line lends weight.

    Rounded before they are rounded up: a level line has a few billionths of a row above it.
    """
    half, turned = (length - 1) / 2, math.radians(angle)
    return math.ceil(round(half * abs(math.cos(turned)), 9)), math.ceil(
        round(half * abs(math.sin(turned)), 9)
    )


OPERATIONS = (Filter2d(), MotionBlur())
