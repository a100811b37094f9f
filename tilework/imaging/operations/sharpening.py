"""Sharpening by what a blur takes away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.operations.contract import ORDINARY_COST, Example, LocalOperation
from tilework.imaging.operations.masks import compared
from tilework.imaging.operations.parameters import Parameter
from tilework.imaging.operations.smoothing import COST
from tilework.imaging.windows import Margin

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image
    from tilework.imaging.operations.parameters import Arguments

WIDEST_RADIUS = 100
"""Pixels: a Gaussian of 801 columns and rows."""

SIGMAS = 4
"""How many standard deviations cv2.GaussianBlur's kernel reaches where only sigma is given; 3 of bytes."""


class Sharpen(LocalOperation):
    """Unsharp masking."""

    name = "sharpen"
    family = "filters"
    summary = "Unsharp mask: adds what a Gaussian blur would take away."
    formula = (
        "cv2.addWeighted(image, 1 + amount, b, -amount, 0), of floats image + amount * (image - b), with "
        "b = cv2.GaussianBlur(image, (0, 0), radius); unchanged where cv2.absdiff(image, b) < threshold"
    )
    parameters = (
        Parameter(
            name="amount",
            type="float",
            help="How many times the detail is added.",
            default=1.0,
            minimum=0,
            maximum=100,
        ),
        Parameter(
            name="radius",
            type="float",
            help="Standard deviation of the Gaussian: how coarse the detail is.",
            default=2.0,
            minimum=0.1,
            maximum=WIDEST_RADIUS,
            unit="px",
        ),
        Parameter(
            name="threshold",
            type="float",
            help="Samples that differ less than this from the blurred image stay, so that noise is not sharpened.",
            default=0.0,
            minimum=0,
            maximum=65_535,
            unit="levels",
        ),
    )
    scratch = 3.0
    examples = (
        Example(
            text="sharpen(1.5, 2)",
            python="cv2.addWeighted(image, 2.5, cv2.GaussianBlur(image, (0, 0), 2), -1.5, 0)",
            dtypes=("uint8", "uint16", "int16"),
        ),
        Example(
            text="sharpen(0.7, 2, 3)",
            python="np.where(cv2.absdiff(image, b := cv2.GaussianBlur(image, (0, 0), 2)) < 3, image, "
            "cv2.addWeighted(image, 1.7, b, -0.7, 0))",
            title="Leaves what is nearly flat.",
            dtypes=("uint8", "uint16", "int16"),
        ),
        Example(
            text="sharpen(1.5, 0.8)",
            python="image + 1.5 * (image - cv2.GaussianBlur(image, (0, 0), 0.8))",
            dtypes=("float32", "float64"),
        ),
    )

    def cost(self, arguments: Arguments) -> float:
        """A Gaussian, and sums."""
        return ORDINARY_COST + COST * 2 * (2 * _reach(arguments) + 1)

    def margin(self, arguments: Arguments) -> Margin:
        """As far as the Gaussian reaches."""
        return Margin.even(_reach(arguments), _reach(arguments))

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """One Gaussian, with OpenCV's own border (REFLECT_101), and the image beyond it.

        cv2.addWeighted rounds floats at the end of an array otherwise than within; NumPy's sums are the same everywhere.
        """
        import cv2
        import numpy as np

        amount, threshold = float(arguments["amount"]), float(arguments["threshold"])
        blurred = cv2.GaussianBlur(image, (0, 0), float(arguments["radius"]))
        if image.dtype.kind == "f":
            with np.errstate(invalid="ignore", over="ignore"):  # infinite values give not-a-numbers
                sharp: Image = image - blurred
                np.multiply(sharp, amount, out=sharp)
                np.add(sharp, image, out=sharp)
        else:
            sharp = cv2.addWeighted(image, 1 + amount, blurred, -amount, 0)
        if threshold:
            flat = compared(cv2.absdiff(image, blurred), threshold, "below")
            cv2.copyTo(image, flat, sharp)
        return sharp


def _reach(arguments: Arguments) -> int:
    """Half of cv2.GaussianBlur's own kernel for this sigma."""
    return (round(float(arguments["radius"]) * SIGMAS * 2 + 1) | 1) // 2


OPERATIONS = (Sharpen(),)
