"""Operations on single samples: the negative, thresholds, and depths."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tilework.imaging.operations.contract import NO_ALIGNMENT, Example, LocalOperation, Pixels
from tilework.imaging.operations.depths import WHITE
from tilework.imaging.operations.masks import TRUE, compared
from tilework.imaging.operations.parameters import Parameter
from tilework.imaging.operations.tabled import TableOperation

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image, Site
    from tilework.imaging.operations.parameters import Arguments
    from tilework.imaging.windows import Size

QUICK_COST = 0.02
"""Seconds of a core for a million samples. Measured: the negative and thresholds 0.0001 (uint8) to 0.0054 (float64)."""

MASKS = ("binary", "binary_inv")
"""Kinds of threshold that make a mask."""


class Invert(LocalOperation):
    """The negative of the image."""

    name = "invert"
    family = "point"
    summary = "The negative: light becomes dark, each colour its complement."
    formula = (
        "cv2.bitwise_not(image): 255 - v (uint8), 65535 - v (uint16), -1 - v (int16, int32); 1 - v (floats)"
    )
    dtypes = ("uint8", "uint16", "int16", "int32", "float32", "float64")
    examples = (
        Example(text="invert", python="cv2.bitwise_not(image)", dtypes=("uint8", "uint16", "int16", "int32")),
        Example(
            text="invert()", python="1 - image", title="White is 1 in floats.", dtypes=("float32", "float64")
        ),
    )

    def pointwise(self, pixels: Pixels) -> bool:  # noqa: ARG002
        """Each sample by itself."""
        return True

    def alignment(self, pixels: Pixels) -> Size:  # noqa: ARG002
        """Nothing is rounded but in one way."""
        return NO_ALIGNMENT

    def cost(self, arguments: Arguments) -> float:  # noqa: ARG002
        """One pass."""
        return QUICK_COST

    def kernel(self, image: Image, arguments: Arguments) -> Image:  # noqa: ARG002
        """Flip every bit of whole numbers; for floats, where white is 1, subtract from 1."""
        import cv2

        if image.dtype.kind == "f":
            return 1 - image
        return cv2.bitwise_not(image)


class Threshold(LocalOperation):
    """What is above a value, and what is not."""

    name = "threshold"
    family = "point"
    summary = "Threshold: samples above a value are told from those that are not, each channel by itself."
    formula = "cv2.threshold(image, threshold, maximum, cv2.THRESH_BINARY)[1], and so on for each kind"
    values = (
        "binary: maximum above the threshold, else 0; binary_inv: 0 above, else maximum; trunc: the threshold "
        "above, else v; tozero: v above, else 0; tozero_inv: 0 above, else v. For whole numbers the threshold is "
        "rounded down. binary, trunc and tozero are monotone, trunc saturates. Not-a-number becomes 0, and stays "
        "under trunc."
    )
    parameters = (
        Parameter(
            name="threshold",
            type="float",
            help="The value, in the image's own numbers: 0 to 255, 0 to 65535, or mostly 0 to 1 in floats.",
            minimum=-1_000_000,
            maximum=1_000_000,
            example=128,
        ),
        Parameter(
            name="maximum",
            type="int",
            help="The lit value of a mask (kinds binary and binary_inv), whatever the image's depth.",
            default=255,
            minimum=1,
            maximum=255,
        ),
        Parameter(
            name="kind",
            type="word",
            help="What becomes of the samples above the value, and of the others.",
            default="binary",
            choices=(*MASKS, "trunc", "tozero", "tozero_inv"),
        ),
    )
    dtypes = ("uint8", "uint16", "int16", "float32", "float64")
    result = (
        "by binary and binary_inv a mask of 0 and maximum (uint8), stored as PNG or TIFF; else the same depth and "
        "channels"
    )
    alpha = "Dropped where the result is a mask (kinds binary and binary_inv), else carried along."
    examples = (
        Example(
            text="threshold(128)", python="np.uint8(cv2.threshold(image, 128, 255, cv2.THRESH_BINARY)[1])"
        ),
        Example(
            text="threshold(128, kind=binary_inv)",
            python="np.uint8(cv2.threshold(image, 128, 255, cv2.THRESH_BINARY_INV)[1])",
            dtypes=("uint8",),
        ),
        Example(
            text="threshold(0.5, kind=trunc)",
            python="cv2.threshold(image, 0.5, 255, cv2.THRESH_TRUNC)[1]",
            dtypes=("float32",),
        ),
        Example(
            text="threshold(100, kind=tozero)",
            python="cv2.threshold(image, 100, 255, cv2.THRESH_TOZERO)[1]",
            title="What is dark becomes black.",
            dtypes=("uint8", "uint16"),
        ),
        Example(
            text="threshold(100, kind=tozero_inv)",
            python="cv2.threshold(image, 100, 255, cv2.THRESH_TOZERO_INV)[1]",
            dtypes=("int16",),
        ),
    )

    def masks(self, arguments: Arguments) -> bool:
        """Two kinds do."""
        return arguments["kind"] in MASKS

    def output_pixels(self, pixels: Pixels, arguments: Arguments) -> Pixels:
        """A mask has as many channels as the image."""
        return Pixels("uint8", pixels.channels) if self.masks(arguments) else pixels

    def pointwise(self, pixels: Pixels) -> bool:  # noqa: ARG002
        """Each sample by itself."""
        return True

    def alignment(self, pixels: Pixels) -> Size:  # noqa: ARG002
        """Samples are compared and chosen, none is rounded."""
        return NO_ALIGNMENT

    def cost(self, arguments: Arguments) -> float:  # noqa: ARG002
        """One pass."""
        return QUICK_COST

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """OpenCV's own, in which not-a-number is neither above nor below; under trunc its vectors would make it a number."""
        import cv2
        import numpy as np

        kind, value = str(arguments["kind"]), float(arguments["threshold"])
        if kind in MASKS and image.dtype.itemsize > 1:
            return _mask(image, value, int(arguments["maximum"]), above=kind == "binary")
        if kind == "trunc" and image.dtype.kind == "f" and not (value and _finite(image)):
            return np.minimum(image, value)
        code: int = getattr(cv2, f"THRESH_{kind.upper()}")
        return cv2.threshold(image, value, int(arguments["maximum"]), code)[1]


def _finite(image: Image) -> bool:
    """Whether all floats are; of some great ones it says no, too, for their sum is infinite."""
    import cv2

    return math.isfinite(cv2.norm(image, cv2.NORM_L1))


def _mask(image: Image, value: float, maximum: int, *, above: bool) -> Image:
    """The mask of what is above a value, or of what is not, as bytes at once: cv2.threshold's has the image's depth."""
    import numpy as np

    mask = compared(image, value, "above" if above else "not above")
    return mask if maximum == TRUE else np.bitwise_and(mask, np.uint8(maximum), out=mask)


class Convert(TableOperation):
    """Another depth."""

    name = "convert"
    summary = "Convert: the image in another depth, its range scaled (white stays white) or its values kept."
    formula = "scale: v * white of the depth / white of the image; clip: v"
    values = (
        "White is 255 (uint8), 65535 (uint16), 32767 (int16) or 1 (floats). Whole numbers are rounded half to even "
        "and saturate at 0 and white, not-a-number becomes 0; floats do not saturate. Monotone."
    )
    parameters = (
        Parameter(
            name="depth",
            type="word",
            help="The depth of the result.",
            choices=("uint8", "uint16", "float32"),
            example="uint8",
        ),
        Parameter(
            name="rule",
            type="word",
            help="Whether white becomes white (scale) or values stay what they are and are cut to what the depth holds "
            "(clip).",
            default="scale",
            choices=("scale", "clip"),
        ),
    )
    dtypes = ("uint8", "uint16", "int16", "float32", "float64")
    result = "the depth asked for; the same channels"
    alpha = "Converted, too, and always scaled: opaque stays opaque."
    nodata = "A value like any other: it is converted, and the tag that names it is not."
    examples = (
        Example(
            text="convert(uint8)",
            python="np.uint8(np.rint(image / 257))",
            title="16 bits to 8.",
            dtypes=("uint16",),
        ),
        Example(
            text="convert(uint16)", python="np.uint16(image) * 257", title="8 bits to 16.", dtypes=("uint8",)
        ),
        Example(text="convert(float32)", python="np.float32(image / 255)", dtypes=("uint8",)),
        Example(
            text="convert(uint8)",
            python="np.uint8(np.rint(np.clip(image, 0, 1) * 255))",
            title="Floats, of which 1 is white.",
            dtypes=("float32", "float64"),
        ),
        Example(
            text="convert(uint8, clip)",
            python="np.uint8(np.rint(np.clip(image, 0, 255)))",
            title="Numbers stay what they are.",
            dtypes=("uint16", "float32"),
        ),
    )

    def cost(self, arguments: Arguments) -> float:  # noqa: ARG002
        """Measured: a look-up 0.0003 to 0.0017, floats up to 0.009."""
        return 0.05

    def output_pixels(self, pixels: Pixels, arguments: Arguments) -> Pixels:
        """The depth asked for, of alpha, too."""
        return Pixels(str(arguments["depth"]), pixels.channels, pixels.alpha)

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """The quickest ways to bytes, and from them; else a table or floats.

        From 16 bits to 8 by OpenCV, whose float32 is exact enough: no value comes near the middle of two.
        """
        import cv2
        import numpy as np

        depth, scale = str(arguments["depth"]), arguments["rule"] == "scale"
        if image.dtype == np.uint8 and depth == "uint16":
            wide = image.astype(np.uint16)
            return np.multiply(wide, WHITE["uint16"] // WHITE["uint8"], out=wide) if scale else wide
        if image.dtype == np.uint16 and depth == "uint8":
            return cv2.convertScaleAbs(image, alpha=1 / 257 if scale else 1)
        return super().kernel(image, arguments)

    def samples(self, values: Image, arguments: Arguments) -> Image:
        """Scaled or kept."""
        return converted(values, str(arguments["depth"]), scale=arguments["rule"] == "scale")

    def carry(self, alpha: Image, site: Site, arguments: Arguments) -> Image:
        """Opaque stays opaque."""
        window = alpha[site.output.within(site.source)]
        return self.kernel(window, {**arguments, "rule": "scale"})


def converted(values: Image, depth: str, *, scale: bool) -> Image:
    """Return samples, of any shape, in another depth, a key of :data:`~tilework.imaging.operations.depths.WHITE`.

    What no number of that depth comes near becomes the nearest; infinity stays in floats.
    """
    import numpy as np

    white, top = WHITE[str(values.dtype)], WHITE[depth]
    if top == 1:
        with np.errstate(over="ignore"):
            shares = values / white if scale and white != 1 else values
            return shares.astype(depth)
    if values.dtype.kind == "f":
        return _whole(values, depth, 1 if scale else top, top)
    cut = np.clip(values.astype(np.float64), 0, white if scale else top)
    return np.rint(cut * (top / white) if scale else cut).astype(depth)


def _whole(values: Image, depth: str, most: int, top: int) -> Image:
    """Return floats as whole numbers, of which ``most`` and what is beyond become ``top``.

    Cut by OpenCV, which takes not-a-number for 0 here, for NumPy has no vectors for a limit that is one number.
    """
    import cv2
    import numpy as np

    cut = cv2.threshold(values, 0, 0, cv2.THRESH_TOZERO)[1]
    cv2.threshold(cut, most, 0, cv2.THRESH_TRUNC, dst=cut)
    if depth == "uint8" and values.dtype == np.float32:
        return cv2.convertScaleAbs(cut, alpha=top / most)
    np.multiply(cut, top / most, out=cut)
    return np.rint(cut, out=cut).astype(depth)


OPERATIONS = (Invert(), Threshold(), Convert())
