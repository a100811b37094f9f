"""Brightness and contrast by what is known of the whole image."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tilework.imaging.operations import luma
from tilework.imaging.operations.clahe import Clahe
from tilework.imaging.operations.contract import (
    NO_ALIGNMENT,
    NOTHING,
    Example,
    Measured,
    MeasuredOperation,
    Reduced,
)
from tilework.imaging.operations.histogram import TRANSPARENT, CountedTableOperation, counted, looked_up
from tilework.imaging.operations.otsu import Otsu
from tilework.imaging.operations.parameters import Parameter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tilework.imaging.operations.contract import Arrays, Image, Part, Pixels, Site
    from tilework.imaging.operations.histogram import Counts, Tables
    from tilework.imaging.operations.parameters import Arguments
    from tilework.imaging.windows import Size

LARGEST_END = 1_000_000_000
"""Of normalize: nearly all that a sample of 32 bits holds."""

QUICK_END = 1024
"""Up to which no end of bytes misses 0 by half a level for the rounding of float32, on whichever side of it."""

STRIP_BYTES = 1 << 18
"""That are normalized at once: they stay in a core's cache while OpenCV looks for both ends among them."""


class Equalize(CountedTableOperation):
    """Histogram equalization."""

    name = "equalize"
    family = "tone"
    summary = (
        "Equalized histogram: contrast where most pixels are, each brightness about as frequent as any other."
    )
    formula = (
        "cv2.equalizeHist(image), of colours each channel or Y of cv2.COLOR_BGR2YCrCb: round(255 N(v) / N(255)) in float32, "
        "N(v) being the pixels up to v but for the darkest value; uint16 the same with 65535"
    )
    parameters = (luma.COLOUR,)
    scratch = 1.25
    examples = (
        Example(
            text="equalize",
            python="cv2.equalizeHist(image) if image.ndim == 2 else cv2.cvtColor(cv2.merge([cv2.equalizeHist((ycc := "
            "cv2.split(cv2.cvtColor(image, cv2.COLOR_BGR2YCrCb)))[0]), *ycc[1:]]), cv2.COLOR_YCrCb2BGR)",
            title="The brightness of colours.",
            dtypes=("uint8",),
        ),
        Example(
            text="equalize(each)",
            python="cv2.merge([cv2.equalizeHist(plane) for plane in cv2.split(image)])",
            title="Every channel for itself; grey has one.",
            dtypes=("uint8",),
        ),
        Example(
            text="equalize(each)",
            python="cv2.merge([cv2.LUT(plane, np.uint16(np.rint(np.float32(np.maximum(np.cumsum(n := np.bincount("
            "plane.ravel(), minlength=65536)) - n[plane.min()], 0)) * (np.float32(65535) / np.float32(plane.size - "
            "n[plane.min()]))))) for plane in cv2.split(image)])",
            title="16 bits, for which OpenCV has no call of its own.",
            dtypes=("uint16",),
        ),
    )

    def pointwise(self, pixels: Pixels) -> bool:
        """Grey alone: of colours a pixel's channels depend on each other."""
        return pixels.channels == 1

    def counts(self, image: Image, arguments: Arguments) -> Counts:
        """Count the luma, or each channel."""
        return counted(luma.worked_on(image, arguments))

    def tables(self, counts: Counts, arguments: Arguments) -> Tables:  # noqa: ARG002
        """Return those of cv2.equalizeHist."""
        import numpy as np

        return np.stack([_equalizing(count) for count in counts])

    def at_once(self, image: Image, arguments: Arguments) -> Image | None:
        """cv2.equalizeHist, which takes bytes."""
        import cv2
        import numpy as np

        if image.dtype != np.uint8:
            return None
        return luma.changed(image, arguments, lambda samples: luma.by_planes(samples, cv2.equalizeHist))

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """Look luma up, or each sample."""
        return luma.changed(image, arguments, lambda samples: looked_up(samples, arguments))


def _equalizing(counts: Counts) -> Tables:
    """New values of one channel, in float32 as cv2.equalizeHist reckons; one value alone stays what it is."""
    import numpy as np

    darkest = int(np.flatnonzero(counts)[0])
    others = int(counts.sum() - counts[darkest])
    if not others:
        return np.full(len(counts), darkest, np.float32)
    above = np.maximum(np.cumsum(counts) - counts[darkest], 0)
    made: Tables = np.rint(above.astype(np.float32) * (np.float32(len(counts) - 1) / np.float32(others)))
    return made


class Stretch(CountedTableOperation):
    """Contrast between two percentiles."""

    name = "stretch"
    family = "tone"
    summary = "Stretched contrast: all but the darkest and the brightest few pixels fill the whole range."
    formula = (
        "np.rint(np.interp(image, [np.percentile(image, low, method='lower'), np.percentile(image, high, method='higher')], "
        "[0, 255 or 65535])), of all channels together or of each; unchanged where both percentiles are the same"
    )
    parameters = (
        Parameter(
            name="low",
            type="float",
            help="The share of the samples, the darkest, that becomes black.",
            default=2.0,
            minimum=0,
            maximum=100,
            unit="%",
        ),
        Parameter(
            name="high",
            type="float",
            help="The share of the samples above which all become white.",
            default=98.0,
            minimum=0,
            maximum=100,
            unit="%",
        ),
        Parameter(
            name="colour",
            type="word",
            help="Of colours: together stretches all channels alike and keeps the hue, each stretches every one by itself.",
            default="together",
            choices=("together", "each"),
        ),
    )
    examples = (
        Example(
            text="stretch",
            python='image if (low := np.percentile(image, 2, method="lower")) == (high := np.percentile(image, 98, '
            'method="higher")) else np.rint(np.interp(image, [low, high], [0, np.iinfo(image.dtype).max])).astype(image.dtype)',
        ),
        Example(
            text="stretch(0.5, 99.5, each)",
            python='cv2.merge([plane if (low := np.percentile(plane, 0.5, method="lower")) == (high := np.percentile(plane, '
            '99.5, method="higher")) else np.rint(np.interp(plane, [low, high], [0, 255])).astype(np.uint8) '
            "for plane in cv2.split(image)])",
            title="As maps are made of satellite images, band by band.",
            dtypes=("uint8",),
        ),
    )

    def check(self, arguments: Arguments) -> None:
        """Raise ValueError where nothing lies between the percentiles."""
        if float(arguments["low"]) >= float(arguments["high"]):
            raise ValueError("low is less than high")

    def tables(self, counts: Counts, arguments: Arguments) -> Tables:
        """Stretch what lies between the percentiles."""
        import numpy as np

        counts = counts if arguments["colour"] == "each" else counts.sum(0, keepdims=True)
        low, high = float(arguments["low"]), float(arguments["high"])
        return np.stack([_stretching(np.cumsum(count), low, high) for count in counts])


def _stretching(up_to: Counts, low: float, high: float) -> Tables:
    """New values of one channel, of whose samples ``up_to`` have each value or less."""
    import numpy as np

    last = int(up_to[-1]) - 1
    # the positions that np.percentile looks at among the samples in their order
    places = (math.floor(last * (low / 100)), math.ceil(last * (high / 100)))
    ends = np.searchsorted(up_to, places, side="right")
    values = np.arange(len(up_to), dtype=np.float64)
    return values if ends[0] == ends[1] else np.rint(np.interp(values, ends, [0, len(up_to) - 1]))


class WhiteBalance(CountedTableOperation):
    """White balance by the assumption of a grey world."""

    name = "white_balance"
    family = "tone"
    summary = "White balance: the image's mean becomes grey, and a cast of colour disappears."
    formula = "np.rint(image * (image.sum() / image.sum(axis=(0, 1)) / channels)), within the depth; grey stays as it is"
    examples = (
        Example(
            text="white_balance",
            python="np.clip(np.rint(image * (image.sum() / image.sum(axis=(0, 1)) / image[0, 0].size)), 0, "
            "np.iinfo(image.dtype).max).astype(image.dtype)",
        ),
    )

    def tables(self, counts: Counts, arguments: Arguments) -> Tables:  # noqa: ARG002
        """Scale each channel's values; of one that is black throughout, none is looked up but 0."""
        import numpy as np

        values = np.arange(counts.shape[1])
        sums = counts @ values
        gains = sums.sum() / np.maximum(sums, 1) / len(counts)
        made: Tables = np.clip(np.rint(values * gains[:, None]), 0, values[-1])
        return made


def _end(name: str, text: str, example: int) -> Parameter:
    return Parameter(
        name=name, type="float", help=text, minimum=-LARGEST_END, maximum=LARGEST_END, example=example
    )


class Normalize(MeasuredOperation):
    """The range of values from the least to the greatest, made another."""

    name = "normalize"
    family = "tone"
    summary = "Normalized range: the least value of all channels becomes one end, the greatest the other."
    formula = "cv2.normalize(image, None, alpha, beta, cv2.NORM_MINMAX)"
    parameters = (
        _end("alpha", "One end of the new range; the least value becomes the lower of both.", 0),
        _end("beta", "The other end; the greatest value becomes the higher of both.", 255),
    )
    dtypes = ("uint8", "uint16", "int16", "int32", "float32", "float64")
    alpha = TRANSPARENT
    nodata = "A value like any other. Not-a-number stays what it is and is passed over; infinity makes all not-a-number."
    examples = (
        Example(
            text="normalize(0, 255)",
            python="cv2.normalize(image, None, 0, 255, cv2.NORM_MINMAX)",
            dtypes=("uint8", "uint16", "int16", "int32"),
        ),
        Example(
            text="normalize(0, 1)",
            python="cv2.normalize(image, None, 0, 1, cv2.NORM_MINMAX)",
            title="Floats, where white is 1.",
            dtypes=("float32", "float64"),
        ),
    )

    def alignment(self, pixels: Pixels) -> Size:  # noqa: ARG002
        """A pixel has no neighbours here, and OpenCV scales each the same, in vectors and behind them."""
        return NO_ALIGNMENT

    def measure(self, image: Image, site: Site, arguments: Arguments) -> Measured:  # noqa: ARG002
        """Find both ends; of not-a-number alone they are infinity and its negative."""
        import cv2
        import numpy as np

        core = image[site.output.within(site.source)]
        # one channel is what OpenCV finds them in
        least, greatest, _, _ = cv2.minMaxLoc(core.reshape(len(core), -1))
        return Measured({"least": np.array(least), "greatest": np.array(greatest)}, NOTHING)

    def reduce(self, parts: Sequence[Part], arguments: Arguments) -> Reduced:  # noqa: ARG002
        """The ends of all."""
        import numpy as np

        # zero has two signs, and which is found first is no property of the image
        least = min(float(part.partial["least"]) for part in parts) + 0.0
        greatest = max(float(part.partial["greatest"]) for part in parts) + 0.0
        return Reduced({"least": np.array(least), "greatest": np.array(greatest)}, NOTHING)

    def settle(self, partial: Arrays, arguments: Arguments) -> Arrays:  # noqa: ARG002
        """Both ends are all that is known."""
        return partial

    def at_once(self, image: Image, arguments: Arguments) -> Image | None:
        """Let cv2.normalize find both ends."""
        import cv2
        import numpy as np

        alpha, beta = float(arguments["alpha"]), float(arguments["beta"])
        return cv2.normalize(image, np.empty_like(image), alpha, beta, cv2.NORM_MINMAX)

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """Have OpenCV normalize the samples, some rows at a time, each time together with one of each end.

        Bytes are scaled at once, as cv2.normalize does when it has both ends: it has a call for that which tells absolute
        values, the same ones if the new range has no negative end.
        """
        import cv2
        import numpy as np

        ends = (float(arguments["least"]), float(arguments["greatest"]))
        alpha, beta = sorted((float(arguments["alpha"]), float(arguments["beta"])))
        if image.dtype == np.uint8 and 0 <= alpha <= beta <= QUICK_END:
            scale = (beta - alpha) * (1 / (ends[1] - ends[0]) if ends[1] > ends[0] else 0.0)
            return cv2.convertScaleAbs(image, alpha=scale, beta=alpha - ends[0] * scale)
        rows = max(1, STRIP_BYTES // image[0].nbytes)
        # what is made of the ends lies behind what is made of the rows, until the next are
        result = np.empty(image.size + len(ends), image.dtype)
        strip = np.empty(image[:rows].size + len(ends), image.dtype)
        first = 0
        for top in range(0, len(image), rows):
            part = image[top : top + rows]
            both = strip[: part.size + len(ends)]
            both[: part.size].reshape(part.shape)[:] = part
            both[part.size :] = ends
            cv2.normalize(both, result[first : first + len(both)], alpha, beta, cv2.NORM_MINMAX)
            first += part.size
        return result[: image.size].reshape(image.shape)


OPERATIONS = (Otsu(), Equalize(), Clahe(), Stretch(), Normalize(), WhiteBalance())
