"""Means of neighbours that look alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.errors import UnsupportedPixelsError
from tilework.imaging.operations.contract import (
    ORDINARY_COST,
    VECTOR_ALIGNMENT,
    Example,
    Measured,
    MeasuredOperation,
    Reduced,
)
from tilework.imaging.operations.parameters import Parameter
from tilework.imaging.windows import Margin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tilework.imaging.operations.contract import Arrays, Image, Part, Pixels, Site
    from tilework.imaging.operations.parameters import Arguments
    from tilework.imaging.windows import Size

LARGEST_CIRCLE = 99
"""Pixels. Every pixel of the circle is weighed for every pixel: at 99 a million samples take 2.6 to 3.8 s."""

CIRCLE_COST = 0.0005
"""Seconds for a million samples and each pixel of the circle's square; measured: 0.00027 to 0.00039."""

LARGEST_VALUE = 1e37
"""Of a float: three channels' differences, of which OpenCV makes a sum, stay below the largest float32 (3.4e38)."""

WIDEST_SIGMA = 1_000_000
"""Beyond it all weights are 1 long since."""


def _sigma(name: str, text: str, unit: str) -> Parameter:
    return Parameter(
        name=name, type="float", help=text, minimum=0.01, maximum=WIDEST_SIGMA, unit=unit, example=50
    )


class Bilateral(MeasuredOperation):
    """A mean of what is near in place and in colour.

    Of floats OpenCV takes the weights of colours from a table, whose steps part the range of the whole image's values:
    that range is measured.
    """

    name = "bilateral"
    family = "filters"
    summary = (
        "Bilateral filter: smooths surfaces and leaves edges, for it weighs neighbours by their colour, too."
    )
    formula = "cv2.bilateralFilter(image, diameter, sigma_color, sigma_space)"
    parameters = (
        Parameter(
            name="diameter",
            type="int",
            help="Pixels across the circle of neighbours; 0 derives it from sigma_space: twice 1.5 sigma_space, and 1.",
            minimum=0,
            maximum=LARGEST_CIRCLE,
            unit="px",
            example=9,
        ),
        _sigma("sigma_color", "How different colours may be that are mixed.", "levels"),
        _sigma("sigma_space", "How far apart pixels may be that are mixed, within the circle.", "px"),
    )
    dtypes = ("uint8", "float32")
    scratch = 1.5
    nodata = "A value like any other; not-a-numbers count for nothing, and infinite ones are refused."
    examples = (
        Example(text="bilateral(9, 50, 50)", python="cv2.bilateralFilter(image, 9, 50, 50)"),
        Example(
            text="bilateral(9, 0.5, 3)",
            python="cv2.bilateralFilter(image, 9, 0.5, 3)",
            title="Floats of which white is 1.",
            dtypes=("float32",),
        ),
        Example(
            text="bilateral(0, 30, 2)",
            python="cv2.bilateralFilter(image, 0, 30, 2)",
            title="As wide as sigma_space asks for.",
        ),
    )

    def check(self, arguments: Arguments) -> None:
        """Raise ValueError where sigma_space asks for too large a circle."""
        if 2 * _radius(arguments) + 1 > LARGEST_CIRCLE:
            raise ValueError(
                f"sigma_space asks for a circle of {2 * _radius(arguments) + 1:,} pixels; {LARGEST_CIRCLE} are allowed. "
                f"Give a diameter"
            )

    def cost(self, arguments: Arguments) -> float:
        """Every pixel of the circle."""
        return ORDINARY_COST + CIRCLE_COST * (2 * _radius(arguments) + 1) ** 2

    def alignment(self, pixels: Pixels) -> Size:  # noqa: ARG002
        """Weights are floats, which vector loops may add otherwise than their tails do."""
        return VECTOR_ALIGNMENT

    def margin(self, arguments: Arguments) -> Margin:
        """The circle's radius."""
        return Margin.even(_radius(arguments), _radius(arguments))

    def measures(self, pixels: Pixels) -> bool:
        """Only of floats: of bytes the table has a step for each difference."""
        return pixels.dtype == "float32"

    def measure(self, image: Image, site: Site, arguments: Arguments) -> Measured:  # noqa: ARG002
        """Find the smallest and the largest value."""
        import numpy as np

        core = image[site.output.within(site.source)]
        return Measured({"low": np.fmin.reduce(core, axis=None), "high": np.fmax.reduce(core, axis=None)}, {})

    def reduce(self, parts: Sequence[Part], arguments: Arguments) -> Reduced:  # noqa: ARG002
        """Find those of all parts."""
        import numpy as np

        low, high = ([part.partial[name] for part in parts] for name in ("low", "high"))
        return Reduced({"low": np.fmin.reduce(low), "high": np.fmax.reduce(high)}, {})

    def settle(self, partial: Arrays, arguments: Arguments) -> Arrays:  # noqa: ARG002
        """Return both. Raises UnsupportedPixelsError for a range that OpenCV's table cannot part: it reads outside it."""
        low, high = float(partial["low"]), float(partial["high"])
        if max(abs(low), abs(high)) > LARGEST_VALUE:
            raise UnsupportedPixelsError(
                f"bilateral takes values up to {LARGEST_VALUE:g}, and this image has some from {low:g} to {high:g}.",
                advice="Cut infinite and very large values off first.",
            )
        return {"low": partial["low"], "high": partial["high"]}

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """One bilateral filter, with OpenCV's own border (REFLECT_101).

        Below floats go, out of the circle's reach, two rows of the whole image's smallest and largest value: OpenCV
        looks for them in what it is given.
        """
        import cv2

        height, radius = len(image), _radius(arguments)
        sigmas = float(arguments["sigma_color"]), float(arguments["sigma_space"])
        if "low" in arguments:
            image = cv2.copyMakeBorder(image, 0, radius + 2, 0, 0, cv2.BORDER_REFLECT_101)
            image[-2], image[-1] = arguments["low"], arguments["high"]
        return cv2.bilateralFilter(image, int(arguments["diameter"]), *sigmas)[:height]


def _radius(arguments: Arguments) -> int:
    """As OpenCV has it."""
    diameter = int(arguments["diameter"])
    return max(1, diameter // 2 if diameter else round(float(arguments["sigma_space"]) * 1.5))


OPERATIONS = (Bilateral(),)
