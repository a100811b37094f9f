"""Smoothing by weighted means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.operations.contract import ORDINARY_COST, VECTOR_ALIGNMENT, Example, LocalOperation
from tilework.imaging.operations.parameters import Parameter
from tilework.imaging.windows import Margin

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image
    from tilework.imaging.operations.parameters import Arguments
    from tilework.imaging.windows import Size, Window

LARGEST_KERNEL = 999
"""Pixels. A Gaussian costs its width and height for every pixel; a wider blur is better had by resizing."""

COST = 0.0006
"""Seconds for a million samples and each row or column of the kernel. Measured: up to 0.00057 at 999, where the rows it
needs leave the cache (uint16), 0.00015 at 101."""


WHOLE_NUMBERS = ("uint8", "uint16", "int16")
"""Depths that cv2.blur sums exactly: whole numbers in a running sum that no rounding touches."""


LARGEST_SHORT_SUM = 256
"""Pixels of a rectangle of bytes whose mean cv2.blur takes in whole numbers of 16 bits; of larger ones it multiplies floats,
in single precision in its vectors, in double where they end."""


class Blur(LocalOperation):
    """Gaussian smoothing."""

    name = "blur"
    family = "filters"
    summary = "Gaussian blur: noise and fine detail disappear, the wider the kernel the more."
    formula = "cv2.GaussianBlur(image, (width, height), sigma)"
    parameters = (
        Parameter(
            name="width",
            type="int",
            help="Columns of the kernel, an odd number.",
            minimum=1,
            maximum=LARGEST_KERNEL,
            odd=True,
            unit="px",
            example=9,
        ),
        Parameter(
            name="height",
            type="int",
            help="Rows of the kernel, an odd number; as many as columns if not given.",
            default_from="width",
            minimum=1,
            maximum=LARGEST_KERNEL,
            odd=True,
            unit="px",
        ),
        Parameter(
            name="sigma",
            type="float",
            help="Standard deviation of the Gaussian; 0 derives it from the kernel's size: 0.3 ((n - 1) / 2 - 1) + 0.8.",
            default=0.0,
            minimum=0,
            maximum=LARGEST_KERNEL,
            unit="px",
        ),
    )
    examples = (
        Example(text="blur(9)", python="cv2.GaussianBlur(image, (9, 9), 0)"),
        Example(
            text="blur(31, 1)",
            python="cv2.GaussianBlur(image, (31, 1), 0)",
            title="Along the rows only.",
        ),
        Example(text="blur(9, 5, 1.5)", python="cv2.GaussianBlur(image, (9, 5), 1.5)"),
    )

    def cost(self, arguments: Arguments) -> float:
        """A pass along the rows and one along the columns."""
        return ORDINARY_COST + COST * (int(arguments["width"]) + int(arguments["height"]))

    def margin(self, arguments: Arguments) -> Margin:
        """Half the kernel on each side."""
        return Margin.even(int(arguments["width"]) // 2, int(arguments["height"]) // 2)

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """One Gaussian, with OpenCV's own border (REFLECT_101)."""
        import cv2

        size = (int(arguments["width"]), int(arguments["height"]))
        return cv2.GaussianBlur(image, size, float(arguments["sigma"]))


class Box(LocalOperation):
    """The plain mean of a rectangle."""

    name = "box"
    family = "filters"
    summary = (
        "Mean of a rectangle around each pixel: the quickest blur, at one cost for any size of whole numbers."
    )
    formula = (
        "cv2.blur(image, (width, height)); floats by "
        "cv2.sepFilter2D(image, -1, np.full(width, 1 / width), np.full(height, 1 / height))"
    )
    parameters = (
        Parameter(
            name="width",
            type="int",
            help="Columns of the rectangle; of an even number one more lies to the left.",
            minimum=1,
            maximum=LARGEST_KERNEL,
            unit="px",
            example=9,
        ),
        Parameter(
            name="height",
            type="int",
            help="Rows of the rectangle; as many as columns if not given.",
            default_from="width",
            minimum=1,
            maximum=LARGEST_KERNEL,
            unit="px",
        ),
    )
    nodata = "A value like any other: it spreads over the rectangle."
    examples = (
        Example(text="box(9)", python="cv2.blur(image, (9, 9))", dtypes=WHOLE_NUMBERS),
        Example(text="box(4, 15)", python="cv2.blur(image, (4, 15))", dtypes=WHOLE_NUMBERS),
        Example(
            text="box(9, 4)",
            python="cv2.sepFilter2D(image, -1, np.full(9, 1 / 9), np.full(4, 1 / 4))",
            title="Floats are summed anew for each pixel.",
            dtypes=("float32", "float64"),
        ),
    )

    def cost(self, arguments: Arguments) -> float:
        """As a Gaussian's, which floats take; whole numbers take less."""
        return ORDINARY_COST + COST * (int(arguments["width"]) + int(arguments["height"]))

    def source_window(self, output: Window, size: Size, arguments: Arguments) -> Window:
        """Return the rectangle's reach around ``output``; of bytes, too, whole vectors where their means are floats."""
        window = super().source_window(output, size, arguments)
        area = int(arguments["width"]) * int(arguments["height"])
        return window.aligned(VECTOR_ALIGNMENT) if area > LARGEST_SHORT_SUM else window

    def margin(self, arguments: Arguments) -> Margin:
        """Half the rectangle on each side."""
        return centred(int(arguments["width"]), int(arguments["height"]))

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """One mean, with OpenCV's own border (REFLECT_101).

        cv2.blur adds the pixel that enters a running sum and subtracts the one that leaves. Of floats, each sum keeps the
        rounding of all before it, and a not-a-number never leaves: a tile would have other pixels than the whole.
        """
        import cv2
        import numpy as np

        width, height = int(arguments["width"]), int(arguments["height"])
        if image.dtype.kind == "f":
            return cv2.sepFilter2D(image, -1, np.full(width, 1 / width), np.full(height, 1 / height))
        return cv2.blur(image, (width, height))


def centred(columns: int, rows: int) -> Margin:
    """What a kernel anchored at ``(columns // 2, rows // 2)`` reads around a pixel, reflected at the edge or not.

    A kernel of an even number reads one less to the right, but beyond the left edge that one is the mirror's.
    """
    return Margin.even(columns // 2, rows // 2)


OPERATIONS = (Blur(), Box())
