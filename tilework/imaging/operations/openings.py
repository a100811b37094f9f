"""Erosions and dilations one after the other: opening, closing, and what they leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tilework.imaging.operations.contract import ORDINARY_COST, Example
from tilework.imaging.operations.morphology import Morphology, element
from tilework.imaging.windows import Margin

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image
    from tilework.imaging.operations.parameters import Arguments


class Composed(Morphology):
    """What two passes share: ``passes`` of them one after the other, or both on the image itself (1).

    What lies beyond the edge counts in neither, as cv2.morphologyEx has it. ``scratch`` is for the first one's result.
    """

    code: ClassVar[str]
    passes: ClassVar[int] = 2
    scratch = 1.25

    def cost(self, arguments: Arguments) -> float:
        """Return that of two passes, and a little: 255 x 255 pixels of float64 take 0.21 s."""
        return ORDINARY_COST + 2 * super().cost(arguments)

    def margin(self, arguments: Arguments) -> Margin:
        """Return the element's reach, in each pass that sees what the one before has made."""
        once = super().margin(arguments)
        return Margin(*(self.passes * reach for reach in (once.left, once.top, once.right, once.bottom)))

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """One call of cv2.morphologyEx; what lies beyond the edge never counts."""
        import cv2

        code = int(getattr(cv2, self.code))
        return cv2.morphologyEx(image, code, element(arguments), iterations=int(arguments["iterations"]))


def _formula(code: str) -> str:
    return f"cv2.morphologyEx(image, cv2.{code}, cv2.getStructuringElement(shape, (size, size)), iterations=iterations)"


class Open(Composed):
    """An erosion, and a dilation of it."""

    name = "open"
    code = "MORPH_OPEN"
    summary = "Opening: bright specks smaller than the element disappear, all else keeps its size."
    formula = _formula(code)
    examples = (
        Example(text="open(3)", python="cv2.morphologyEx(image, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))"),
        Example(
            text="open(7, shape=ellipse)",
            python="cv2.morphologyEx(image, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7)))",
        ),
    )


class Close(Composed):
    """A dilation, and an erosion of it."""

    name = "close"
    code = "MORPH_CLOSE"
    summary = "Closing: dark specks smaller than the element disappear, all else keeps its size."
    formula = _formula(code)
    examples = (
        Example(
            text="close(3)", python="cv2.morphologyEx(image, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))"
        ),
        Example(
            text="close(4, 2)",
            python="cv2.morphologyEx(image, cv2.MORPH_CLOSE, np.ones((4, 4), np.uint8), iterations=2)",
            title="Two dilations, and then two erosions.",
        ),
    )


class Gradient(Composed):
    """A dilation less an erosion."""

    name = "gradient"
    code = "MORPH_GRADIENT"
    passes = 1
    scratch = 2.25
    summary = (
        "Morphological gradient: outlines, where the brightest and the darkest under the element differ."
    )
    formula = _formula(code)
    examples = (
        Example(
            text="gradient(3)",
            python="cv2.morphologyEx(image, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))",
        ),
        Example(
            text="gradient(3, shape=cross)",
            python="cv2.morphologyEx(image, cv2.MORPH_GRADIENT, cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)))",
        ),
    )


class TopHat(Composed):
    """The image less its opening."""

    name = "tophat"
    code = "MORPH_TOPHAT"
    scratch = 2.25
    summary = "Top hat: bright specks smaller than the element, on black; what is even disappears."
    formula = _formula(code)
    examples = (
        Example(
            text="tophat(9)", python="cv2.morphologyEx(image, cv2.MORPH_TOPHAT, np.ones((9, 9), np.uint8))"
        ),
    )


class BlackHat(Composed):
    """The closing less the image."""

    name = "blackhat"
    code = "MORPH_BLACKHAT"
    scratch = 2.25
    summary = "Black hat: dark specks smaller than the element, bright on black."
    formula = _formula(code)
    examples = (
        Example(
            text="blackhat(9)",
            python="cv2.morphologyEx(image, cv2.MORPH_BLACKHAT, np.ones((9, 9), np.uint8))",
        ),
    )


OPERATIONS = (Open(), Close(), Gradient(), TopHat(), BlackHat())
