"""Operations with a structuring element."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from tilework.imaging.operations.contract import ORDINARY_COST, Example, LocalOperation
from tilework.imaging.operations.parameters import Parameter
from tilework.imaging.windows import Margin

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image
    from tilework.imaging.operations.parameters import Arguments

LARGEST_ELEMENT = 255
"""Pixels. Larger ones are had by iterations."""

MOST_ITERATIONS = 100
"""Each iteration may be a pass over the image."""

LONGEST_REACH = 2_048
"""Pixels that all iterations together reach across. OpenCV joins the iterations of a rectangle into one element and
allocates that: 2,049 x 2,049 bytes are 4 MiB, but 255 applied 100 times would be 615 MiB, for an image of any size."""

ELEMENT_COST = 1.3e-5
"""Seconds for a million samples and each pixel of an element that is no rectangle; measured: 1.2e-5 (uint16)."""

PARAMETERS = (
    Parameter(
        name="size",
        type="int",
        help="Columns and rows of the structuring element.",
        default=3,
        minimum=1,
        maximum=LARGEST_ELEMENT,
        unit="px",
        shown=True,
    ),
    Parameter(
        name="iterations",
        type="int",
        help="How many times it is applied.",
        default=1,
        minimum=1,
        maximum=MOST_ITERATIONS,
    ),
    Parameter(
        name="shape",
        type="word",
        help="Shape of the structuring element.",
        default="rect",
        choices=("rect", "cross", "ellipse"),
    ),
)


class Morphology(LocalOperation):
    """What erode and dilate share: the element, anchored at ``size // 2``, and its reach."""

    family = "morphology"
    nodata = (
        "A value like any other. NaN is neither greater nor less than another value, so that it depends on the order of comparing "
        "what comes of it: a rectangle of even size that is applied 4, 6, 8, … times may give other pixels near a NaN in tiles "
        "than in the whole."
    )
    parameters = PARAMETERS

    def check(self, arguments: Arguments) -> None:
        """Raise ValueError where all iterations together reach too far."""
        reach = (int(arguments["size"]) - 1) * int(arguments["iterations"])
        if reach > LONGEST_REACH:
            raise ValueError(
                f"size and iterations together reach across {reach:,} pixels; {LONGEST_REACH:,} are allowed"
            )

    def cost(self, arguments: Arguments) -> float:
        """OpenCV takes a rectangle apart, at 0.03 s for all its iterations; any other element it walks in full."""
        if arguments["shape"] == "rect":
            return ORDINARY_COST
        return ORDINARY_COST + ELEMENT_COST * int(arguments["size"]) ** 2 * int(arguments["iterations"])

    def margin(self, arguments: Arguments) -> Margin:
        """Return the element's reach from its anchor, as many times as it is applied."""
        size, iterations = int(arguments["size"]), int(arguments["iterations"])
        before, after = size // 2 * iterations, (size - 1 - size // 2) * iterations
        return Margin(before, before, after, after)


def element(arguments: Arguments) -> Image:
    """Return the structuring element, uint8, for reading only: 1 where it is, else 0."""
    return _element(str(arguments["shape"]), int(arguments["size"]))


@functools.lru_cache(maxsize=8)
def _element(shape: str, size: int) -> Image:
    """Made once for all tiles."""
    import cv2

    shapes = {"rect": cv2.MORPH_RECT, "cross": cv2.MORPH_CROSS, "ellipse": cv2.MORPH_ELLIPSE}
    return cv2.getStructuringElement(shapes[shape], (size, size))


class Erode(Morphology):
    """The darkest value under the element."""

    name = "erode"
    summary = "Erosion: dark regions grow, bright specks disappear."
    formula = "cv2.erode(image, cv2.getStructuringElement(shape, (size, size)), iterations=iterations)"
    examples = (
        Example(text="erode(3)", python="cv2.erode(image, np.ones((3, 3), np.uint8))"),
        Example(
            text="erode(5, shape=cross)",
            python="cv2.erode(image, cv2.getStructuringElement(cv2.MORPH_CROSS, (5, 5)))",
        ),
    )

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """One erosion, a channel at a time; what lies beyond the edge never counts."""
        import cv2

        return cv2.erode(image, element(arguments), iterations=int(arguments["iterations"]))


class Dilate(Morphology):
    """The brightest value under the element."""

    name = "dilate"
    summary = "Dilation: bright regions grow, dark specks disappear."
    formula = "cv2.dilate(image, cv2.getStructuringElement(shape, (size, size)), iterations=iterations)"
    examples = (
        Example(text="dilate(3)", python="cv2.dilate(image, np.ones((3, 3), np.uint8))"),
        Example(text="dilate(4, 3)", python="cv2.dilate(image, np.ones((4, 4), np.uint8), iterations=3)"),
    )

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """One dilation, a channel at a time; what lies beyond the edge never counts."""
        import cv2

        return cv2.dilate(image, element(arguments), iterations=int(arguments["iterations"]))


OPERATIONS = (Erode(), Dilate())
