"""What an operation on brightness does with colours: it works on their luma, or on each channel for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.operations.parameters import Parameter

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.imaging.operations.contract import Image
    from tilework.imaging.operations.parameters import Arguments

COLOUR = Parameter(
    name="colour",
    type="word",
    help="Of colours: luma changes their brightness (Y of YCrCb) and keeps the hue, each changes every channel by itself.",
    default="luma",
    choices=("luma", "each"),
)
"""YCrCb and not Lab, for OpenCV computes it in whole numbers at 8 and at 16 bits: the same wherever a tile begins."""


def grey(image: Image) -> Image:
    """Grey as it is; of colours cv2.COLOR_BGR2GRAY, for whole numbers in whole-number arithmetic: (height, width)."""
    import cv2

    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)  # noqa: PLR2004


def worked_on(image: Image, arguments: Arguments) -> Image:
    """What of an image such an operation works on: grey as it is, (height, width), else luma or all channels."""
    import cv2

    if image.ndim == 2 or arguments[COLOUR.name] == "each":  # noqa: PLR2004
        return image
    return cv2.extractChannel(cv2.cvtColor(image, cv2.COLOR_BGR2YCrCb), 0)


def by_planes(image: Image, change: Callable[[Image], Image]) -> Image:
    """The image after ``change`` of each channel, (height, width), for itself."""
    import cv2

    return change(image) if image.ndim == 2 else cv2.merge([change(plane) for plane in cv2.split(image)])  # noqa: PLR2004


def changed(image: Image, arguments: Arguments, change: Callable[[Image], Image]) -> Image:
    """The image after ``change`` of what :func:`worked_on` tells, which keeps shape and depth."""
    import cv2

    if image.ndim == 2 or arguments[COLOUR.name] == "each":  # noqa: PLR2004
        return change(image)
    converted = cv2.cvtColor(image, cv2.COLOR_BGR2YCrCb)
    cv2.insertChannel(change(cv2.extractChannel(converted, 0)), converted, 0)
    return cv2.cvtColor(converted, cv2.COLOR_YCrCb2BGR)
