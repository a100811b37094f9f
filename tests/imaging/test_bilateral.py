"""The bilateral filter: of floats it must know the whole image's range."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.imaging.samples import noise, picture, scene
from tests.imaging.staged import staged
from tilework.errors import UnsupportedPixelsError
from tilework.imaging import operations
from tilework.imaging.engine import run_whole
from tilework.imaging.formats import Picture
from tilework.imaging.operations import registry
from tilework.imaging.pipeline import parse

SIDES = st.one_of(st.sampled_from([1, 2, 7, 61, 131, 193]), st.integers(1, 150))


def floats(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high).map(lambda value: round(value, 3))


@pytest.fixture(autouse=True, scope="module")
def _prepared() -> None:
    operations.prepare()


@settings(max_examples=25)
@given(
    width=SIDES,
    height=SIDES,
    columns=st.integers(1, 5),
    channels=st.sampled_from([1, 3]),
    diameter=st.integers(0, 9),
    sigmas=st.tuples(floats(0.05, 3), floats(0.1, 4)),
    share=st.sampled_from([0, 0, 0.05]),
    scale=st.sampled_from([1e-6, 1, 1e30]),
    seed=st.integers(0, 99),
)
def test_a_bilateral_filter_of_floats_knows_the_whole_image_s_range(  # noqa: PLR0917
    width: int, height: int, columns: int, channels: int, diameter: int, sigmas: tuple[float, float],
    share: float, scale: float, seed: int,
) -> None:  # fmt: skip
    array = noise(width, height, channels, "float32", seed) * np.float32(scale)
    array[np.random.default_rng(seed).random(array.shape) < share] = np.nan
    array[height // 2, width // 2] = 99 * scale
    pipeline = parse("bilateral({}, {}, {})".format(diameter, *sigmas))
    whole = cv2.bilateralFilter(array, diameter, *sigmas)
    for result in (
        run_whole(Picture(array), pipeline),
        staged(Picture(array), pipeline, columns=columns * 32)[0],
    ):
        assert np.array_equal(result.colour, whole, equal_nan=True)


def test_a_bilateral_filter_of_bytes_reads_the_image_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def measure(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(type(registry()["bilateral"]), "measure", measure)
    image, pipeline = picture(scene(90, 50)), parse("bilateral(5, 40, 3)")
    whole = cv2.bilateralFilter(image.colour, 5, 40, 3)
    assert np.array_equal(run_whole(image, pipeline).colour, whole)
    assert np.array_equal(staged(image, pipeline, columns=32)[0].colour, whole)


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e38])
def test_a_bilateral_filter_refuses_what_would_end_opencv(value: float) -> None:
    """cv2.bilateralFilter reads outside its table of an image with an infinite value, and takes the process with it."""
    array = noise(40, 30, 1, "float32")
    array[3, 4] = value
    pipeline = parse("bilateral(5, 1, 1)")
    with pytest.raises(UnsupportedPixelsError, match=r"values up to 1e\+37, and this image has some from"):
        run_whole(Picture(array), pipeline)
    with pytest.raises(UnsupportedPixelsError, match=r"values up to 1e\+37, and this image has some from"):
        staged(Picture(array), pipeline, columns=32)


def test_a_bilateral_filter_that_would_take_too_long_is_refused_with_a_way_out() -> None:
    operation = registry()["bilateral"]
    with pytest.raises(ValueError, match=r"a circle of 151 pixels; 99 are allowed\. Give a diameter"):
        operation.check({"diameter": 0, "sigma_color": 10.0, "sigma_space": 50.0})
    operation.check({"diameter": 9, "sigma_color": 10.0, "sigma_space": 50.0})
