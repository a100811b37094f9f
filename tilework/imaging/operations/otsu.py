"""Black and white by a threshold that follows from the whole image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.operations import luma
from tilework.imaging.operations.contract import Example
from tilework.imaging.operations.histogram import COUNTED_NODATA, CountedOperation, counted
from tilework.imaging.operations.parameters import Parameter

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Arrays, Image, Pixels
    from tilework.imaging.operations.histogram import Counts
    from tilework.imaging.operations.parameters import Arguments

FLOAT_EPSILON = 2.0**-23
"""FLT_EPSILON: cv2.threshold looks at no threshold with a smaller share of the pixels on one side of it."""


class Otsu(CountedOperation):
    """Otsu's threshold (N. Otsu, "A threshold selection method from gray-level histograms", 1979)."""

    name = "otsu"
    family = "tone"
    summary = "Black and white by Otsu's threshold: a mask, 255 where brighter than what parts the image's greys best."
    formula = (
        "cv2.threshold(grey, 0, 255, cv2.THRESH_OTSU)[1], inverted cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU; of colours grey "
        "is cv2.cvtColor(image, cv2.COLOR_BGR2GRAY). (Of thresholds that tie, OpenCV with IPP may take another.)"
    )
    parameters = (
        Parameter(
            name="invert",
            type="bool",
            help="White where the image is darker than the threshold, or equal to it.",
            default=False,
        ),
    )
    makes_mask = True
    scratch = 1.25
    nodata = COUNTED_NODATA
    examples = (
        Example(
            text="otsu",
            python="np.uint8(cv2.threshold(image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), "
            "0, 255, cv2.THRESH_OTSU)[1])",
        ),
        Example(
            text="otsu(true)",
            python="np.uint8(cv2.threshold(image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), "
            "0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)[1])",
            title="Dark print becomes white.",
        ),
    )

    def pointwise(self, pixels: Pixels) -> bool:
        """Grey alone: of colours a pixel's channels depend on each other."""
        return pixels.channels == 1

    def counts(self, image: Image, arguments: Arguments) -> Counts:  # noqa: ARG002
        """Count the greys."""
        return counted(luma.grey(image))

    def known(self, counts: Counts, arguments: Arguments) -> Arrays:  # noqa: ARG002
        """Find the threshold."""
        import numpy as np

        return {"threshold": np.array(_best_threshold(counts[0]))}

    def at_once(self, image: Image, arguments: Arguments) -> Image | None:
        """Let cv2.threshold find the threshold."""
        return _mask(image, 0, arguments, found=False)

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """Compare the greys with the threshold."""
        return _mask(image, float(arguments["threshold"]), arguments, found=True)


def _mask(image: Image, threshold: float, arguments: Arguments, *, found: bool) -> Image:
    import cv2
    import numpy as np

    how = cv2.THRESH_BINARY_INV if arguments["invert"] else cv2.THRESH_BINARY
    mask = cv2.threshold(luma.grey(image), threshold, 255, how if found else how | cv2.THRESH_OTSU)[1]
    return mask.astype(np.uint8, copy=False)


def _best_threshold(counts: Counts) -> int:
    """The value up to which pixels are dark, so that the variance between dark and bright is the largest.

    In double precision and in the very order of cv2.threshold, for ties are decided by the last bit.
    """
    import numpy as np

    values = np.arange(len(counts))
    scale = 1.0 / float(counts.sum())
    mean = float(values @ counts) * scale
    shares = counts * scale
    darks = np.cumsum(shares)
    brights = 1.0 - darks
    least, most = np.minimum(darks, brights), np.maximum(darks, brights)
    # one run: the darker part only grows
    places = np.flatnonzero((least >= FLOAT_EPSILON) & (most <= 1.0 - FLOAT_EPSILON))
    if not len(places):
        return 0
    run = slice(int(places[0]), int(places[-1]) + 1)
    dark, bright = darks[run], brights[run]
    dark_mean = np.array(_means((values[run] * shares[run]).tolist(), dark.tolist()))
    bright_mean = (mean - dark * dark_mean) / bright
    between = dark * bright * (dark_mean - bright_mean) * (dark_mean - bright_mean)
    best = int(np.argmax(between))
    return run.start + best if between[best] > 0 else 0


def _means(terms: list[float], darks: list[float]) -> list[float]:
    """The mean of what is dark up to each value, from that up to the one before."""
    means, mean, before = [], 0.0, 0.0
    for term, dark in zip(terms, darks, strict=True):
        mean = (mean * before + term) / dark
        means.append(mean)
        before = dark
    return means
