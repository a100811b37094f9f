"""A threshold that follows the light."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.operations.contract import ORDINARY_COST, VECTOR_ALIGNMENT, Example, LocalOperation
from tilework.imaging.operations.parameters import Parameter
from tilework.imaging.operations.smoothing import COST, LARGEST_KERNEL
from tilework.imaging.windows import Margin

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image, Pixels
    from tilework.imaging.operations.parameters import Arguments
    from tilework.imaging.windows import Size


class Adaptive(LocalOperation):
    """A threshold of each pixel's own."""

    name = "adaptive"
    family = "filters"
    summary = "Adaptive threshold: a mask, 255 where a pixel is brighter than its surroundings less c."
    formula = (
        "cv2.adaptiveThreshold(image, 255, cv2.ADAPTIVE_THRESH_MEAN_C or cv2.ADAPTIVE_THRESH_GAUSSIAN_C, "
        "cv2.THRESH_BINARY or cv2.THRESH_BINARY_INV, block, c)"
    )
    parameters = (
        Parameter(
            name="block",
            type="int",
            help="Columns and rows of the surroundings, an odd number.",
            minimum=3,
            maximum=LARGEST_KERNEL,
            odd=True,
            unit="px",
            example=11,
        ),
        Parameter(
            name="c",
            type="float",
            help="How much darker than its surroundings a pixel may be and still count as bright.",
            minimum=-255,
            maximum=255,
            unit="levels",
            example=2,
        ),
        Parameter(
            name="method",
            type="word",
            help="Whether the surroundings' mean is plain or weighed by a Gaussian.",
            default="mean",
            choices=("mean", "gaussian"),
        ),
        Parameter(
            name="inverted",
            type="bool",
            help="Make what is darker white, such as ink on paper.",
            default=False,
        ),
    )
    dtypes = ("uint8",)
    channels = (1,)
    makes_mask = True
    scratch = 10.0
    examples = (
        Example(
            text="adaptive(25, 10)",
            python="cv2.adaptiveThreshold(image, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 25, 10)",
        ),
        Example(
            text="adaptive(31, 9.5, gaussian, true)",
            python="cv2.adaptiveThreshold("
            "image, 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY_INV, 31, 9.5)",
            title="Dark writing becomes white.",
        ),
    )

    def cost(self, arguments: Arguments) -> float:
        """Nearly nothing for the plain mean; a Gaussian of floats else."""
        weighed = arguments["method"] == "gaussian"
        return ORDINARY_COST + (COST * 2 * int(arguments["block"]) if weighed else 0)

    def alignment(self, pixels: Pixels) -> Size:  # noqa: ARG002
        """The Gaussian is one of floats, whose rounding could turn a pixel."""
        return VECTOR_ALIGNMENT

    def margin(self, arguments: Arguments) -> Margin:
        """Half the block on each side."""
        reach = int(arguments["block"]) // 2
        return Margin.even(reach, reach)

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """One threshold; beyond the edge the image's own pixels go on (BORDER_REPLICATE)."""
        import cv2

        methods = {"mean": cv2.ADAPTIVE_THRESH_MEAN_C, "gaussian": cv2.ADAPTIVE_THRESH_GAUSSIAN_C}
        kind = cv2.THRESH_BINARY_INV if arguments["inverted"] else cv2.THRESH_BINARY
        method = methods[str(arguments["method"])]
        return cv2.adaptiveThreshold(image, 255, method, kind, int(arguments["block"]), float(arguments["c"]))


OPERATIONS = (Adaptive(),)
