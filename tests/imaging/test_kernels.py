"""Kernels of any size are summed as defined, and a motion's lies along its line."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.imaging.samples import noise
from tilework.imaging.engine import run_whole
from tilework.imaging.formats import Picture
from tilework.imaging.operations.correlation import correlated
from tilework.imaging.operations.kernels import line
from tilework.imaging.pipeline import parse

ANY = ("uint8", "uint16", "int16", "float32", "float64")


def summed(image: np.ndarray, kernel: np.ndarray, delta: float) -> np.ndarray:
    """The definition, in float64."""
    rows, columns = kernel.shape
    around = [(rows // 2, rows - 1 - rows // 2), (columns // 2, columns - 1 - columns // 2)]
    padded = np.pad(image.astype(np.float64), around + [(0, 0)] * (image.ndim - 2), mode="reflect")
    total = np.full(image.shape, delta)
    for (row, column), number in np.ndenumerate(kernel):
        total += number * padded[row : row + image.shape[0], column : column + image.shape[1]]
    return total


@pytest.mark.parametrize("sides", [(7, 7), (8, 9), (10, 13), (1, 129), (99, 1), (33, 33)])
@pytest.mark.parametrize("dtype", ANY)
def test_kernels_of_any_size_are_summed_as_defined(
    sides: tuple[int, int], dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tilework.imaging.operations.correlation.STRIP_SAMPLES", 2_000)
    kernel = np.random.default_rng(0).standard_normal(sides) / np.sqrt(np.prod(sides))
    image = noise(149, 131, 3, dtype)
    own, exact = correlated(image, kernel, 3.5), summed(image, kernel, 3.5)
    assert str(own.dtype) == dtype
    if image.dtype.kind == "f":
        assert np.abs(own - exact).max() < {"float32": 1e-5, "float64": 1e-13}[dtype]
        return
    limits = np.iinfo(dtype)
    away = np.abs(own.astype(np.int64) - np.clip(np.rint(exact), limits.min, limits.max))
    assert away.max() <= 1, "rounded the other way where the sum is close to a half"
    assert np.count_nonzero(away) < 0.005 * away.size


@pytest.mark.parametrize(
    ("dtype", "direct"), [("uint8", 129), ("float32", 129), ("uint16", 49), ("float64", 49)]
)
def test_kernels_are_left_to_opencv_as_long_as_it_sums(dtype: str, direct: int) -> None:
    """One number more, and pixels depend on others far beyond the kernel."""
    image, kernel = noise(600, 40, 1, dtype), np.random.default_rng(0).random((1, direct)) / direct
    assert correlated(image, kernel).tobytes() == cv2.filter2D(image, -1, kernel).tobytes()
    if image.dtype.kind == "f":
        image[0, 0] = 1e30
        longer = np.random.default_rng(0).random((1, direct + 1)) / direct
        assert np.abs(cv2.filter2D(image, -1, longer)[:, 140:]).max() > 1e10
        assert np.abs(correlated(image, longer)[:, 140:]).max() < 10


@pytest.mark.parametrize(
    ("length", "angle"), [(1, 0), (2, 0), (9, 0), (9, 90), (10, 180), (15, 45), (40, -33.3)]
)
def test_a_motion_s_weights_sum_up_to_one_and_lie_along_its_line(length: int, angle: float) -> None:
    weights = line(length, angle)
    rows, columns = (side // 2 for side in weights.shape)
    assert weights.sum() == pytest.approx(1)
    assert np.allclose(weights, weights[::-1, ::-1]), "a motion has no forwards"
    y, x = np.mgrid[-rows : rows + 1, -columns : columns + 1]
    across = x * np.sin(np.radians(angle)) + y * np.cos(np.radians(angle))
    assert np.abs(across[weights > 1e-9]).max(initial=0) < 1
    if angle == 0 and length % 2:
        assert np.array_equal(weights, np.full((1, length), 1 / length))


def test_a_motion_goes_upwards_to_the_right() -> None:
    image = np.zeros((41, 41), np.uint8)
    image[20, 20] = 255
    rows, columns = np.nonzero(run_whole(Picture(image), parse("motion_blur(21, 45)")).colour)
    assert np.abs(rows + columns - 40).max() <= 1
    assert columns.max() >= 26
