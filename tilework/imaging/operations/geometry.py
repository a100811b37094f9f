"""Operations that move pixels, whole pixels each: what they read follows from what is wanted, by windows backwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.errors import ImageError
from tilework.imaging.operations.contract import Example, Operation
from tilework.imaging.operations.parameters import Parameter
from tilework.imaging.windows import Size, Window

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image, Site
    from tilework.imaging.operations.parameters import Arguments

LONGEST_SIDE = 1_000_000
"""Pixels; what an image may have is limited elsewhere (docs/formats.md)."""

FAMILY = "geometry"

SHOWN = ("uint8", "uint16", "float32")
"""The depths for which most examples are held; the property tests hold all."""


class DoesNotFitError(ImageError):
    """Numbers of an operation that do not go with the size of this image, such as a rectangle beyond its edge."""

    code = "does_not_fit"
    advice = "Choose numbers that go with an image of this size."


class Crop(Operation):
    """A part of the image."""

    name = "crop"
    family = FAMILY
    place = "moved"
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
    examples = (Example(text="crop(20, 10, 90, 60)", python="image[10:70, 20:110]", dtypes=SHOWN),)

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
    place = "moved"
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
        Example(text="flip(horizontal)", python="cv2.flip(image, 1)", dtypes=SHOWN),
        Example(text="flip(both)", python="cv2.flip(image, -1)", dtypes=SHOWN),
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


BORDER_COLUMNS = 16
"""Columns read beyond the kernel on each side: cv2.pyrDown makes those at its ends by scalar code, which rounds floats
otherwise than its vectors. Of 4,000 random windows of noise 21 differed with none more, and none with 8."""


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
            dtypes=("uint8",),
        ),
    )

    def output_size(self, size: Size, arguments: Arguments) -> Size:  # noqa: ARG002
        """Half, rounded up."""
        return Size(-(-size.width // 2), -(-size.height // 2))

    def source_window(self, output: Window, size: Size, arguments: Arguments) -> Window:  # noqa: ARG002
        """Return twice the window, and two pixels around, from an even pixel on; and what its scalar border takes more."""
        across = 2 + BORDER_COLUMNS
        left, right = 2 * output.left - across, 2 * output.right + across
        return Window(left, 2 * output.top - 2, right, 2 * output.bottom + 2)

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


OPERATIONS = (Crop(), Flip(), PyramidDown())
