"""Histograms of whole images, counted in parts.

Counts are whole numbers, so that parts add up to the same in any order and any grouping.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from tilework.imaging.operations.contract import NO_ALIGNMENT, NOTHING, Measured, MeasuredOperation, Reduced
from tilework.imaging.operations.depths import VALUES
from tilework.imaging.windows import row_strips

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from tilework.imaging.operations.contract import Arrays, Image, Part, Pixels, Site
    from tilework.imaging.operations.parameters import Arguments
    from tilework.imaging.windows import Size

    Counts: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
    Tables: TypeAlias = np.ndarray[Any, np.dtype[np.floating[Any]]]

EXACT_COUNT = 1 << 24
"""Pixels that cv2.calcHist may be asked to count at once: it tells counts in float32, which beyond that loses ones.

A megapixel takes it 0.2 ms at 8 bits, and 0.8 at 16 as two bytes; np.bincount takes 1.3 (2.6 GHz, without IPP).
"""

COUNTED_NODATA = "A value like any other: it is counted."
TRANSPARENT = "Carried along unfiltered; transparent pixels count like others."


def counted(image: Image) -> Counts:
    """How often each value is there, for each channel: (channels, bins) int64.

    ``image`` is (height, width) or (height, width, channels), uint8 or uint16; bins are 256 or 65,536.
    """
    import numpy as np

    bins = VALUES[str(image.dtype)]
    counts = np.zeros((image.shape[2] if image.ndim > 2 else 1, bins), np.int64)  # noqa: PLR2004
    for rows in row_strips(len(image), image.shape[1], EXACT_COUNT):
        for channel, count in enumerate(counts):
            np.add(count, _told(image[rows], channel).ravel().astype(np.int64), out=count)
    return counts


def _told(image: Image, channel: int) -> Image:
    """What cv2.calcHist tells of a channel: 256 bins, or 256 x 256 by high and low byte, which is twice as quick."""
    import cv2
    import numpy as np

    if image.dtype == np.uint8:
        return cv2.calcHist([image], [channel], None, [256], [0, 256])
    # of a number of 16 bits the low byte comes first on every machine that OpenCV is built for
    both = np.ascontiguousarray(image).view(np.uint8).reshape(*image.shape[:2], -1)
    return cv2.calcHist([both], [2 * channel + 1, 2 * channel], None, [256, 256], [0, 256, 0, 256])


def packed(counts: np.ndarray[Any, np.dtype[np.integer[Any]]]) -> np.ndarray[Any, Any]:
    """The same whole numbers, none negative, in the smallest type that holds them all: partials travel and are kept."""
    import numpy as np

    return counts.astype(np.min_scalar_type(int(counts.max())), copy=False)


class CountedOperation(MeasuredOperation):
    """An operation on single pixels that must know the histogram of the whole image.

    It says what is counted (:meth:`counts`) and what follows from it (:meth:`known`); what is known is told to its kernel
    as arguments. Measuring and reducing are done here.
    """

    dtypes = ("uint8", "uint16")

    def counts(self, image: Image, arguments: Arguments) -> Counts:  # noqa: ARG002
        """What a window contributes: each channel's own histogram, (channels, bins) int64, if nothing else is said."""
        return counted(image)

    @abstractmethod
    def known(self, counts: Counts, arguments: Arguments) -> Arrays:
        """What follows from the histogram of the whole image, (channels, bins) int64; names are no parameters'."""

    def alignment(self, pixels: Pixels) -> Size:  # noqa: ARG002
        """A pixel has no neighbours here."""
        return NO_ALIGNMENT

    def measure(self, image: Image, site: Site, arguments: Arguments) -> Measured:
        """Count."""
        counts = self.counts(image[site.output.within(site.source)], arguments)
        return Measured({"counts": packed(counts)}, NOTHING)

    def reduce(self, parts: Sequence[Part], arguments: Arguments) -> Reduced:  # noqa: ARG002
        """Add the counts."""
        import numpy as np

        counts = np.zeros(parts[0].partial["counts"].shape, np.int64)
        for part in parts:
            counts += part.partial["counts"].astype(np.int64)
        return Reduced({"counts": packed(counts)}, NOTHING)

    def settle(self, partial: Arrays, arguments: Arguments) -> Arrays:
        """Tell what follows from the whole histogram."""
        import numpy as np

        return self.known(partial["counts"].astype(np.int64), arguments)


class CountedTableOperation(CountedOperation):
    """An operation that puts another value in each value's place: what is known is a ``table`` of them.

    Its shape is (1, bins, channels), or (1, bins, 1) for all channels alike; :meth:`tables` makes it.
    """

    tabled = True
    alpha = TRANSPARENT
    nodata = COUNTED_NODATA

    def pointwise(self, pixels: Pixels) -> bool:  # noqa: ARG002
        """A table for each channel."""
        return True

    @abstractmethod
    def tables(self, counts: Counts, arguments: Arguments) -> Tables:
        """New values, whole numbers within the depth, (channels, bins) or (1, bins), by the counts of each channel."""

    def known(self, counts: Counts, arguments: Arguments) -> Arrays:
        """Make the table."""
        import numpy as np

        tables = self.tables(counts, arguments).astype(np.min_scalar_type(counts.shape[1] - 1))
        return {"table": np.ascontiguousarray(tables.T)[None]}

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """Look each sample up."""
        return looked_up(image, arguments)


def looked_up(image: Image, arguments: Arguments) -> Image:
    """New samples by the table that is known."""
    import cv2

    return cv2.LUT(image, cast("Image", arguments["table"]))
