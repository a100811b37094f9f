"""Operations that move pixels, whole pixels each: what they read follows from what is wanted, by windows backwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.errors import DoesNotFitError
from tilework.imaging.operations.borders import BORDERS, VALUE, indices, span_within
from tilework.imaging.operations.contract import Example, Operation
from tilework.imaging.operations.parameters import Parameter
from tilework.imaging.windows import Size, Window

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image, Site
    from tilework.imaging.operations.parameters import Arguments

LONGEST_SIDE = 1_000_000
"""Pixels; what an image may have is limited elsewhere (docs/formats.md)."""

FAMILY = "geometry"


class Crop(Operation):
    """A part of the image."""

    name = "crop"
    family = FAMILY
    summary = "A rectangle of the image; one that reaches beyond it is refused."
    formula = "image[top:top + height, left:left + width]"
    dtypes = ("uint8", "uint16", "int16", "int32", "float32", "float64")
    scratch = 0.0
    alpha = "Cut as the colours are."
    parameters = (
        Parameter(
            name="left",
            type="int",
            help="Columns of the image before the first one of the result.",
            minimum=0,
            maximum=LONGEST_SIDE,
            unit="px",
            example=0,
        ),
        Parameter(
            name="top",
            type="int",
            help="Rows of the image above the first one of the result.",
            minimum=0,
            maximum=LONGEST_SIDE,
            unit="px",
            example=0,
        ),
        Parameter(
            name="width",
            type="int",
            help="Columns of the result.",
            minimum=1,
            maximum=LONGEST_SIDE,
            unit="px",
            example=512,
        ),
        Parameter(
            name="height",
            type="int",
            help="Rows of the result.",
            minimum=1,
            maximum=LONGEST_SIDE,
            unit="px",
            example=512,
        ),
    )
    examples = (
        Example(text="crop(20, 10, 90, 60)", python="image[10:70, 20:110]"),
        Example(text="crop(100, 0, 1, 101)", python="image[:, 100:101]", title="A single column."),
    )

    def cost(self, arguments: Arguments) -> float:  # noqa: ARG002
        """It copies at most."""
        return 0.01

    def output_size(self, size: Size, arguments: Arguments) -> Size:
        """Return what is asked for; raises DoesNotFitError where that reaches beyond the image."""
        wanted = _rectangle(arguments)
        if not Window.whole(size).contains(wanted):
            raise DoesNotFitError(
                f"crop wants columns {wanted.left:,} to {wanted.right - 1:,} and rows {wanted.top:,} to "
                f"{wanted.bottom - 1:,}; the image has {size.width:,} columns and {size.height:,} rows.",
                advice="Choose a rectangle that lies within the image, or pad it first.",
            )
        return wanted.size

    def source_window(self, output: Window, size: Size, arguments: Arguments) -> Window:  # noqa: ARG002
        """Return the same pixels, counted from the image's corner."""
        left, top = int(arguments["left"]), int(arguments["top"])
        return Window(output.left + left, output.top + top, output.right + left, output.bottom + top)

    def apply(self, image: Image, site: Site, arguments: Arguments) -> Image:
        """Cut."""
        return image[self.source_window(site.output, site.source_size, arguments).within(site.source)]

    def carry(self, alpha: Image, site: Site, arguments: Arguments) -> Image:
        """Cut the same."""
        return self.apply(alpha, site, arguments)


def _rectangle(arguments: Arguments) -> Window:
    left, top = int(arguments["left"]), int(arguments["top"])
    return Window(left, top, left + int(arguments["width"]), top + int(arguments["height"]))


class Flip(Operation):
    """A mirror image."""

    name = "flip"
    family = FAMILY
    summary = "The mirror image: left and right change places, or top and bottom, or both."
    formula = "cv2.flip(image, 1) (horizontal), cv2.flip(image, 0) (vertical), cv2.flip(image, -1) (both)"
    dtypes = ("uint8", "uint16", "int16", "int32", "float32", "float64")
    scratch = 0.0
    alpha = "Mirrored as the colours are."
    parameters = (
        Parameter(
            name="direction",
            type="word",
            help="Along what the pixels change places: horizontal for left and right, vertical for top and bottom.",
            default="horizontal",
            choices=("horizontal", "vertical", "both"),
            shown=True,
        ),
    )
    examples = (
        Example(text="flip(horizontal)", python="cv2.flip(image, 1)"),
        Example(text="flip(vertical)", python="cv2.flip(image, 0)"),
        Example(text="flip(both)", python="cv2.flip(image, -1)"),
    )

    def cost(self, arguments: Arguments) -> float:  # noqa: ARG002
        """One copy; measured: 0.0005 (uint8), 0.002 (float64)."""
        return 0.01

    def source_window(self, output: Window, size: Size, arguments: Arguments) -> Window:
        """Return the window, mirrored."""
        left, top, right, bottom = output.left, output.top, output.right, output.bottom
        if arguments["direction"] != "vertical":
            left, right = size.width - right, size.width - left
        if arguments["direction"] != "horizontal":
            top, bottom = size.height - bottom, size.height - top
        return Window(left, top, right, bottom)

    def apply(self, image: Image, site: Site, arguments: Arguments) -> Image:
        """Mirror what the window shows."""
        import cv2

        code = {"horizontal": 1, "vertical": 0, "both": -1}[str(arguments["direction"])]
        place = self.source_window(site.output, site.source_size, arguments).within(site.source)
        return cv2.flip(image[place], code)

    def carry(self, alpha: Image, site: Site, arguments: Arguments) -> Image:
        """Mirror it the same."""
        return self.apply(alpha, site, arguments)


class Pad(Operation):
    """A border around the image."""

    name = "pad"
    family = FAMILY
    summary = "A border around the image: of one value, or made of the pixels at its edge."
    formula = "cv2.copyMakeBorder(image, top, bottom, left, right, border, value=value)"
    dtypes = ("uint8", "uint16", "int16", "int32", "float32", "float64")
    scratch = 0.0
    alpha = "Continued as the colours are; a border of one value is opaque."
    parameters = (
        Parameter(
            name="left",
            type="int",
            help="Columns to the left, and on every other side that is not given.",
            minimum=0,
            maximum=LONGEST_SIDE,
            unit="px",
            example=16,
        ),
        *(
            Parameter(
                name=name,
                type="int",
                help=f"{what}; as many as to the left if not given.",
                default_from="left",
                minimum=0,
                maximum=LONGEST_SIDE,
                unit="px",
            )
            for name, what in (
                ("top", "Rows above"),
                ("right", "Columns to the right"),
                ("bottom", "Rows below"),
            )
        ),
        Parameter(
            name="border",
            type="word",
            help="What the border is made of: a value, the edge's pixels, or those beyond it mirrored or from the other side.",
            default="constant",
            choices=BORDERS,
        ),
        VALUE,
    )
    examples = (
        Example(
            text="pad(16)", python="cv2.copyMakeBorder(image, 16, 16, 16, 16, cv2.BORDER_CONSTANT, value=[0] * 3)"
        ),
        Example(
            text="pad(5, 0, 11, 200, border=reflect_101)",
            python="cv2.copyMakeBorder(image, 0, 200, 5, 11, cv2.BORDER_REFLECT_101)",
        ),
        Example(
            text="pad(40, border=wrap)",
            python="cv2.copyMakeBorder(image, 40, 40, 40, 40, cv2.BORDER_WRAP)",
            title="The pixels of the opposite side, as in a picture that repeats.",
        ),
    )

    def cost(self, arguments: Arguments) -> float:  # noqa: ARG002
        """Pixels are copied at most twice; measured: 0.003."""
        return 0.03

    def output_size(self, size: Size, arguments: Arguments) -> Size:
        """Return the size with the border."""
        left, top, right, bottom = (int(arguments[side]) for side in ("left", "top", "right", "bottom"))
        return Size(size.width + left + right, size.height + top + bottom)

    def source_window(self, output: Window, size: Size, arguments: Arguments) -> Window:
        """Return what is shown within the image, and what the border in the window is made of."""
        place, border = _unpadded(output, arguments), str(arguments["border"])
        left, right = span_within(place.left, place.right, size.width, border)
        top, bottom = span_within(place.top, place.bottom, size.height, border)
        return Window(left, top, right, bottom)

    def apply(self, image: Image, site: Site, arguments: Arguments) -> Image:
        """Take rows and columns, which at the border are those that the rule names; or fill it with the value."""
        place, border = _unpadded(site.output, arguments), str(arguments["border"])
        if border == "constant":
            return _filled(image, site, place, float(arguments["value"]))
        rows = indices(place.top, place.bottom, site.source_size.height, border) - site.source.top
        columns = indices(place.left, place.right, site.source_size.width, border) - site.source.left
        return _taken(_taken(image, rows, axis=0), columns, axis=1)

    def carry(self, alpha: Image, site: Site, arguments: Arguments) -> Image:
        """Do the same with it; a border of one value is opaque, whatever the value."""
        import numpy as np

        opaque = float(np.iinfo(alpha.dtype).max) if alpha.dtype.kind in "iu" else 1.0
        return self.apply(alpha, site, {**arguments, "value": opaque})


def _unpadded(output: Window, arguments: Arguments) -> Window:
    """A window of the result in the image's own coordinates."""
    left, top = int(arguments["left"]), int(arguments["top"])
    return Window(output.left - left, output.top - top, output.right - left, output.bottom - top)


def _filled(image: Image, site: Site, place: Window, value: float) -> Image:
    """What of ``place`` lies in the image, and the value around it."""
    import cv2

    top, bottom = max(0, -place.top), max(0, place.bottom - site.source_size.height)
    left, right = max(0, -place.left), max(0, place.right - site.source_size.width)
    if top >= place.height or bottom >= place.height or left >= place.width or right >= place.width:
        # none does: OpenCV wants a pixel to put a border around
        inner, top, left = image[:1, :1], place.height, place.width
        return cv2.copyMakeBorder(inner, top, 0, left, 0, cv2.BORDER_CONSTANT, value=[value] * 4)[:-1, :-1]
    shown = Window(place.left + left, place.top + top, place.right - right, place.bottom - bottom)
    inner = image[shown.within(site.source)]
    return cv2.copyMakeBorder(inner, top, bottom, left, right, cv2.BORDER_CONSTANT, value=[value] * 4)


def _taken(image: Image, index: Image, axis: int) -> Image:
    """Rows or columns by their indices; without copying where they follow one another."""
    import numpy as np

    first, last = int(index[0]), int(index[-1])
    if last - first + 1 == len(index) and bool((np.diff(index) == 1).all()):
        return image[first : last + 1] if axis == 0 else image[:, first : last + 1]
    return np.take(image, index, axis=axis)


class PyramidDown(Operation):
    """The next level of a Gaussian pyramid."""

    name = "pyramid_down"
    family = FAMILY
    summary = "Half the size, blurred before by a 5 x 5 Gaussian: the next level of a Gaussian pyramid."
    formula = "cv2.pyrDown(image): the kernel [1 4 6 4 1] / 16 along rows and columns, then every other pixel"
    alpha = "Blurred and halved as the colours are."
    examples = (
        Example(text="pyramid_down", python="cv2.pyrDown(image)"),
        Example(
            text="pyramid_down | pyramid_down",
            python="cv2.pyrDown(cv2.pyrDown(image))",
            title="Two levels up.",
        ),
    )

    def output_size(self, size: Size, arguments: Arguments) -> Size:  # noqa: ARG002
        """Half, rounded up."""
        return Size(-(-size.width // 2), -(-size.height // 2))

    def source_window(self, output: Window, size: Size, arguments: Arguments) -> Window:  # noqa: ARG002
        """Return twice the window, and two pixels around, from an even pixel on."""
        return Window(
            2 * output.left - 2, 2 * output.top - 2, 2 * output.right + 2, 2 * output.bottom + 2
        )

    def apply(self, image: Image, site: Site, arguments: Arguments) -> Image:  # noqa: ARG002
        """One call on the window; what is near its own edges, not the image's, is cut off."""
        import cv2

        corner = Window(0, 0, *reversed(image.shape[:2]))
        left, top = site.source.left // 2, site.source.top // 2
        made = Window(left, top, left + -(-corner.width // 2), top + -(-corner.height // 2))
        return cv2.pyrDown(image)[site.output.within(made)]

    def carry(self, alpha: Image, site: Site, arguments: Arguments) -> Image:
        """Do the same with it."""
        return self.apply(alpha, site, arguments)


OPERATIONS = (Crop(), Flip(), Pad(), PyramidDown())
