"""The histogram of an image as a result: a drawing of it, or its numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tilework.errors import UnsupportedPixelsError
from tilework.imaging.operations.contract import ITEM_BYTES, Example, Pixels, Report
from tilework.imaging.operations.histogram import CountedOperation
from tilework.imaging.operations.parameters import Parameter
from tilework.imaging.operations.table import Table
from tilework.imaging.windows import Size, Window

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Arrays, Image, Site
    from tilework.imaging.operations.histogram import Counts
    from tilework.imaging.operations.parameters import Arguments

DRAWING = Size(512, 256)
"""Pixels of the drawing: two columns for each of 256 bins."""

PERCENTILES = (1, 5, 25, 50, 75, 95, 99)

CHANNELS = {1: ("grey",), 3: ("blue", "green", "red")}

COST = 0.01
"""Seconds for a million samples, measured twice over: 0.005 to count 16 bits in narrow windows."""


class Histogram(CountedOperation):
    """How often each value is there."""

    name = "histogram"
    family = "analysis"
    summary = (
        "Histogram of each channel: a drawing, or its counts with least, greatest, mean and percentiles."
    )
    formula = "count of value * bins // values in each bin; a bar's height: ceil(256 * count / largest count)"
    parameters = (
        Parameter(
            name="bins",
            type="int",
            help="Bins into which all values that the depth has are divided; at most as many as values, 256 of 8 bits.",
            default=256,
            minimum=2,
            maximum=65_536,
        ),
    )
    reports = True
    columns = ("channel", "bin", "low", "high", "count")
    alpha = "Not counted, and dropped."
    nodata = "A value like any other, with a bin of its own at as many bins as values."
    examples = (
        Example(
            text="histogram()",
            python="("
            "counts := np.stack([np.bincount(plane.ravel() >> (8 * image.itemsize - 8), minlength=256)"
            " for plane in cv2.split(image)]), "
            "bars := np.repeat(-(-256 * counts // counts.max()), 2, axis=1), "
            "np.where(np.arange(256)[::-1, None, None] < bars.T, 255, 0).astype(np.uint8).squeeze())[-1]",
            title="Bars of white, or of each channel's colour, which add up where they overlap; 512 x 256 pixels.",
        ),
        Example(
            text="histogram(16)",
            python="("
            "counts := np.stack([np.bincount(plane.ravel() >> (8 * image.itemsize - 4), minlength=16)"
            " for plane in cv2.split(image)]), "
            "bars := np.repeat(-(-256 * counts // counts.max()), 32, axis=1), "
            "np.where(np.arange(256)[::-1, None, None] < bars.T, 255, 0).astype(np.uint8).squeeze())[-1]",
            title="Sixteen broad bars.",
        ),
    )

    def cost(self, arguments: Arguments) -> float:  # noqa: ARG002
        """Counting."""
        return COST

    def output_pixels(self, pixels: Pixels, arguments: Arguments) -> Pixels:
        """A drawing of 8 bits, in as many channels as the image has. Raises UnsupportedPixelsError for too many bins."""
        bins, values = int(arguments["bins"]), 1 << 8 * ITEM_BYTES[pixels.dtype]
        if bins > values:
            raise UnsupportedPixelsError(
                f"histogram makes at most {values:,} bins of {pixels.dtype}, one a value, and not {bins:,}.",
                advice=f"Ask for {values} or fewer.",
            )
        return Pixels("uint8", pixels.channels)

    def output_size(self, size: Size, arguments: Arguments) -> Size:  # noqa: ARG002
        """Return the drawing's, whatever the image's."""
        return DRAWING

    def source_window(self, output: Window, size: Size, arguments: Arguments) -> Window:  # noqa: ARG002
        """Return the least there is: the drawing depends on what is known of the whole alone."""
        return Window(0, 0, 1, 1)

    def measured_window(self, window: Window, size: Size, arguments: Arguments) -> Window:  # noqa: ARG002
        """Return the window itself."""
        return window

    def known(self, counts: Counts, arguments: Arguments) -> Arrays:  # noqa: ARG002
        """Return the counts themselves."""
        return {"counts": counts}

    def kernel(self, image: Image, arguments: Arguments) -> Image:  # noqa: ARG002
        """Draw all of it."""
        return _drawn(arguments["counts"], int(arguments["bins"]))

    def apply(self, image: Image, site: Site, arguments: Arguments) -> Image:
        """Draw, and cut out what is asked for."""
        return self.kernel(image, arguments)[site.output.within(Window.whole(DRAWING))]

    def report(self, known: Arrays, size: Size, pixels: Pixels, arguments: Arguments) -> Report:
        """Of each channel least, greatest, mean, deviation and percentiles; a row a bin, whose values are low to high."""
        import numpy as np

        bins = int(arguments["bins"])
        counts = known["counts"]
        names = CHANNELS[pixels.channels]
        edges = _edges(counts.shape[1], bins)
        rows = Table(
            {
                "channel": np.repeat(np.array(names), bins),
                "bin": np.tile(np.arange(bins), len(names)),
                "low": np.tile(edges[:-1], len(names)),
                "high": np.tile(edges[1:] - 1, len(names)),
                "count": _binned(counts, bins).ravel(),
            }
        )
        told = {name: _statistics(each.tolist()) for name, each in zip(names, counts, strict=True)}
        return Report({"pixels": size.pixels, "channels": told}, rows)


def _binned(counts: Counts, bins: int) -> Counts:
    """The counts of values (channels, values) as counts of bins (channels, bins)."""
    import numpy as np

    below = np.pad(np.cumsum(counts, axis=1), ((0, 0), (1, 0)))
    edges = _edges(counts.shape[1], bins)
    binned: Counts = below[:, edges[1:]] - below[:, edges[:-1]]
    return binned


def _edges(values: int, bins: int) -> Counts:
    """The first value of each bin, and the first beyond the last."""
    import numpy as np

    return -(-np.arange(bins + 1) * values // bins)


def _drawn(counts: Counts, bins: int) -> Image:
    """The drawing, (256, 512) or (256, 512, 3) uint8; of bins that share a column the highest is seen."""
    import numpy as np

    columns = np.arange(DRAWING.width + 1) * bins // DRAWING.width
    first, beyond = columns[:-1], np.maximum(columns[1:], columns[:-1] + 1)
    binned = _binned(counts, bins)
    highest = np.stack([binned[:, one:other].max(axis=1) for one, other in zip(first, beyond, strict=True)])
    bars = -(-DRAWING.height * highest // max(1, int(binned.max())))
    drawn = np.where(np.arange(DRAWING.height)[::-1, None, None] < bars, 255, 0).astype(np.uint8)
    return drawn if drawn.shape[2] > 1 else drawn[:, :, 0]


def _statistics(counts: list[int]) -> dict[str, object]:
    """What the counts of a channel's values tell; sums are of whole numbers, however many, and rounded at the end.

    A percentile is the least value that so many hundredths of the pixels do not exceed (nearest rank).
    """
    present = [(value, count) for value, count in enumerate(counts) if count]
    pixels = sum(counts)
    total = sum(value * count for value, count in present)
    squares = sum(value * value * count for value, count in present)
    return {
        "min": present[0][0],
        "max": present[-1][0],
        "mean": total / pixels,
        "std": math.sqrt(pixels * squares - total * total) / pixels,
        "percentiles": {str(rank): _percentile(present, rank, pixels) for rank in PERCENTILES},
    }


def _percentile(present: list[tuple[int, int]], rank: int, pixels: int) -> int:
    below = 0
    for value, count in present:
        below += count
        if 100 * below >= rank * pixels:
            return value
    return present[-1][0]


OPERATIONS = (Histogram(),)
