"""Turns: by quarters, which move whole pixels, and by any angle, with the positions of the whole image in each window."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tilework.imaging.operations.affine import Affine, warped
from tilework.imaging.operations.borders import VALUE
from tilework.imaging.operations.contract import NO_ALIGNMENT, Example, Operation
from tilework.imaging.operations.geometry import FAMILY, SHOWN
from tilework.imaging.operations.parameters import Parameter
from tilework.imaging.windows import Size, Window

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image, Pixels, Site
    from tilework.imaging.operations.parameters import Arguments

COSTS = {"nearest": 0.1, "linear": 0.15, "cubic": 0.3, "lanczos": 0.8}
"""Seconds for a million samples of input or result, whichever has more."""

QUARTER = 90.0
"""Degrees."""


class Rotate(Operation):
    """The image turned."""

    name = "rotate"
    family = FAMILY
    place = "moved"
    summary = "A turn against the clock: by quarters pixel for pixel, by any other angle with values found in between."
    formula = (
        "cv2.rotate at multiples of 90 degrees; else cv2.warpAffine(image, cv2.getRotationMatrix2D(centre, angle, 1), "
        "size, flags=interpolation, borderMode=border, borderValue=value), centre at ((width - 1) / 2, (height - 1) / 2)"
    )
    scratch = 0.1
    alpha = "Turned as the colours are; what a constant border shows is transparent."
    parameters = (
        Parameter(
            name="angle",
            type="float",
            help="How far it is turned, against the clock; negative numbers turn with it.",
            minimum=-360,
            maximum=360,
            unit="degrees",
            example=90,
        ),
        Parameter(
            name="expand",
            type="bool",
            help="Whether the result is as large as the turned image needs; else it has the image's own size.",
            default=True,
        ),
        Parameter(
            name="interpolation",
            type="word",
            help="How values between pixels are found; positions are rounded to 1/32 of a pixel.",
            default="linear",
            choices=("nearest", "linear", "cubic", "lanczos"),
        ),
        Parameter(
            name="border",
            type="word",
            help="What is shown where the image does not reach: one value, or the nearest pixel of the image.",
            default="constant",
            choices=("constant", "replicate"),
        ),
        VALUE,
    )
    examples = (
        Example(text="rotate(90)", python="cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE)", dtypes=SHOWN),
        Example(
            text="rotate(-7.5, false)",
            python="cv2.warpAffine(image, cv2.getRotationMatrix2D(((image.shape[1] - 1) / 2, (image.shape[0] - 1) / 2), "
            "-7.5, 1), image.shape[1::-1])",
            title="In a frame of the same size.",
            dtypes=SHOWN,
        ),
        Example(
            text="rotate(30, interpolation=cubic, value=255)",
            python="[h := image.shape[0], w := image.shape[1], m := cv2.getRotationMatrix2D(((w - 1) / 2, (h - 1) / 2), "
            "30, 1), c := abs(m[0, 0]), s := abs(m[0, 1]), size := (round(w * c + h * s), round(w * s + h * c))] and "
            "cv2.warpAffine(image, m + [[0, 0, (size[0] - w) / 2], [0, 0, (size[1] - h) / 2]], size, "
            "flags=cv2.INTER_CUBIC, borderValue=[255] * 4)",
            title="In a frame as large as it needs, white where it does not reach.",
            dtypes=("uint8",),
        ),
    )

    def cost(self, arguments: Arguments) -> float:
        """Measured, by interpolation."""
        return COSTS[str(arguments["interpolation"])]

    def output_size(self, size: Size, arguments: Arguments) -> Size:
        """Return the size of the frame."""
        quarters = _quarters(arguments)
        if quarters is not None:
            return size.turned if quarters % 2 else size
        if not arguments["expand"]:
            return size
        turn = Affine.turn(size, size, float(arguments["angle"]))
        cosine, sine = abs(turn.a), abs(turn.b)
        width = round(size.width * cosine + size.height * sine)
        height = round(size.width * sine + size.height * cosine)
        return Size(max(1, width), max(1, height))

    def alignment(self, pixels: Pixels) -> Size:  # noqa: ARG002
        """None is needed: positions are those of the whole image."""
        return NO_ALIGNMENT

    def source_window(self, output: Window, size: Size, arguments: Arguments) -> Window:
        """Return the window turned back, and where values are found in between the pixels around it."""
        quarters = _quarters(arguments)
        if quarters is not None:
            return _turned_back(output, size, quarters)
        result = self.output_size(size, arguments)
        turn = Affine.turn(size, result, float(arguments["angle"])).inverse
        return turn.source_window(output, size, result, str(arguments["interpolation"]))

    def apply(self, image: Image, site: Site, arguments: Arguments) -> Image:
        """Turn by OpenCV: a quarter's window as it is, any other by maps of the window's places in the whole."""
        import cv2

        quarters = _quarters(arguments)
        if quarters is None:
            turn = Affine.turn(site.source_size, site.output_size, float(arguments["angle"]))
            border = cv2.BORDER_CONSTANT if arguments["border"] == "constant" else cv2.BORDER_REPLICATE
            beyond = border, float(arguments["value"])
            return warped(image, site, turn, str(arguments["interpolation"]), beyond)
        part = image[_turned_back(site.output, site.source_size, quarters).within(site.source)]
        codes = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}
        return cv2.rotate(part, codes[quarters]) if quarters else part

    def carry(self, alpha: Image, site: Site, arguments: Arguments) -> Image:
        """Turn it the same, transparent around."""
        return self.apply(alpha, site, {**arguments, "value": 0.0})


def _quarters(arguments: Arguments) -> int | None:
    """How many quarters against the clock (0 to 3), where it is a turn by quarters into a frame that fits it."""
    angle = float(arguments["angle"])
    quarters = math.floor(angle / QUARTER) % 4
    if angle % QUARTER or (quarters % 2 and not arguments["expand"]):
        return None
    return quarters


def _turned_back(output: Window, size: Size, quarters: int) -> Window:
    """Which pixels of an image of ``size`` a window of its turned image shows."""
    left, top, right, bottom = output.left, output.top, output.right, output.bottom
    if quarters == 1:
        return Window(size.width - bottom, left, size.width - top, right)
    if quarters == 2:  # noqa: PLR2004
        return Window(size.width - right, size.height - bottom, size.width - left, size.height - top)
    if quarters == 3:  # noqa: PLR2004
        return Window(top, size.height - right, bottom, size.height - left)
    return output


OPERATIONS = (Rotate(),)
