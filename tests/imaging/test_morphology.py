"""Openings, closings, what they leave, and patterns: OpenCV's own, and the same in tiles."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.imaging.samples import noise, picture, scene
from tests.imaging.staged import windowed
from tilework.errors import PipelineError, UnsupportedPixelsError
from tilework.imaging.engine import run_whole
from tilework.imaging.formats import Picture
from tilework.imaging.operations.hit_or_miss import PATTERNS
from tilework.imaging.pipeline import parse
from tilework.imaging.windows import Size

CODES = {
    "open": cv2.MORPH_OPEN,
    "close": cv2.MORPH_CLOSE,
    "gradient": cv2.MORPH_GRADIENT,
    "tophat": cv2.MORPH_TOPHAT,
    "blackhat": cv2.MORPH_BLACKHAT,
}
SHAPES = {"rect": cv2.MORPH_RECT, "cross": cv2.MORPH_CROSS, "ellipse": cv2.MORPH_ELLIPSE}
SIDES = st.one_of(st.sampled_from([1, 2, 3, 7, 61, 131]), st.integers(1, 150))
STEPS = st.builds(
    "{}({}, {}, {})".format,
    st.sampled_from(list(CODES)),
    st.integers(1, 8),
    st.integers(1, 3),
    st.sampled_from(list(SHAPES)),
)


@settings(max_examples=50)
@given(
    width=SIDES, height=SIDES, tile=st.builds(Size, st.integers(1, 90), st.integers(1, 90)),
    channels=st.sampled_from([1, 3, 4]), dtype=st.sampled_from(["uint8", "uint16", "int16", "float32", "float64"]),
    steps=st.lists(STEPS, min_size=1, max_size=2), none=st.booleans(),
)  # fmt: skip
def test_tiles_have_the_morphology_of_the_whole(  # noqa: PLR0917
    width: int, height: int, tile: Size, channels: int, dtype: str, steps: list[str], none: bool
) -> None:
    assume(width * height / tile.pixels < 200)
    image, pipeline = noise(width, height, channels, dtype), parse(" | ".join(steps))
    if none and dtype.startswith("float"):
        image[np.random.default_rng(0).random(image.shape) < 0.003] = np.nan
    tiled, whole = windowed(picture(image), pipeline, tile), run_whole(picture(image), pipeline)
    assert tiled.colour.tobytes() == whole.colour.tobytes()


@pytest.mark.parametrize(("name", "shape"), list(itertools.product(CODES, SHAPES)))
def test_each_is_one_opencv_call(name: str, shape: str) -> None:
    for (size, iterations), channels in itertools.product([(3, 1), (4, 2), (5, 3)], [1, 3]):
        image = noise(97, 61, channels)
        element = cv2.getStructuringElement(SHAPES[shape], (size, size))
        own = run_whole(picture(image), parse(f"{name}({size}, {iterations}, {shape})")).colour
        assert np.array_equal(own, cv2.morphologyEx(image, CODES[name], element, iterations=iterations))


@pytest.mark.parametrize("name", CODES)
def test_one_pixel_less_of_margin_would_not_do(name: str) -> None:
    """What is changed just within the margin of a pixel can change it."""
    margin = parse(f"{name}(3, 2)").steps[0].operation.margin(parse(f"{name}(3, 2)").steps[0].arguments)  # type: ignore[attr-defined]
    assert margin.left == (2 if name == "gradient" else 4)
    assert margin == type(margin).even(margin.left, margin.left)
    reached = 0
    for seed in range(40):
        image = scene(31, 31, 1, seed)
        before = run_whole(Picture(image), parse(f"{name}(3, 2)")).colour[15, 15]
        changed = image.copy()
        changed[:, 15 + margin.left] = 255 - changed[:, 15 + margin.left]
        reached += int(run_whole(Picture(changed), parse(f"{name}(3, 2)")).colour[15, 15] != before)
    assert reached


def test_too_far_a_reach_is_refused_as_of_erode() -> None:
    with pytest.raises(PipelineError, match="reach"):
        parse("open(255, 100)")


@settings(max_examples=50)
@given(
    width=SIDES, height=SIDES, tile=st.builds(Size, st.integers(1, 90), st.integers(1, 90)),
    white=st.sampled_from([0.1, 0.5, 0.9]), name=st.sampled_from(list(PATTERNS)), seed=st.integers(0, 99),
)  # fmt: skip
def test_patterns_are_found_in_tiles_as_in_the_whole(  # noqa: PLR0917
    width: int, height: int, tile: Size, white: float, name: str, seed: int
) -> None:
    assume(width * height / tile.pixels < 200)
    mask = np.random.default_rng(seed).random((height, width)) < white
    image, pipeline = Picture(mask.astype(np.uint8) * 7), parse(f"hitmiss({name})")
    whole = run_whole(image, pipeline).colour
    assert np.array_equal(windowed(image, pipeline, tile).colour, whole)
    expected = np.zeros((height, width), bool)
    for turn in range(4):
        pattern = np.rot90(np.array(PATTERNS[name]), turn)
        expected |= cv2.morphologyEx(mask.astype(np.uint8) * 255, cv2.MORPH_HITMISS, pattern) > 0
    assert np.array_equal(whole, expected * np.uint8(255))


def test_patterns_find_what_they_are_called_after() -> None:
    image = np.zeros((20, 40), np.uint8)
    image[3, 3] = 255
    image[5:15, 10:20] = 255
    image[10, 15] = 0
    image[12, 25:35] = 255
    found = {
        name: {
            tuple(map(int, at))
            for at in np.argwhere(run_whole(Picture(image), parse(f"hitmiss({name})")).colour)
        }
        for name in PATTERNS
    }
    assert found["isolated"] == {(3, 3)}
    assert found["holes"] == {(10, 15)}
    assert found["ends"] == {(3, 3), (12, 25), (12, 34)}
    assert found["corners"] == {(5, 10), (5, 19), (14, 10), (14, 19)}


def test_a_pattern_is_looked_for_in_masks_only() -> None:
    with pytest.raises(UnsupportedPixelsError, match="hitmiss takes 1 colour channel"):
        run_whole(picture(noise(9, 9)), parse("hitmiss(ends)"))
