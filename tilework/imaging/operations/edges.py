"""Edge detectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.operations.contract import WholeImageOperation
from tilework.imaging.operations.parameters import Parameter

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image
    from tilework.imaging.operations.parameters import Arguments

STRONGEST_GRADIENT = 1_000_000
"""Above every gradient of an 8-bit image (aperture 7: 163,200 a direction, 326,400 their L1 sum)."""

CANNY_SCRATCH = 6.0
"""Measured on 24 MP of noise: 4.7 times the input for the two gradients (int16) and the map; the rest for its stack."""


def _threshold(name: str, text: str, example: int) -> Parameter:
    return Parameter(
        name=name,
        type="float",
        help=text,
        minimum=0,
        maximum=STRONGEST_GRADIENT,
        unit="gradient",
        example=example,
    )


class Canny(WholeImageOperation):
    """Canny's edge detector.

    Whether a weak edge stays depends on whether it hangs together with a strong one, however far away: the whole
    image is its window.
    """

    name = "canny"
    family = "edges"
    summary = "Canny's edges: a mask, 255 on thin connected edges and 0 elsewhere."
    formula = "cv2.Canny(image, low, high, apertureSize=aperture, L2gradient=l2gradient)"
    parameters = (
        _threshold("low", "Gradients above it are edges where they hang together with a strong one.", 100),
        _threshold("high", "Gradients above it are strong edges.", 200),
        Parameter(
            name="aperture",
            type="int",
            help="Size of the Sobel kernel.",
            default=3,
            choices=(3, 5, 7),
            unit="px",
        ),
        Parameter(
            name="l2gradient",
            type="bool",
            help="Measure a gradient by its length (true) or by the sum of its parts (false).",
            default=False,
        ),
    )
    dtypes = ("uint8",)
    makes_mask = True
    scratch = CANNY_SCRATCH

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """One Canny on all colour channels: at each pixel the channel with the strongest gradient decides."""
        import cv2

        return cv2.Canny(
            image,
            float(arguments["low"]),
            float(arguments["high"]),
            apertureSize=int(arguments["aperture"]),
            L2gradient=bool(arguments["l2gradient"]),
        )


OPERATIONS = (Canny(),)
