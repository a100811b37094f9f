"""Distances up to a limit: OpenCV's own, and the same in tiles."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tests.imaging.staged import windowed
from tilework.imaging.engine import run_whole
from tilework.imaging.formats import Picture
from tilework.imaging.operations import prepare
from tilework.imaging.operations.distance import METRICS
from tilework.imaging.pipeline import parse
from tilework.imaging.windows import Size

SIDES = st.one_of(st.sampled_from([1, 2, 3, 61, 131]), st.integers(1, 200))


@settings(max_examples=60)
@given(
    width=SIDES, height=SIDES, tile=st.builds(Size, st.integers(1, 90), st.integers(1, 90)),
    black=st.sampled_from([0.0, 0.0003, 0.01, 0.4]), limit=st.sampled_from([1, 2, 7, 30, 100]),
    metric=st.sampled_from(list(METRICS)), seed=st.integers(0, 99),
)  # fmt: skip
@example(200, 200, Size(1, 90), 0.0003, 30, "l2", 3)
def test_tiles_have_the_distances_of_the_whole(  # noqa: PLR0917
    width: int, height: int, tile: Size, black: float, limit: int, metric: str, seed: int
) -> None:
    assume(width * height / tile.pixels < 300)
    prepare()
    white = np.random.default_rng(seed).random((height, width)) >= black
    image, pipeline = Picture(white.astype(np.uint8)), parse(f"distance({limit}, {metric})")
    whole = run_whole(image, pipeline).colour
    kind, mask = METRICS[metric]
    expected = np.minimum(cv2.distanceTransform(image.colour, getattr(cv2, kind), mask), np.float32(limit))
    assert whole.dtype == np.float32
    assert np.array_equal(whole, expected)
    assert np.array_equal(windowed(image, pipeline, tile).colour, whole)


@pytest.mark.parametrize("metric", METRICS)
def test_distances_reach_the_limit_and_no_farther(metric: str) -> None:
    """One black pixel: all within the limit are told by it, whatever tile they lie in."""
    prepare()
    image = np.full((150, 150), 255, np.uint8)
    image[75, 75] = 0
    result = windowed(Picture(image), parse(f"distance(60, {metric})"), Size(13, 17)).colour
    assert result[75, 75] == 0
    assert result.max() == 60
    assert np.isclose(result[75, 135], 60, rtol=0.05)
    assert np.array_equal(result, run_whole(Picture(image), parse(f"distance(60, {metric})")).colour)
