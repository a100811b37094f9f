"""Derivatives: Sobel's, Scharr's and Laplace's filters, and the length of the gradient."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from tilework.imaging.operations.contract import (
    VECTOR_ALIGNMENT,
    Example,
    LocalOperation,
    Pixels,
)
from tilework.imaging.operations.parameters import Parameter
from tilework.imaging.windows import Margin

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image
    from tilework.imaging.operations.parameters import Arguments
    from tilework.imaging.windows import Size, Window

LARGEST_FACTOR = 1_000_000
"""Of ``scale``, and of ``delta`` in values of a pixel; both only bring a result into its range."""

SIGNED = {
    "uint8": "int16",
    "uint16": "float32",
    "int16": "float32",
    "float32": "float32",
    "float64": "float64",
}
"""The depth of a derivative by that of its image: the smallest in which OpenCV makes it."""

MEASURED_COST = 0.05
"""Seconds for a million samples. Measured: 0.005 at most (a 7 x 7 Laplacian of uint16)."""

ABSOLUTE = "; without its sign, in the depth of the image: cv2.convertScaleAbs"
"""What the formulas of derivatives end with."""

SIZE = Parameter(
    name="ksize",
    type="int",
    help="Rows and columns of the kernel; with 1, it has 3 in the derivative's direction and 1 across.",
    default=3,
    choices=(1, 3, 5, 7),
    unit="px",
)

SCALE = Parameter(
    name="scale",
    type="float",
    help="What the derivative is multiplied by.",
    default=1.0,
    minimum=-LARGEST_FACTOR,
    maximum=LARGEST_FACTOR,
)

DELTA = Parameter(
    name="delta",
    type="float",
    help="What is added to the derivative, after the multiplication and before its sign is dropped.",
    default=0.0,
    minimum=-LARGEST_FACTOR,
    maximum=LARGEST_FACTOR,
)

SIGN = Parameter(
    name="signed",
    type="bool",
    help="Keep the sign, in int16 for images of 8 bits and float32 for those of 16; else the result is the absolute value "
    "in the depth of the image, cut where that ends.",
    default=False,
)


def _order(name: str, across: str, example: int, highest: int) -> Parameter:
    return Parameter(
        name=name,
        type="int",
        help=f"How many times the image is derived {across}.",
        minimum=0,
        maximum=highest,
        example=example,
    )


class Derivative(LocalOperation):
    """What the filters share: a kernel of some rows and columns, factor and sign.

    Whole numbers give the same wherever a window begins; factors make floats of them, and these are rounded in vectors.
    """

    family = "edges"
    scratch = 2.25

    @abstractmethod
    def derivative(self, image: Image, depth: int, arguments: Arguments) -> Image:
        """Return OpenCV's own result in an OpenCV depth."""

    def cost(self, arguments: Arguments) -> float:  # noqa: ARG002
        """Small, whatever the kernel."""
        return MEASURED_COST

    def output_pixels(self, pixels: Pixels, arguments: Arguments) -> Pixels:
        """The image's depth, or with its sign one that holds it; of another depth, alpha is dropped."""
        if not arguments["signed"]:
            return pixels
        depth = SIGNED[pixels.dtype]
        return Pixels(depth, pixels.channels, pixels.alpha and depth == pixels.dtype)

    def margin(self, arguments: Arguments) -> Margin:
        """Half the kernel on each side."""
        reach = max(1, int(arguments.get("ksize", 3)) // 2)
        return Margin.even(reach, reach)

    def source_window(self, output: Window, size: Size, arguments: Arguments) -> Window:
        """Return ``output`` and the margin around it, with a factor from where its vectors begin."""
        window = super().source_window(output, size, arguments)
        plain = arguments["scale"] == 1 and arguments["delta"] == 0
        return window if plain else window.aligned(VECTOR_ALIGNMENT)

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """One filter, with OpenCV's own border (REFLECT_101), and the absolute value unless the sign is kept."""
        import cv2

        depths = {"int16": cv2.CV_16S, "float32": cv2.CV_32F, "float64": cv2.CV_64F}
        result = self.derivative(image, depths[SIGNED[str(image.dtype)]], arguments)
        return result if arguments["signed"] else absolute(result, image)


def absolute(result: Image, image: Image) -> Image:
    """The absolute values in the depth of ``image``, overwriting ``result``."""
    import numpy as np

    if image.dtype != np.uint8:
        np.abs(result, out=result)
    return cut(result, image)


def cut(result: Image, image: Image) -> Image:
    """Values, or for uint8 absolute values, rounded half to even and cut to where the depth of ``image`` ends."""
    import cv2
    import numpy as np

    if image.dtype == np.uint8:
        return cv2.convertScaleAbs(result)
    if image.dtype.kind == "f":
        return result
    within: Image = cv2.add(result, 0, dtype=cv2.CV_16U if image.dtype == np.uint16 else cv2.CV_16S)  # type: ignore[call-overload]
    return within


class Sobel(Derivative):
    """A derivative across a smoothed neighbourhood."""

    name = "sobel"
    summary = "Sobel's derivative: how much the image changes along the rows (dx) or the columns (dy)."
    formula = "cv2.Sobel(image, depth, dx, dy, ksize=ksize, scale=scale, delta=delta)" + ABSOLUTE
    parameters = (
        _order("dx", "along the rows", 1, 6),
        _order("dy", "along the columns", 0, 6),
        SIZE,
        SCALE,
        DELTA,
        SIGN,
    )
    examples = (
        Example(
            text="sobel(1, 0)",
            python="cv2.convertScaleAbs(cv2.Sobel(image, cv2.CV_16S, 1, 0))",
            dtypes=("uint8",),
        ),
        Example(
            text="sobel(1, 0)",
            python="np.minimum(np.abs(cv2.Sobel(image, cv2.CV_32F, 1, 0)), 65535).astype(np.uint16)",
            dtypes=("uint16",),
            title="Cut where the depth ends.",
        ),
        Example(
            text="sobel(0, 1, 5, 0.05, signed=true)",
            python="cv2.Sobel(image, cv2.CV_16S, 0, 1, ksize=5, scale=0.05)",
            dtypes=("uint8",),
            title="With the sign, in int16.",
        ),
        Example(
            text="sobel(0, 1, signed=true)",
            python="cv2.Sobel(image, cv2.CV_32F, 0, 1)",
            dtypes=("uint16", "int16", "float32"),
            title="With the sign, in float32.",
        ),
    )

    def check(self, arguments: Arguments) -> None:
        """Raise ValueError where nothing is derived, or more than the kernel has columns for."""
        orders = int(arguments["dx"]), int(arguments["dy"])
        kernel = max(3, int(arguments["ksize"]))
        if max(orders) == 0:
            raise ValueError("dx and dy are both 0; derive along one of them at least once")
        if max(orders) >= kernel:
            raise ValueError(f"a kernel of {kernel} derives at most {kernel - 1} times, not {max(orders)}")

    def derivative(self, image: Image, depth: int, arguments: Arguments) -> Image:
        """One call of cv2.Sobel."""
        import cv2

        return cv2.Sobel(
            image,
            depth,
            int(arguments["dx"]),
            int(arguments["dy"]),
            ksize=int(arguments["ksize"]),
            scale=float(arguments["scale"]),
            delta=float(arguments["delta"]),
        )


class Scharr(Derivative):
    """A first derivative whose direction is truer than Sobel's."""

    name = "scharr"
    summary = "Scharr's derivative: as Sobel's on 3 x 3 pixels, and truer in its direction."
    formula = "cv2.Scharr(image, depth, dx, dy, scale=scale, delta=delta)" + ABSOLUTE
    parameters = (
        _order("dx", "along the rows", 1, 1),
        _order("dy", "along the columns", 0, 1),
        SCALE,
        DELTA,
        SIGN,
    )
    examples = (
        Example(
            text="scharr(1, 0)",
            python="cv2.convertScaleAbs(cv2.Scharr(image, cv2.CV_16S, 1, 0))",
            dtypes=("uint8",),
        ),
        Example(
            text="scharr(0, 1)",
            python="np.abs(cv2.Scharr(image, -1, 0, 1))",
            dtypes=("float32", "float64"),
        ),
        Example(
            text="scharr(0, 1, 0.0625, signed=true)",
            python="cv2.Scharr(image, cv2.CV_32F, 0, 1, scale=1 / 16)",
            dtypes=("uint16", "int16", "float32"),
            title="With the sign, in float32.",
        ),
    )

    def check(self, arguments: Arguments) -> None:
        """Raise ValueError unless it is derived once."""
        if int(arguments["dx"]) + int(arguments["dy"]) != 1:
            raise ValueError("one of dx and dy is 1 and the other 0")

    def derivative(self, image: Image, depth: int, arguments: Arguments) -> Image:
        """One call of cv2.Scharr."""
        import cv2

        return cv2.Scharr(
            image,
            depth,
            int(arguments["dx"]),
            int(arguments["dy"]),
            scale=float(arguments["scale"]),
            delta=float(arguments["delta"]),
        )


class Laplacian(Derivative):
    """The sum of the second derivatives."""

    name = "laplacian"
    summary = "The Laplacian: how much a pixel differs from what is around it, whatever the direction."
    formula = "cv2.Laplacian(image, depth, ksize=ksize, scale=scale, delta=delta)" + ABSOLUTE
    parameters = (
        Parameter(
            name="ksize",
            type="int",
            help="Rows and columns of the kernel; with 1, it is the pixel and the four around it.",
            default=1,
            choices=(1, 3, 5, 7),
            unit="px",
        ),
        SCALE,
        DELTA,
        SIGN,
    )
    examples = (
        Example(
            text="laplacian",
            python="cv2.convertScaleAbs(cv2.Laplacian(image, cv2.CV_16S))",
            dtypes=("uint8",),
        ),
        Example(
            text="laplacian(5)",
            python="np.abs(cv2.Laplacian(image, -1, ksize=5))",
            dtypes=("float32", "float64"),
        ),
        Example(
            text="laplacian(3, 0.25, signed=true)",
            python="cv2.Laplacian(image, cv2.CV_32F, ksize=3, scale=0.25)",
            dtypes=("uint16", "int16", "float32"),
            title="With the sign, in float32.",
        ),
    )

    def derivative(self, image: Image, depth: int, arguments: Arguments) -> Image:
        """One call of cv2.Laplacian."""
        import cv2

        return cv2.Laplacian(
            image,
            depth,
            ksize=int(arguments["ksize"]),
            scale=float(arguments["scale"]),
            delta=float(arguments["delta"]),
        )


OPERATIONS = (Sobel(), Scharr(), Laplacian())
