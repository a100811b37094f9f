"""Smoothing and other linear filters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.operations.contract import ORDINARY_COST, Example, LocalOperation
from tilework.imaging.operations.parameters import Parameter
from tilework.imaging.windows import Margin

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image
    from tilework.imaging.operations.parameters import Arguments

LARGEST_KERNEL = 999
"""Pixels. A Gaussian costs its width and height for every pixel; a wider blur is better had by resizing."""


COST = 0.0006
"""Seconds for a million samples and each row or column of the kernel. Measured: up to 0.00057 at 999, where the rows it
needs leave the cache (uint16), 0.00015 at 101."""


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


OPERATIONS = (Blur(),)
