"""Edge detectors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tilework.imaging.operations import hysteresis
from tilework.imaging.operations.contract import Example, MeasuredOperation
from tilework.imaging.operations.parameters import Parameter
from tilework.imaging.windows import Margin, row_strips

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tilework.imaging.operations.contract import Arrays, Image, Measured, Part, Reduced, Site
    from tilework.imaging.operations.parameters import Arguments
    from tilework.imaging.windows import Size

STRONGEST_GRADIENT = 1_000_000
"""Above every gradient of an 8-bit image (aperture 7: 163,200 a direction, 326,400 their L1 sum)."""

CANNY_SCRATCH = 6.0
"""Measured on 24 MP of noise: 4.7 times the input for the two gradients (int16) and the map; the rest for its stack."""

FAST_APERTURE = 3
"""The aperture whose edges may be thinned on ready gradients.

OpenCV compares directions of ready gradients a little otherwise than of an image: at aperture 7 a pixel in 10^7
differed. The smallest gradient for which that matters is 1,393 (577 / 1,393 lies between the tangent of 22.5 degrees
and OpenCV's 13,573 / 2^15), and at aperture 3 none exceeds 1,020.
"""

LARGEST = 32767.0
"""To which cv2.Canny cuts thresholds before it squares them."""

STRIP_BYTES = 384 << 10
"""Of an image whose gradients, one channel's after the other's, stay in a core's cache while they are compared."""


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


class Canny(MeasuredOperation):
    """Canny's edge detector.

    Whether a weak edge stays depends on whether it hangs together with a strong one, however far away. So windows are
    measured for their candidates and seeds, and :mod:`~tilework.imaging.operations.hysteresis` unites them.
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
    paints = True
    examples = (
        Example(text="canny(100, 200)", python="cv2.Canny(image, 100, 200)"),
        Example(
            text="canny(500, 900, 5, true)",
            python="cv2.Canny(image, 500, 900, apertureSize=5, L2gradient=True)",
        ),
    )

    def margin(self, arguments: Arguments) -> Margin:
        """Half the Sobel kernel, and the neighbours among which a pixel must be the strongest."""
        reach = int(arguments["aperture"]) // 2 + 1
        return Margin.even(reach, reach)

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """One Canny on all colour channels: at each pixel the channel with the strongest gradient decides.

        Right only for a whole image; windows are measured and painted.
        """
        import cv2

        low, high = float(arguments["low"]), float(arguments["high"])
        aperture, by_length = int(arguments["aperture"]), bool(arguments["l2gradient"])
        if aperture == FAST_APERTURE:
            return _edges(image, low, high, by_length=by_length)
        return cv2.Canny(image, low, high, apertureSize=aperture, L2gradient=by_length)

    def measure(self, image: Image, site: Site, arguments: Arguments) -> Measured:
        """Find candidates and seeds by OpenCV's own arithmetic, and label them."""
        candidates, seeds = thin_edges(image, arguments)
        core = site.output.within(site.source)
        return hysteresis.track(candidates[core], seeds[core])

    def reduce(self, parts: Sequence[Part], arguments: Arguments) -> Reduced:  # noqa: ARG002
        """Unite components across the seams."""
        return hysteresis.joined(parts)

    def settle(self, partial: Arrays, arguments: Arguments) -> Arrays:  # noqa: ARG002
        """Beyond the image there is nothing more to hang together with."""
        return {"lit": partial["lit"]}

    def descend(self, known: Arrays, joint: Arrays) -> Sequence[Arrays]:
        """Tell each part which of its components are edges."""
        return hysteresis.divided(known["lit"], joint)

    def paint(self, kept: Arrays, known: Arrays, size: Size) -> Image:
        """Edges, and what has turned out to hang together with one."""
        return hysteresis.painted(kept, known["lit"], size)


def thin_edges(image: Image, arguments: Arguments) -> tuple[Image, Image]:
    """Pixels on thin edges above the low threshold, and above the high one; (height, width) uint8, 0 for no.

    Both are :func:`cv2.Canny`'s own. Along the border of ``image`` they hold for the whole only where that is the true
    edge.
    """
    import cv2

    low, high = sorted((float(arguments["low"]), float(arguments["high"])))
    by_length = bool(arguments["l2gradient"])
    if arguments["aperture"] == FAST_APERTURE:
        return _thin_edges_at_once(image, _cut(low, by_length), high, by_length=by_length)
    one, other = (
        cv2.Canny(image, bound, bound, apertureSize=int(arguments["aperture"]), L2gradient=by_length)
        for bound in (low, high)
    )
    return one, other


def _thin_edges_at_once(image: Image, low: float, high: float, *, by_length: bool) -> tuple[Image, Image]:
    """Thin once, on gradients that tell the seeds, too."""
    import cv2
    import numpy as np

    candidates = np.empty(image.shape[:2], np.uint8)
    seeds = np.empty_like(candidates)
    for rows in _strips(image):
        first, last = max(0, rows.start - 1), min(len(image), rows.stop + 1)
        dx, dy, norm = _gradients(image, slice(first, last), by_length=by_length)
        core = slice(rows.start - first, rows.stop - first)
        thin = cv2.Canny(dx, dy, low, low, L2gradient=by_length)[core]
        candidates[rows] = thin
        np.multiply(thin, _above(norm[core], high, by_length=by_length), out=seeds[rows])
    return candidates, seeds


def _edges(image: Image, low: float, high: float, *, by_length: bool) -> Image:
    """What cv2.Canny makes of a whole image at aperture 3."""
    import cv2
    import numpy as np

    if image.ndim == 2:  # noqa: PLR2004
        return cv2.Canny(image, low, high, L2gradient=by_length)
    dx, dy = (np.empty(image.shape[:2], np.int16) for _ in range(2))
    for rows in _strips(image):
        dx[rows], dy[rows], _ = _gradients(image, rows, by_length=by_length)
    return cv2.Canny(dx, dy, _cut(low, by_length), _cut(high, by_length), L2gradient=by_length)


def _cut(bound: float, by_length: bool) -> float:
    """A threshold that cv2.Canny may square: of ready gradients it does not cut it itself."""
    return min(LARGEST, bound) if by_length else bound


def _strips(image: Image) -> Iterator[slice]:
    """Rows that are worked on while they are in a core's cache."""
    return row_strips(len(image), image[0].nbytes, STRIP_BYTES)


def _gradients(image: Image, rows: slice, *, by_length: bool) -> tuple[Image, Image, Image]:
    """Sobel's gradients of some rows, int16, and their norms (int32 by length), of the first channel where that is largest.

    That channel is all that cv2.Canny looks at, too.
    """
    import cv2

    above, below = max(0, rows.start - 1), min(len(image), rows.stop + 1)
    core = slice(rows.start - above, rows.stop - above)
    planes = cv2.split(image[above:below])
    dx, dy, norm = _gradient(planes[0], by_length=by_length)
    for plane in planes[1:]:
        other = _gradient(plane, by_length=by_length)
        larger = cv2.compare(other[2], norm, cv2.CMP_GT)
        for theirs, ours in zip(other, (dx, dy, norm), strict=True):
            cv2.copyTo(theirs, larger, ours)
    return dx[core], dy[core], norm[core]


def _gradient(plane: Image, *, by_length: bool) -> tuple[Image, Image, Image]:
    """Sobel's gradients of one channel, and their norms."""
    import cv2
    import numpy as np

    dx, dy = (
        cv2.Sobel(plane, cv2.CV_16S, *orders, borderType=cv2.BORDER_REPLICATE) for orders in ((1, 0), (0, 1))
    )
    if by_length:
        return dx, dy, np.square(dx, dtype=np.int32) + np.square(dy, dtype=np.int32)
    return dx, dy, cv2.add(np.abs(dx), np.abs(dy))


def _above(norm: Image, bound: float, *, by_length: bool) -> Image:
    """1 where the norm is above a threshold, compared in whole numbers as cv2.Canny does; else 0."""
    import numpy as np

    bound = min(LARGEST, bound)
    return (norm > math.floor(bound**2 if by_length else bound)).view(np.uint8)


OPERATIONS = (Canny(),)
