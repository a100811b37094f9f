"""The length of the gradient: how strong an edge is, whatever its direction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.operations.contract import Example, LocalOperation
from tilework.imaging.operations.gradients import LARGEST_FACTOR, cut
from tilework.imaging.operations.parameters import Parameter
from tilework.imaging.windows import Margin, row_strips

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tilework.imaging.operations.contract import Image
    from tilework.imaging.operations.parameters import Arguments

STRIP_SAMPLES = 1 << 17
"""Of an image whose gradients, as floats, have memory at the same time: 512 KiB each, which a core's cache holds."""

WHOLE_SQUARES = 3
"""Sobel's largest kernel whose gradients of bytes have squares below 2^24 together (2 x 1,020^2): floats hold them."""

COST = 0.05
"""Seconds for a million samples. Measured: 0.006 at most (7 x 7, uint16)."""

SCHARR = "scharr"


class Magnitude(LocalOperation):
    """The length of the gradient.

    Made by NumPy, whose floats are rounded after each multiplication and addition on any processor. cv2.magnitude joins
    both where the processor can, and is taken for uint8 by Sobel at 1 x 1 and 3 x 3, where nothing is rounded before the root.
    """

    name = "magnitude"
    family = "edges"
    summary = (
        "The strength of edges: the length of the gradient, in the depth of the image, cut where that ends."
    )
    formula = (
        "scale * np.sqrt(gx * gx + gy * gy); gx, gy = cv2.Sobel(image, cv2.CV_32F, 1, 0, ksize=ksize), "
        "cv2.Sobel(image, cv2.CV_32F, 0, 1, ksize=ksize), or by cv2.Scharr; in float64 for images of that depth"
    )
    parameters = (
        Parameter(
            name="kernel",
            type="word",
            help="Whose derivatives: Sobel's, or Scharr's, which are truer in their direction.",
            default="sobel",
            choices=("sobel", SCHARR),
        ),
        Parameter(
            name="ksize",
            type="int",
            help="Rows and columns of Sobel's kernel; Scharr's has 3. With 1, it has 3 in the derivative's direction and 1 "
            "across.",
            default=3,
            choices=(1, 3, 5, 7),
            unit="px",
        ),
        Parameter(
            name="scale",
            type="float",
            help="What the length is multiplied by.",
            default=1.0,
            minimum=0,
            maximum=LARGEST_FACTOR,
        ),
    )
    scratch = 0.5
    examples = (
        Example(
            text="magnitude",
            python="cv2.convertScaleAbs(cv2.magnitude(cv2.Sobel(image, cv2.CV_32F, 1, 0), cv2.Sobel(image, cv2.CV_32F, 0, 1)))",
            dtypes=("uint8",),
        ),
        Example(
            text="magnitude",
            python="np.sqrt(cv2.Sobel(image, -1, 1, 0) ** 2 + cv2.Sobel(image, -1, 0, 1) ** 2)",
            dtypes=("float32", "float64"),
        ),
        Example(
            text="magnitude(scharr, scale=0.0625)",
            python="np.rint(np.minimum(np.float32(1 / 16) * np.sqrt("
            "cv2.Scharr(image, cv2.CV_32F, 1, 0) ** 2 + cv2.Scharr(image, cv2.CV_32F, 0, 1) ** 2), 65535)).astype(np.uint16)",
            dtypes=("uint16",),
            title="By Scharr's derivatives, so that a step of all values is 65,535.",
        ),
    )

    def check(self, arguments: Arguments) -> None:
        """Raise ValueError for Scharr's kernel in another size."""
        if arguments["kernel"] == SCHARR and arguments["ksize"] != 3:  # noqa: PLR2004
            raise ValueError(f"Scharr's kernel is 3 x 3, so ksize is 3 and not {arguments['ksize']}")

    def cost(self, arguments: Arguments) -> float:  # noqa: ARG002
        """Small, whatever the kernel."""
        return COST

    def margin(self, arguments: Arguments) -> Margin:
        """Half the kernel on each side."""
        reach = max(1, int(arguments["ksize"]) // 2)
        return Margin.even(reach, reach)

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """Gradients and their length, some rows at a time."""
        import numpy as np

        result, gradients = np.empty_like(image), None
        for rows, source in _strips(image, self.margin(arguments).top):
            part = image[source]
            if gradients is None or len(part) > gradients.shape[1]:
                gradients = np.empty(
                    (2, *part.shape), np.float64 if image.dtype == np.float64 else np.float32
                )
            inner = slice(rows.start - source.start, rows.stop - source.start)
            length = _length(part, [each[: len(part)] for each in gradients], arguments)
            result[rows] = cut(length[inner], image)
        return result


def _strips(image: Image, reach: int) -> Iterator[tuple[slice, slice]]:
    """Rows, and with them those that their gradients depend on; OpenCV derives each row by itself."""
    for rows in row_strips(len(image), image[0].size, STRIP_SAMPLES):
        yield rows, slice(max(0, rows.start - reach), min(len(image), rows.stop + reach))


def _length(image: Image, gradients: Sequence[Image], arguments: Arguments) -> Image:
    """Return the scaled length of the gradient, overwriting ``gradients``."""
    import cv2
    import numpy as np

    size = cv2.FILTER_SCHARR if arguments["kernel"] == SCHARR else int(arguments["ksize"])
    dx, dy = gradients
    for orders, result in (((1, 0), dx), ((0, 1), dy)):
        cv2.Sobel(
            image, cv2.CV_64F if dx.dtype == np.float64 else cv2.CV_32F, *orders, dst=result, ksize=size
        )
    with np.errstate(over="ignore", invalid="ignore"):
        if image.dtype == np.uint8 and 0 < size <= WHOLE_SQUARES:
            dx = cv2.magnitude(dx, dy)
        else:
            np.multiply(dx, dx, out=dx)
            np.multiply(dy, dy, out=dy)
            np.add(dx, dy, out=dx)
            np.sqrt(dx, out=dx)
        if arguments["scale"] != 1:
            np.multiply(dx, dx.dtype.type(float(arguments["scale"])), out=dx)
    return dx


OPERATIONS = (Magnitude(),)
