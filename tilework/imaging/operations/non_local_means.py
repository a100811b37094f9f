"""Denoising by what looks alike, wherever it is nearby."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.operations.contract import NO_ALIGNMENT, ORDINARY_COST, Example, LocalOperation
from tilework.imaging.operations.parameters import Parameter
from tilework.imaging.windows import Margin

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.imaging.operations.contract import Image, Pixels
    from tilework.imaging.operations.parameters import Arguments
    from tilework.imaging.windows import Size

LARGEST_TEMPLATE = 21
"""Pixels: beyond it nothing looks like anything."""

LARGEST_SEARCH = 45
"""Pixels. Every place of the square is compared with every pixel: at 45 a million samples take 2.3 to 4.9 s."""

PLACE_COST = 0.003
"""Seconds for a million samples and each place of the search; measured: up to 0.0013 (template 7), 0.0024 (21)."""

COLUMNS = 1_024
"""Of an image that are worked on at a time: OpenCV keeps four bytes for each column and place of the search."""


def _square(name: str, text: str, default: int, largest: int) -> Parameter:
    return Parameter(
        name=name, type="int", help=text, default=default, minimum=1, maximum=largest, odd=True, unit="px"
    )


def _strength(name: str, text: str) -> Parameter:
    return Parameter(
        name=name, type="float", help=text, default=3.0, minimum=0, maximum=65_535, unit="levels"
    )


class Denoise(LocalOperation):
    """Non-local means."""

    name = "denoise"
    family = "filters"
    summary = "Non-local means: each pixel becomes the mean of those nearby whose surroundings look alike."
    formula = (
        "cv2.fastNlMeansDenoising(image, None, h, template, search) of grey uint8; "
        "cv2.fastNlMeansDenoisingColored(image, None, h, h_color, template, search) of colour, in L*a*b*; "
        "cv2.fastNlMeansDenoising(image, [h], None, template, search, cv2.NORM_L1) of uint16, all channels at once"
    )
    parameters = (
        _strength(
            "h",
            "Strength, of colour images that for lightness; noise of about so many levels goes. 16 bits want 257 times as much.",
        ),
        _strength("h_color", "Strength for the colours of 8-bit colour images; no other image needs it."),
        _square(
            "template",
            "Columns and rows of the surroundings that are compared, an odd number.",
            7,
            LARGEST_TEMPLATE,
        ),
        _square("search", "Columns and rows within which is searched, an odd number.", 21, LARGEST_SEARCH),
    )
    dtypes = ("uint8", "uint16")
    scratch = 6.0
    examples = (
        Example(
            text="denoise(10, 10)",
            python="cv2.fastNlMeansDenoising(image, None, 10) if image.ndim == 2 "
            "else cv2.fastNlMeansDenoisingColored(image, None, 10, 10)",
            dtypes=("uint8",),
        ),
        Example(
            text="denoise(2000, template=5, search=15)",
            python="cv2.fastNlMeansDenoising(image, [2000], None, 5, 15, cv2.NORM_L1)",
            title="16 bits: differences are taken as they are, not squared.",
            dtypes=("uint16",),
        ),
    )

    def cost(self, arguments: Arguments) -> float:
        """Every place of the search."""
        return ORDINARY_COST + PLACE_COST * int(arguments["search"]) ** 2

    def alignment(self, pixels: Pixels) -> Size:  # noqa: ARG002
        """Whole numbers throughout, of 16 bits as well."""
        return NO_ALIGNMENT

    def margin(self, arguments: Arguments) -> Margin:
        """Half the search, and half the surroundings of what is found there."""
        reach = _reach(arguments)
        return Margin.even(reach, reach)

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """Means of some columns after the other, with OpenCV's own border (REFLECT_101)."""
        import cv2

        h, h_color = float(arguments["h"]), float(arguments["h_color"])
        squares = int(arguments["template"]), int(arguments["search"])
        if image.dtype.itemsize > 1:
            return _by_columns(
                image,
                _reach(arguments),
                lambda part: cv2.fastNlMeansDenoising(part, [h], None, *squares, cv2.NORM_L1),
            )
        if image.ndim == 2:  # noqa: PLR2004
            return _by_columns(
                image, _reach(arguments), lambda part: cv2.fastNlMeansDenoising(part, None, h, *squares)
            )
        return _by_columns(
            image,
            _reach(arguments),
            lambda part: cv2.fastNlMeansDenoisingColored(part, None, h, h_color, *squares),
        )


def _by_columns(image: Image, reach: int, means: Callable[[Image], Image]) -> Image:
    """Return the means of ``image``, made with ``reach`` columns around what is wanted of them."""
    import numpy as np

    width = image.shape[1]
    if width <= COLUMNS:
        return means(image)
    result = np.empty_like(image)
    for left in range(0, width, COLUMNS):
        right = min(width, left + COLUMNS)
        first, last = max(0, left - reach), min(width, right + reach)
        result[:, left:right] = means(image[:, first:last])[:, left - first : right - first]
    return result


def _reach(arguments: Arguments) -> int:
    return int(arguments["search"]) // 2 + int(arguments["template"]) // 2


OPERATIONS = (Denoise(),)
