"""Pictures to try operations on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tilework.imaging.formats import Picture

if TYPE_CHECKING:
    from tilework.imaging.operations import Pixels
    from tilework.imaging.operations.contract import Image
    from tilework.imaging.windows import Size

FLOATS = ("float32", "float64")

CONTENTS = ("noise", "wide", "holes", "blobs", "flat")
"""What a picture may show: no two pixels alike; the same, floats of many magnitudes, whose sums are rounded, or with some
that are not a number; squares with slopes and edges, among them many pixels alike; one colour."""

HOLES = 0.003
"""Share of samples that are not a number: some, with much between them."""


def noise(width: int, height: int, channels: int = 3, dtype: str = "uint8", seed: int = 0) -> Image:
    """Noise over the full range, no two neighbours alike; floats are normal with mean 0."""
    generator = np.random.default_rng(seed)
    shape = (height, width) if channels == 1 else (height, width, channels)
    if dtype in FLOATS:
        return generator.standard_normal(shape, np.dtype(dtype).type)
    limits = np.iinfo(dtype)
    return generator.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def picture(array: Image) -> Picture:
    """An array with 2 or 4 channels has alpha last."""
    if array.ndim == 2 or array.shape[2] == 3:  # noqa: PLR2004
        return Picture(array)
    colour = array[:, :, 0] if array.shape[2] == 2 else array[:, :, :3]  # noqa: PLR2004
    return Picture(np.ascontiguousarray(colour), np.ascontiguousarray(array[:, :, -1]))


def a_picture(size: Size, pixels: Pixels, seed: int, content: str = "noise") -> Picture:
    """A picture of ``content`` (one of :data:`CONTENTS`); the same arguments give the same one."""
    array = noise(size.width, size.height, pixels.channels + pixels.alpha, pixels.dtype, seed)
    if content == "flat":
        array[:] = array[0, 0]
    elif content == "wide" and pixels.dtype in FLOATS:
        exponents = np.random.default_rng(seed).integers(-20, 20, array.shape, dtype=np.int32)
        array = np.ldexp(array, exponents)
    elif content == "holes" and pixels.dtype in FLOATS:
        array[np.random.default_rng(seed).random(array.shape) < HOLES] = np.nan
    elif content == "blobs":
        array = _blobs(array)
    return picture(array)


def _blobs(array: Image) -> Image:
    """Squares of 8 pixels, some of them crossed by a slope; values that noise of its depth has."""
    rows, columns = np.indices(array.shape[:2]) // 8 * 8
    coarse = array[rows, columns]
    slope = (np.indices(array.shape[:2]).sum(axis=0) % 32 * 3).astype(array.dtype)
    slope[coarse.reshape(*array.shape[:2], -1)[:, :, 0] % 2 < 1] = 0
    with np.errstate(over="ignore"):
        blobs: Image = coarse + slope.reshape(slope.shape + (1,) * (array.ndim - 2))
    return blobs
