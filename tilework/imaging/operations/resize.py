"""Another size: windows backwards through the scale, each pixel by the weights that it has in the whole image."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from tilework.imaging.operations import resampling
from tilework.imaging.operations.contract import NO_ALIGNMENT, Example, Operation
from tilework.imaging.operations.geometry import FAMILY, LONGEST_SIDE, SHOWN, DoesNotFitError
from tilework.imaging.operations.nearest import copied, source_of
from tilework.imaging.operations.parameters import Parameter
from tilework.imaging.operations.resampled import Resampling
from tilework.imaging.operations.resampling import Axis
from tilework.imaging.windows import Size, Window

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image, Pixels, Site
    from tilework.imaging.operations.parameters import Arguments

LEAST_FACTOR = 0.0001
"""A million columns become a hundred."""

LARGEST_FACTOR = 16.0
"""How much larger a side may become: beyond, pixels are only drawn as squares, which a viewer does as well."""

TAPS_BEFORE = {"linear": 0, "area": 0, "cubic": 1, "lanczos": 3}
"""Pixels to the left of a place, and as many and one more to its right, that its value is made of."""

SLACK = 1
"""Pixels by which a place kept as float32 may be off, far from the corner of an image of a million columns."""

BLOCKS = Size(64, 2)
"""Whole vectors of columns; and of rows so many that half a row at the end is rounded as in the whole, half to even."""

COSTS = {"nearest": 0.02, "linear": 0.1, "area": 0.15, "cubic": 0.2, "lanczos": 0.4}
"""Seconds for a million samples of input or result, whichever has more."""


class Resize(Operation):
    """The image with other numbers of columns and rows."""

    name = "resize"
    family = FAMILY
    summary = "Another size, given in pixels or as a factor; each pixel has the value that it has in the whole image."
    formula = "cv2.resize(image, (width, height), interpolation=interpolation), with IPP off"
    alpha = "Resized as the colours are."
    scratch = 0.5
    parameters = (
        Parameter(
            name="width",
            type="int",
            help="Columns of the result; 0 follows from the height and the image's shape, or from the factor.",
            default=0,
            minimum=0,
            maximum=LONGEST_SIDE,
            unit="px",
        ),
        Parameter(
            name="height",
            type="int",
            help="Rows of the result; 0 follows from the width and the image's shape, or from the factor.",
            default=0,
            minimum=0,
            maximum=LONGEST_SIDE,
            unit="px",
        ),
        Parameter(
            name="factor",
            type="float",
            help="The sides of the result as multiples of the image's, where neither width nor height is given.",
            default=0.5,
            minimum=LEAST_FACTOR,
            maximum=LARGEST_FACTOR,
        ),
        Parameter(
            name="interpolation",
            type="word",
            help="How values between pixels are found: nearest copies, area averages what a pixel covers (the best for "
            "smaller images), linear, cubic and lanczos take 2, 4 and 8 pixels in each direction.",
            default="linear",
            choices=("nearest", "linear", "area", "cubic", "lanczos"),
        ),
    )
    examples = (
        Example(text="resize(80, 63)", python="cv2.resize(image, (80, 63))"),
        Example(
            text="resize(factor=0.3, interpolation=area)",
            python="cv2.resize(image, None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA)",
            title="Smaller: the mean of what each pixel covers.",
            dtypes=SHOWN,
        ),
        Example(
            text="resize(width=170, interpolation=cubic)",
            python="cv2.resize(image, (170, round(image.shape[0] * 170 / image.shape[1])), "
            "interpolation=cv2.INTER_CUBIC)",
            title="Wider, with the height that keeps the shape.",
            dtypes=SHOWN,
        ),
        Example(
            text="resize(factor=1.1, interpolation=lanczos)",
            python="cv2.resize(image, None, fx=1.1, fy=1.1, interpolation=cv2.INTER_LANCZOS4)",
            dtypes=("uint8",),
        ),
        Example(
            text="resize(factor=0.7, interpolation=nearest)",
            python="cv2.resize(image, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_NEAREST)",
            dtypes=("uint8",),
        ),
    )

    def cost(self, arguments: Arguments) -> float:
        """Measured, by interpolation."""
        return COSTS[str(arguments["interpolation"])]

    def output_size(self, size: Size, arguments: Arguments) -> Size:
        """Return the size asked for; raises DoesNotFitError where it is 16 times as long, or less than a pixel."""
        across, down = _lengths(size, arguments)
        if min(across, down) < 1:
            raise DoesNotFitError(f"resize would leave nothing of an image of {size} pixels.")
        if across > LARGEST_FACTOR * size.width or down > LARGEST_FACTOR * size.height:
            raise DoesNotFitError(
                f"resize would make {across:,} x {down:,} pixels of {size.width:,} x {size.height:,}; "
                f"{LARGEST_FACTOR:.0f} times the width and height are allowed."
            )
        return Size(across, down)

    def alignment(self, pixels: Pixels) -> Size:  # noqa: ARG002
        """None is needed: places are those of the whole image."""
        return NO_ALIGNMENT

    def source_window(self, output: Window, size: Size, arguments: Arguments) -> Window:
        """Return what the window is made of: its place at the scale, and the pixels that each value takes around.

        Of all there is, all there was, though some at the edges may not be needed: then one call makes it.
        """
        across, down = _axes(size, arguments)
        if output == Window(0, 0, across.result, down.result):
            return Window.whole(size)
        return _source(output, across, down, _kind(across, down, arguments)).clamped(size)

    def apply(self, image: Image, site: Site, arguments: Arguments) -> Image:
        """One call of OpenCV for the whole image, else its arithmetic at the window's place in the whole."""
        across, down = _axes(site.source_size, arguments)
        kind = _kind(across, down, arguments)
        if kind == "same":
            return image[site.output.within(site.source)]
        whole = site.source == Window.whole(site.source_size) and site.output == Window.whole(
            site.output_size
        )
        if not whole and kind == "nearest":
            return copied(image, site.source, site.output, across, down)
        if not whole and kind == "blocks":
            return _in_blocks(image, site, across, down)
        if not whole:
            return _resampling(kind, across, down).window(image, site.source, site.output)
        return _resized(image, across, down, _OPENCV[str(arguments["interpolation"])])

    def carry(self, alpha: Image, site: Site, arguments: Arguments) -> Image:
        """Resize it the same."""
        return self.apply(alpha, site, arguments)


_OPENCV = {"nearest": 0, "linear": 1, "cubic": 2, "area": 3, "lanczos": 4}
"""The numbers of cv2.INTER_*; they are known without OpenCV."""


def _factor(arguments: Arguments) -> float:
    """The factor where it counts, else 0."""
    return 0.0 if arguments["width"] or arguments["height"] else float(arguments["factor"])


def _lengths(size: Size, arguments: Arguments) -> tuple[int, int]:
    """Columns and rows of the result, rounded half to even as OpenCV does."""
    width, height, factor = int(arguments["width"]), int(arguments["height"]), _factor(arguments)
    if factor:
        return round(size.width * factor), round(size.height * factor)
    return (
        width or max(1, round(size.width * height / size.height)),
        height or max(1, round(size.height * width / size.width)),
    )


def _axes(size: Size, arguments: Arguments) -> tuple[Axis, Axis]:
    """Both axes; the ratio is the factor where there is one, which the rounded sides need not have."""
    width, height = _lengths(size, arguments)
    factor = _factor(arguments)
    return (
        Axis(size.width, width, factor or width / size.width),
        Axis(size.height, height, factor or height / size.height),
    )


def _kind(across: Axis, down: Axis, arguments: Arguments) -> str:
    """What OpenCV makes of the interpolation at these scales (cv::resize and cv::hal::resize)."""
    scales, wanted = (across.scale, down.scale), str(arguments["interpolation"])
    if across.source == across.result and down.source == down.result:
        return "same"
    whole = all(scale == round(scale) for scale in scales)
    if wanted == "linear" and scales == (2.0, 2.0):
        wanted = "area"
    if wanted != "area":
        return wanted
    if min(scales) < 1:
        return "enlarged"
    return "blocks" if whole else "area"


def _source(output: Window, across: Axis, down: Axis, kind: str) -> Window:
    """What a window is made of; may reach beyond the image."""
    if kind == "blocks":
        output = output.aligned(BLOCKS).clamped(Size(across.result, down.result))
    elif kind == "nearest":
        return source_of(output, across, down)
    elif kind != "same":
        resampled = _resampling(kind, across, down)
        made = resampled.made_for(output)
        if made is not None:
            return resampled.before(made)
    left, right = _reach(output.left, output.right, across.scale, kind)
    top, bottom = _reach(output.top, output.bottom, down.scale, kind)
    return Window(left, top, right, bottom)


def _reach(begin: int, end: int, scale: float, kind: str) -> tuple[int, int]:
    """The pixels of an axis that those from ``begin`` to ``end`` of the result are made of."""
    if kind == "same":
        return begin, end
    if kind == "blocks":
        return begin * round(scale), end * round(scale)
    if kind in {"area", "enlarged"}:
        return math.floor(begin * scale) - 1, math.ceil(end * scale) + 1
    before = TAPS_BEFORE[kind] + SLACK
    first, last = (math.floor((at + 0.5) * scale - 0.5) for at in (begin, end - 1))
    return first - before, last + 2 + before


def _resized(image: Image, across: Axis, down: Axis, interpolation: int) -> Image:
    """One call; OpenCV derives the ratio from whichever it is given, sides or factors."""
    import cv2

    if across.inverse == across.result / across.source and down.inverse == down.result / down.source:
        return cv2.resize(image, (across.result, down.result), interpolation=interpolation)
    return cv2.resize(image, None, fx=across.inverse, fy=down.inverse, interpolation=interpolation)


def _in_blocks(image: Image, site: Site, across: Axis, down: Axis) -> Image:
    """Means of whole blocks of pixels, which are the same at any place: one call, on whole vectors of columns."""
    made = site.output.aligned(BLOCKS).clamped(site.output_size)
    read = _source(site.output, across, down, "blocks").clamped(site.source_size)
    part = image[read.within(site.source)]
    sides = (Axis(read.width, made.width, across.inverse), Axis(read.height, made.height, down.inverse))
    return _resized(part, *sides, _OPENCV["area"])[site.output.within(made)]


def _resampling(kind: str, across: Axis, down: Axis) -> Resampling:
    number = _OPENCV["area" if kind == "enlarged" else kind]
    if kind in {"linear", "enlarged"}:
        pairs = resampling.linear if kind == "linear" else resampling.enlarged_area
        return Resampling(
            "linear", number, across, down, partial(pairs, across=True), partial(pairs, across=False)
        )
    make = {"area": resampling.area, "cubic": resampling.cubic, "lanczos": resampling.lanczos}[kind]
    return Resampling(kind, number, across, down, make, make)


OPERATIONS = (Resize(),)
