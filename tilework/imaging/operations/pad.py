"""A border around an image: of a value, or of the image's own pixels by a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.operations.borders import BORDERS, VALUE, indices, span_within
from tilework.imaging.operations.contract import NO_ALIGNMENT, Example, Operation
from tilework.imaging.operations.geometry import FAMILY, LONGEST_SIDE, SHOWN
from tilework.imaging.operations.parameters import Parameter
from tilework.imaging.windows import Size, Window

if TYPE_CHECKING:
    from tilework.imaging.operations.borders import Indices
    from tilework.imaging.operations.contract import Image, Pixels, Site
    from tilework.imaging.operations.parameters import Arguments


class Pad(Operation):
    """A border around the image."""

    name = "pad"
    family = FAMILY
    place = "moved"
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
            text="pad(16, value=7)",
            python="cv2.copyMakeBorder(image, 16, 16, 16, 16, cv2.BORDER_CONSTANT, value=[7] * 3)",
            dtypes=SHOWN,
        ),
        Example(
            text="pad(5, 0, 11, 90, border=reflect_101)",
            python="cv2.copyMakeBorder(image, 0, 90, 5, 11, cv2.BORDER_REFLECT_101)",
            dtypes=SHOWN,
        ),
        Example(
            text="pad(9, border=wrap)",
            python="cv2.copyMakeBorder(image, 9, 9, 9, 9, cv2.BORDER_WRAP)",
            title="The pixels of the opposite side, as in a picture that repeats.",
            dtypes=("uint8",),
        ),
    )

    def cost(self, arguments: Arguments) -> float:  # noqa: ARG002
        """Pixels are copied at most twice; measured: 0.003."""
        return 0.03

    def alignment(self, pixels: Pixels) -> Size:  # noqa: ARG002
        """Pixels are copied, and nothing is reckoned."""
        return NO_ALIGNMENT

    def in_parts(self, arguments: Arguments) -> bool:
        """Where the picture repeats, a window across the seam is made of both ends of it."""
        return bool(arguments["border"] != "wrap")

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
        if place == site.source:
            return image
        if border == "constant":
            return _filled(image, site, place, float(arguments["value"]))
        if _around(place, site, border):
            return _bordered(image, place, site.source, border)
        rows = indices(place.top, place.bottom, site.source_size.height, border) - site.source.top
        columns = indices(place.left, place.right, site.source_size.width, border) - site.source.left
        return _taken(_taken(image, rows, axis=0), columns, axis=1)

    def carry(self, alpha: Image, site: Site, arguments: Arguments) -> Image:
        """Do the same with it; a border of one value is opaque, whatever the value."""
        import numpy as np

        opaque = float(np.iinfo(alpha.dtype.name).max) if alpha.dtype.kind in "iu" else 1.0
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


def _around(place: Window, site: Site, border: str) -> bool:
    """Whether ``place`` is all of the source and a border of OpenCV's around it.

    So it is if nothing of the border is made of pixels that lie elsewhere: beyond the source, or further than OpenCV looks
    for them in the source.
    """
    source, size = site.source, site.source_size
    across = _along((place.left, place.right), (source.left, source.right), size.width, border)
    return across and _along((place.top, place.bottom), (source.top, source.bottom), size.height, border)


def _along(place: tuple[int, int], source: tuple[int, int], side: int, border: str) -> bool:
    """The same along a side of so many pixels, from and up to which the place and the source reach."""
    if place == source:
        return True
    (begin, end), (first, last) = place, source
    if (begin != first and (begin > first or first > 0)) or (end != last and (end < last or last < side)):
        return False
    return border != "wrap" or last - first == side


def _bordered(image: Image, place: Window, source: Window, border: str) -> Image:
    """What OpenCV puts around the source."""
    import cv2

    rule: int = getattr(cv2, f"BORDER_{border.upper()}")
    return cv2.copyMakeBorder(
        image,
        source.top - place.top,
        place.bottom - source.bottom,
        source.left - place.left,
        place.right - source.right,
        rule,
    )


def _taken(image: Image, index: Indices, axis: int) -> Image:
    """Rows or columns by their indices; without copying where they follow one another."""
    import numpy as np

    first, last = int(index[0]), int(index[-1])
    if last - first + 1 == len(index) and bool((np.diff(index) == 1).all()):
        return image[first : last + 1] if axis == 0 else image[:, first : last + 1]
    return np.take(image, index, axis=axis)


OPERATIONS = (Pad(),)
