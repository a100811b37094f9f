"""What the operations on single samples share that go by a table where samples are whole numbers of 8 or 16 bits.

White is the greatest whole number that a sample holds, 255 or 65,535, and 1 in floats. NumPy computes each float alike
wherever it stands: measured at all offsets and lengths within a vector, for powers too (tests/imaging/test_point.py).
"""

from __future__ import annotations

from abc import abstractmethod
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from tilework.imaging.operations.contract import NO_ALIGNMENT, LocalOperation
from tilework.imaging.operations.depths import VALUES, WHITE

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image, Pixels
    from tilework.imaging.operations.parameters import Arguments, Value
    from tilework.imaging.windows import Size

STRIP_SAMPLES = 1 << 18
"""Of floats, which stay near a core from one step of the arithmetic to the next; of fewer NumPy's calls cost as much."""

MOST_AT_ONCE = 1 << 20
"""Samples of an image that is not worth being cut into strips, which costs a copy of the result: of a tile."""

MOST_TABLES = 16
"""Tables that a process keeps, each at most 256 KiB; a pipeline has a few."""


class TableOperation(LocalOperation):
    """What becomes of a sample depends on its value alone."""

    family = "point"
    dtypes: ClassVar[tuple[str, ...]] = ("uint8", "uint16", "float32", "float64")
    tabled = True

    @abstractmethod
    def samples(self, values: Image, arguments: Arguments) -> Image:
        """Return what becomes of samples, an array of any shape."""

    def pointwise(self, pixels: Pixels) -> bool:  # noqa: ARG002
        """Each sample by itself."""
        return True

    def alignment(self, pixels: Pixels) -> Size:  # noqa: ARG002
        """Nothing depends on where a window begins."""
        return NO_ALIGNMENT

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """One look-up, or the arithmetic itself."""
        import cv2

        dtype = str(image.dtype)
        if dtype in VALUES:
            return cv2.LUT(image, _table(self, dtype, tuple(arguments.items())))
        return self._in_strips(image, arguments)

    def _in_strips(self, image: Image, arguments: Arguments) -> Image:
        import numpy as np

        if image.size <= MOST_AT_ONCE:
            return self.samples(image, arguments)
        rows = max(1, STRIP_SAMPLES // image[0].size)
        first = self.samples(image[:rows], arguments)
        result = np.empty(image.shape, first.dtype)
        result[:rows] = first
        for top in range(rows, len(image), rows):
            result[top : top + rows] = self.samples(image[top : top + rows], arguments)
        return result


@lru_cache(MOST_TABLES)
def _table(operation: TableOperation, dtype: str, arguments: tuple[tuple[str, Value], ...]) -> Image:
    return operation.samples(every_value(dtype), dict(arguments))


def every_value(dtype: str, channels: int = 1) -> Image:
    """Return an image, one row high, of each value of ``dtype``, uint8 or uint16, in all channels alike."""
    import cv2
    import numpy as np

    row = np.arange(VALUES[dtype], dtype=dtype).reshape(1, -1)
    return row if channels == 1 else cv2.merge([row] * channels)


def smallest(table: Image) -> Image:
    """Return a table of three channels as one of one channel where they are alike: that is nearly twice as quick."""
    import numpy as np

    if table.ndim == 2 or (table[:, :, :1] != table).any():  # noqa: PLR2004
        return table
    return np.ascontiguousarray(table[:, :, 0])


def looked_up(image: Image, table: Image) -> Image:
    """Return what ``table`` has for each sample: one row high, of any depth, and of one channel or as many as the image.

    Of an image of one channel it may have three.
    """
    import cv2
    import numpy as np

    if image.ndim < table.ndim:
        if image.dtype == table.dtype == np.uint8:
            return cv2.applyColorMap(image, table.reshape(-1, 1, 3))
        image = cv2.merge([image] * 3)
    return cv2.LUT(image, table)


class Curve(TableOperation):
    """A curve from black to white, in the depth of its input.

    For whole numbers it is computed in float64, rounded half to even, and cut to what the depth holds; floats keep their
    precision, and are neither rounded nor cut but by the curve itself.
    """

    @abstractmethod
    def curve(self, values: Image, white: int, arguments: Arguments) -> Image:
        """Return what becomes of floats, of any shape, in their own precision."""

    def samples(self, values: Image, arguments: Arguments) -> Image:
        """The curve, rounded and cut for whole numbers."""
        import numpy as np

        white = WHITE[str(values.dtype)]
        if values.dtype.kind == "f":
            # infinities and not-a-number are values like others
            with np.errstate(all="ignore"):
                return self.curve(values, white, arguments)
        curve = self.curve(values.astype(np.float64), white, arguments)
        return np.clip(np.rint(curve), 0, white).astype(values.dtype)
