"""Sums of weighted pixels, along rows and then along columns, rounded and in the order that OpenCV has for each depth.

Numbers that NumPy or BLAS may add in any order are whole ones below 2**24, which float32 holds: there a product of
matrices is as exact as OpenCV's loop. What rounds is added term after term, as OpenCV does.
"""

from __future__ import annotations

import math
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from tilework.imaging.operations.resampling import Taps

    Array = np.ndarray[Any, Any]

COEFFICIENT = 2048
"""What a weight of 1 is in whole numbers."""

BACKWARD = {"cubic": ("uint8", "uint16", "int16", "float32"), "lanczos": ("int16", "float32")}
"""Where OpenCV's vector loop over a row adds the last of the rows first."""

LARGEST_ROOM = 8 << 20
"""Bytes of memory that is kept for later, at most, for each of seven purposes: blocks of usual scales take 1 to 3 MB."""

BAND = 16
"""Samples that one product of matrices makes: more have more zeros among their weights, fewer more calls."""


def along_rows(
    kind: str, dtype: np.dtype[Any], index: Array, taps: Taps, channels: int
) -> Callable[[Array], Array]:
    """Return what makes of rows of pixels (rows, pixels[, channels]) the samples of the result's columns, row by row."""
    if dtype.name != "uint8" or kind == "area":
        return partial(_summed, index=index, weights=_floats(taps, dtype), taps=taps)
    if kind == "linear":
        return partial(_mixed, index=index, weights=_whole(taps).repeat(channels, axis=0))
    return partial(_multiplied, bands=_bands(index, _whole(taps), channels), samples=len(index) * channels)


def down_columns(
    kind: str, dtype: np.dtype[Any], beside: Array, index: Array, taps: Taps, *, vectors: int
) -> Array:
    """Combine rows of samples, the first ``vectors`` of which OpenCV's vector loop gets to, to rows of the result."""
    import numpy as np

    if kind == "linear" and dtype.name == "uint8":
        return _linear_bytes(beside, index, _whole(taps))
    whole = dtype.name == "uint8" and kind != "area"
    weights = _whole(taps) if whole else _floats(taps, dtype)
    if dtype.name not in BACKWARD.get(kind, ()):
        beside = _as("int32", beside, "floats") if whole else beside
        return _rounded(_combined(beside, index, weights, taps), dtype, between=kind == "linear")
    body, tail = beside[:, :vectors], beside[:, vectors:]
    made = np.empty((len(index), beside.shape[1]), dtype)
    if tail.size:
        tail = tail.astype(np.int32) if whole else tail
        made[:, vectors:] = _rounded(_combined(tail, index, weights, taps), dtype)
    if whole:
        weights = weights.astype(np.float32) * np.float32(1 / COEFFICIENT**2)
    if body.size:
        made[:, :vectors] = _rounded(_combined(body, index[:, ::-1], weights[:, ::-1], taps), dtype)
    return made


def _whole(taps: Taps) -> Array:
    """Weights as whole numbers."""
    import numpy as np

    return np.rint(taps.weight * COEFFICIENT).astype(np.int32)


def _floats(taps: Taps, dtype: np.dtype[Any]) -> Array:
    return taps.weight.astype("float64" if dtype.name == "float64" else "float32", copy=False)


class _Rooms(threading.local):
    """Memory for what is made on the way, kept for the next block: to get it from the system anew costs more than the sums."""

    def __init__(self) -> None:
        self.kept: dict[str, Array] = {}

    def __call__(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any] | str) -> Array:
        """Return an array with anything in it, which is valid until the next of the same name."""
        import numpy as np

        length = math.prod(shape) * np.dtype(dtype).itemsize
        if length > LARGEST_ROOM:
            return np.empty(shape, dtype)
        kept = self.kept.get(name)
        if kept is None or len(kept) < length:
            kept = self.kept[name] = np.empty(length, np.uint8)
        return kept[:length].view(dtype).reshape(shape)


_room = _Rooms()


def _turned(image: Array, name: str) -> Array:
    """Rows as columns."""
    import cv2

    shape = (image.shape[1], image.shape[0], *image.shape[2:])
    return cv2.transpose(image, dst=_room(name, shape, image.dtype))


def _taken(rows: Array, index: Array, name: str) -> Array:
    """Some of the rows."""
    import numpy as np

    # any other mode would take into a buffer first
    out = _room(name, (len(index), *rows.shape[1:]), rows.dtype)
    return np.take(rows, index, axis=0, out=out, mode="clip")


def _as(dtype: str, array: Array, name: str) -> Array:
    import numpy as np

    if array.dtype == dtype:
        return array
    out = _room(name, array.shape, dtype)
    np.copyto(out, array, casting="unsafe")
    return out


def _summed(rows: Array, index: Array, weights: Array, taps: Taps) -> Array:
    """Along the rows in floats: tap after tap."""
    turned = _turned(rows, "turned")
    turned = _as(weights.dtype.name, turned.reshape(len(turned), -1), "floats")
    total = _combined(turned, index, weights, taps, zero=taps.clipped)
    total = total.reshape(len(index), len(rows), *rows.shape[2:])
    return _turned(total, "beside").reshape(len(rows), -1)


def _mixed(rows: Array, index: Array, weights: Array) -> Array:
    """Along the rows, linear, of bytes: the sum of two pixels, each times its weight, >> 4, without leaving 16 bits.

    Weights of 2048 together are mixed as 128 first + ((next - first) second >> 4), where the product's upper and lower bits
    come one by one.
    """
    import numpy as np

    second = weights[:, 1]
    turned = _turned(rows, "turned")
    first, beyond = (
        _as("int16", _turned(_taken(turned, index[:, tap], "taken"), "bytes").reshape(len(rows), -1), name)
        for tap, name in ((0, "beside"), (1, "total"))
    )
    # both halves of an odd pair are rounded up, or down
    odd = np.flatnonzero(weights.sum(axis=1) != COEFFICIENT)
    summed = (first[:, odd] * weights[odd, 0] + beyond[:, odd] * weights[odd, 1]) >> 4
    upper, lower = (second >> 4).astype(np.int16), (second & 15).astype(np.int16)
    beyond -= first
    first <<= 7
    first += np.multiply(beyond, upper, out=_room("product", beyond.shape, "int16"))
    beyond *= lower
    beyond >>= 4
    first += beyond
    first[:, odd] = summed
    return first


def _bands(index: Array, weights: Array, channels: int) -> list[tuple[int, Array]]:
    """Matrices that make BAND samples each of a row of samples, and the sample of the row that each begins at."""
    import numpy as np

    every = np.arange(channels)
    index = (index[:, None, :] * channels + every[None, :, None]).reshape(-1, index.shape[1])
    weights = weights.repeat(channels, axis=0).astype(np.float32)
    begins = np.arange(0, len(index), BAND)
    first = np.minimum.reduceat(index.min(axis=1), begins)
    length = int((np.maximum.reduceat(index.max(axis=1), begins) - first).max()) + 1
    matrices = np.zeros((len(begins), length, BAND), np.float32)
    sample = np.arange(len(index))
    band, column = sample // BAND, sample % BAND
    for tap in range(index.shape[1]):
        matrices[band, index[:, tap] - first[band], column] += weights[:, tap]
    return list(zip(first.tolist(), matrices, strict=True))


def _multiplied(rows: Array, bands: list[tuple[int, Array]], samples: int) -> Array:
    """Along the rows, of bytes, in whole numbers that float32 holds: products with bands of a matrix of weights."""
    import numpy as np

    rows = _as("float32", rows.reshape(len(rows), -1), "floats")
    made = _room("beside", (len(rows), len(bands) * BAND), "float32")
    for number, (begin, matrix) in enumerate(bands):
        part = rows[:, begin : begin + len(matrix)]
        np.matmul(part, matrix[: part.shape[1]], out=made[:, number * BAND : (number + 1) * BAND])
    return made[:, :samples]


def _combined(rows: Array, index: Array, weights: Array, taps: Taps, *, zero: Array | None = None) -> Array:
    """Sums of weighted rows, tap after tap; those of ``zero`` begin with 0, which tells in the sign of a zero."""
    import numpy as np

    total = _taken(rows, index[:, 0], "total")
    total *= weights[:, :1]
    if zero is not None:
        total[zero] += 0
    fewest = index.shape[1] if taps.count is None else int(taps.count.min())
    for tap in range(1, fewest):
        product = _taken(rows, index[:, tap], "product")
        product *= weights[:, tap : tap + 1]
        total += product
    for tap in range(fewest, index.shape[1]):
        some = np.flatnonzero(np.asarray(taps.count) > tap)
        total[some] += rows[index[some, tap]] * weights[some, tap : tap + 1]
    return total


def _linear_bytes(rows: Array, index: Array, weights: Array) -> Array:
    """OpenCV's own way of adding two rows of whole numbers, which drops bits in between; 4 are dropped already."""
    import cv2

    above, below = (
        _as("int32", _taken(rows, index[:, tap], "taken"), name)
        for tap, name in ((0, "total"), (1, "product"))
    )
    above *= weights[:, :1]
    above >>= 16
    below *= weights[:, 1:]
    below >>= 16
    above += below
    # (sum + 2) >> 2: an eighth more than a quarter of it never lies in the middle between whole numbers
    return cv2.convertScaleAbs(above, alpha=0.25, beta=0.125)


def _rounded(total: Array, dtype: np.dtype[Any], *, between: bool = False) -> Array:
    """The result's depth: floats as they are, else rounded (half to even) and cut; uint8 may come in whole numbers.

    What lies ``between`` two values of that depth need not be cut.
    """
    import cv2
    import numpy as np

    if dtype.kind == "f":
        return total
    if total.dtype.kind == "i":
        total += COEFFICIENT**2 // 2
        total >>= 22
    if dtype.name == "uint8":
        return cv2.convertScaleAbs(np.maximum(total, 0, out=total))
    np.rint(total, out=total)
    if not between:
        limits = np.iinfo(dtype)
        np.clip(total, limits.min, limits.max, out=total)
    return total.astype(dtype)
