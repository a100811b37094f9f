"""The middle value of a neighbourhood."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.errors import UnsupportedPixelsError
from tilework.imaging.operations.contract import (
    Example,
    LocalOperation,
)
from tilework.imaging.operations.parameters import Parameter
from tilework.imaging.windows import Margin

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image, Pixels, Site
    from tilework.imaging.operations.parameters import Arguments

LARGEST_MEDIAN = 255
"""Pixels. OpenCV counts a square's pixels in 16 bits, of which 257 x 257 would take more."""

LARGEST_SORTED = 5
"""Pixels. The largest median that OpenCV takes of other depths than bytes: it sorts; beyond it counts levels."""

NARROW = 64
"""Columns that are enough for OpenCV's vectors and a median's margin."""


class Median(LocalOperation):
    """The middle value of a square."""

    name = "median"
    family = "filters"
    summary = "Median of a square around each pixel: specks disappear, edges stay."
    formula = "cv2.medianBlur(image, size)"
    parameters = (
        Parameter(
            name="size",
            type="int",
            help="Columns and rows of the square, an odd number; 3 or 5 where pixels are no bytes.",
            minimum=3,
            maximum=LARGEST_MEDIAN,
            odd=True,
            unit="px",
            example=5,
        ),
    )
    dtypes = ("uint8", "uint16", "int16", "float32")
    nodata = (
        "A value like any other; among not-a-numbers, which have no order, as OpenCV happens to compare them."
    )
    scratch = 1.5
    examples = (
        Example(text="median(5)", python="cv2.medianBlur(image, 5)"),
        Example(
            text="median(15)",
            python="cv2.medianBlur(image, 15)",
            title="Larger squares are for bytes.",
            dtypes=("uint8",),
        ),
    )

    def output_pixels(self, pixels: Pixels, arguments: Arguments) -> Pixels:
        """As the input; raises UnsupportedPixelsError for large squares of other depths than bytes."""
        if pixels.dtype != "uint8" and int(arguments["size"]) > LARGEST_SORTED:
            raise UnsupportedPixelsError(
                f"median takes {pixels.dtype} pixels up to size {LARGEST_SORTED}, not {arguments['size']}.",
                advice="Use size 3 or 5, or convert the image to 8 bits first.",
            )
        return pixels

    def margin(self, arguments: Arguments) -> Margin:
        """Half the square on each side."""
        reach = int(arguments["size"]) // 2
        return Margin.even(reach, reach)

    def apply(self, image: Image, site: Site, arguments: Arguments) -> Image:
        """Run the kernel in vectors wherever the whole image's would.

        They put not-a-numbers in another order than OpenCV's scalar loop, which a narrow image is left to.
        """
        import cv2

        whole, source = site.source_size, site.source
        if image.dtype.kind != "f" or source.width >= NARROW or source.width == whole.width:
            return super().apply(image, site, arguments)
        left, right = NARROW * (source.left > 0), NARROW * (source.right < whole.width)
        wide = cv2.copyMakeBorder(image, 0, 0, left, right, cv2.BORDER_REPLICATE)
        result = self.kernel(wide, arguments)[:, left : left + source.width]
        return result[site.output.within(source)]

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """One median, channel by channel; beyond the edge its own pixels go on (BORDER_REPLICATE)."""
        import cv2

        return cv2.medianBlur(image, int(arguments["size"]))


OPERATIONS = (Median(),)
