"""Operations on single samples and on channels: what they make of every value, and of odd ones."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.imaging.samples import noise, picture, scene
from tests.imaging.staged import staged, windowed
from tilework.errors import PipelineError, UnsupportedPixelsError
from tilework.imaging.engine import run_whole
from tilework.imaging.operations import prepare
from tilework.imaging.operations.colour import COLORMAPS
from tilework.imaging.operations.depths import WHITE
from tilework.imaging.pipeline import parse
from tilework.imaging.windows import Size

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image

KINDS = {
    "binary": cv2.THRESH_BINARY,
    "binary_inv": cv2.THRESH_BINARY_INV,
    "trunc": cv2.THRESH_TRUNC,
    "tozero": cv2.THRESH_TOZERO,
    "tozero_inv": cv2.THRESH_TOZERO_INV,
}

STEPS = {
    "uint8": [
        "invert", "grayscale", "threshold(99.5)", "threshold(77, kind=trunc)", "threshold(77, kind=tozero)", "gamma(0.4)",
        "levels(30, 200, 1.7)", "brightness_contrast(-9.5, 1.3)", "posterize(5)", "colormap(jet)", "hsv(77, 1.3, 0.8)",
        "hsv(-200)", "channel(green)", "channel(gbr)", "convert(uint16)", "convert(float32, clip)",
    ],
    "float32": [
        "invert", "grayscale", "threshold(0.2)", "threshold(0.2, kind=trunc)", "threshold(0.2, kind=tozero_inv)",
        "gamma(0.4)", "levels(0.1, 0.8, 1.7)", "brightness_contrast(0.1, 1.3)", "posterize(5)", "hsv(77, 1.3, 0.8)",
        "channel(blue)", "convert(uint8)",
    ],
}  # fmt: skip
STEPS["uint16"] = [*(step for step in STEPS["uint8"] if "colormap" not in step), "convert(uint8)"]


def run(image: Image, text: str) -> Image:
    return run_whole(picture(image), parse(text)).colour


def every_value(dtype: str) -> Image:
    limits = np.iinfo(dtype)
    return np.arange(limits.min, limits.max + 1).astype(dtype).reshape(256, -1)


@settings(max_examples=60)
@given(
    width=st.sampled_from([1, 2, 63, 131]),
    height=st.sampled_from([1, 7, 20]),
    tile=st.builds(Size, st.integers(1, 90), st.integers(1, 20)),
    chosen=st.sampled_from([(dtype, step) for dtype, steps in STEPS.items() for step in steps]),
    odd=st.booleans(),
    channels=st.sampled_from([1, 2, 3, 4]),
)
def test_tiles_from_one_pixel_up_equal_the_whole(
    *, width: int, height: int, tile: Size, chosen: tuple[str, str], odd: bool, channels: int
) -> None:
    prepare()
    dtype, step = chosen
    if step.startswith(("hsv", "channel")):
        channels = 3 + channels % 2
    image = noise(width, height, channels, dtype)
    if odd and dtype == "float32":
        places = np.random.default_rng(0).random(image.shape) < 0.1
        image[places] = np.resize([np.nan, np.inf, -np.inf, 0, 1e38, -1e38, 1e-42], np.count_nonzero(places))
    whole = run_whole(picture(image), parse(step))
    tiled = windowed(picture(image), parse(step), tile)
    assert tiled.colour.tobytes() == whole.colour.tobytes()
    assert (tiled.alpha is None) == (whole.alpha is None)
    if whole.alpha is not None and tiled.alpha is not None:
        assert tiled.alpha.tobytes() == whole.alpha.tobytes()


@pytest.mark.parametrize("text", ["grayscale", "hsv(77, 1.3, 0.8)"])
def test_the_last_columns_are_those_of_the_whole_where_they_are_fewer_than_a_vector(text: str) -> None:
    """OpenCV begins a last vector further to the left, and goes pixel by pixel only where there is no room for one."""
    prepare()
    for width in range(65, 81):
        image = picture(noise(width, 19, 3, "float32", seed=width))
        whole, tiled = run_whole(image, parse(text)), windowed(image, parse(text), Size(34, 14))
        assert tiled.colour.tobytes() == whole.colour.tobytes()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64"])
def test_thresholds_of_all_kinds_are_opencvs(dtype: str) -> None:
    image = noise(300, 41, 3, dtype) if dtype[0] == "f" else every_value(dtype)
    values = (
        (-1.5, 0.4) if dtype[0] == "f" else (-70_000, -0.5, 0, 99.5, 254.5, 255, 256, 40_000, 65_535, 70_000)
    )
    for (kind, code), value in product(KINDS.items(), values):
        result, expected = (
            run(image, f"threshold({value}, 7, {kind})"),
            cv2.threshold(image, value, 7, code)[1],
        )
        assert result.dtype == ("uint8" if "binary" in kind else dtype)
        assert np.array_equal(result, expected), (kind, value)


def test_only_a_threshold_that_makes_a_mask_counts_as_one() -> None:
    for kind in KINDS:
        pipeline, image = parse(f"threshold(99, kind={kind})"), picture(noise(9, 7, 4))
        assert pipeline.makes_mask is pipeline.ends_in_mask is ("binary" in kind)
        assert (run_whole(image, pipeline).alpha is None) is pipeline.makes_mask
    assert parse("threshold(9) | invert").makes_mask
    assert not parse("threshold(9) | invert").ends_in_mask


def test_not_a_number_becomes_zero_by_a_threshold_and_is_not_lost_by_trunc() -> None:
    image = np.full((9, 77), np.nan, np.float32)
    results = {kind: run(image, f"threshold(0.5, 9, {kind})") for kind in KINDS}
    assert {kind: np.unique(result).tolist() for kind, result in results.items() if kind != "trunc"} == {
        "binary": [0], "binary_inv": [0], "tozero": [0.0], "tozero_inv": [0.0]
    }  # fmt: skip
    assert np.isnan(results["trunc"]).all()


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_curves_that_leave_everything_as_it_is_do(dtype: str) -> None:
    image = every_value(dtype)
    white = WHITE[dtype]
    for text in ("gamma(1)", f"levels(0, {white})", "brightness_contrast", f"convert({dtype})"):
        assert np.array_equal(run(image, text), image), text
    if dtype == "uint8":
        assert np.array_equal(run(image, "posterize(256)"), image)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize(
    "text",
    ["gamma({g})", "levels({a}, {b}, {g})", "brightness_contrast({a}, 3)", "posterize(3)", "convert(uint8)"],
)
def test_curves_are_monotone(dtype: str, text: str) -> None:
    white = WHITE[dtype]
    values = np.linspace(0, white, 5001).astype(dtype).reshape(1, -1)
    for exponent in (0.01, 0.45, 2.2, 100):
        result = run(values, text.format(g=exponent, a=white / 5, b=white / 2)).astype(np.float64)
        assert (np.diff(result) >= 0).all()
        assert result.min() >= 0


def test_levels_with_the_exponent_of_gamma_are_gamma() -> None:
    image = scene(40, 30)
    assert np.array_equal(run(image, "levels(0, 255, 0.6)"), run(image, "gamma(0.6)"))


def test_levels_without_anything_between_are_refused() -> None:
    with pytest.raises(PipelineError, match="white is above black"):
        parse("levels(20, 20)")


def test_the_colour_maps_are_all_of_opencvs() -> None:
    numbers = {name: getattr(cv2, name) for name in dir(cv2) if name.startswith("COLORMAP_")}
    assert tuple(name[9:].lower() for name in sorted(numbers, key=lambda name: numbers[name])) == COLORMAPS
    grey, colours = noise(64, 20, 1), noise(64, 20, 3)
    for name, number in numbers.items():
        for image in (grey, colours):
            assert np.array_equal(
                run(image, f"colormap({name[9:].lower()})"), cv2.applyColorMap(image, number)
            )


@pytest.mark.parametrize("word", ["bgr", "rbg", "grb", "gbr", "brg"])
def test_three_letters_tell_what_red_green_and_blue_become(word: str) -> None:
    red, green, blue = (np.full((2, 3), value, np.uint8) for value in (11, 22, 33))
    result = run(cv2.merge([blue, green, red]), f"channel({word})")
    assert result[0, 0, ::-1].tolist() == [{"r": 11, "g": 22, "b": 33}[letter] for letter in word]


def test_a_grey_image_has_no_channels_to_pick_from() -> None:
    for text in ("channel(red)", "hsv(30)"):
        with pytest.raises(UnsupportedPixelsError, match="takes 3 colour channels, and this image has 1"):
            run(noise(9, 9, 1), text)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_hsv_that_changes_nothing_changes_nothing(dtype: str) -> None:
    image = noise(200, 150, 3, dtype)
    assert np.array_equal(run(image, "hsv"), image)
    assert np.array_equal(run(image, "hsv(360)"), image)
    grey = run(image, "hsv(saturation=0)")
    assert np.array_equal(grey, np.repeat(image.max(axis=2, keepdims=True), 3, axis=2))


def test_a_hue_turned_by_a_third_makes_red_green() -> None:
    image = np.array([[[0, 0, 255], [0, 255, 0], [255, 0, 0]]], np.uint8)
    assert run(image, "hsv(120)").tolist() == [[[0, 255, 0], [255, 0, 0], [0, 0, 255]]]
    assert run(image, "hsv(-120)").tolist() == [[[255, 0, 0], [0, 0, 255], [0, 255, 0]]]


@pytest.mark.parametrize("given", ["uint8", "uint16", "int16", "float32", "float64"])
@pytest.mark.parametrize("depth", ["uint8", "uint16", "float32"])
def test_converted_white_is_white_and_opaque_stays_opaque(given: str, depth: str) -> None:
    for rule in ("scale", "clip"):
        image = np.full((5, 7, 4), WHITE[given], given)
        image[0, :, :3] = 0
        image[2, 2, 3] = 0
        result = run_whole(picture(image), parse(f"convert({depth}, {rule})"))
        assert result.alpha is not None
        assert str(result.colour.dtype) == str(result.alpha.dtype) == depth
        kept = min(WHITE[given], np.inf if depth == "float32" else WHITE[depth])
        assert set(np.unique(result.colour)) == {0, WHITE[depth] if rule == "scale" else kept}
        assert result.alpha[2, 2] == 0
        assert np.count_nonzero(result.alpha == WHITE[depth]) == 34


def test_eight_bits_survive_every_other_depth() -> None:
    image = every_value("uint8")
    for depth in ("uint16", "float32"):
        assert np.array_equal(run(image, f"convert({depth}) | convert(uint8)"), image)
        assert np.array_equal(run(image, f"convert({depth}, clip) | convert(uint8, clip)"), image)
    deep = every_value("uint16")
    assert np.array_equal(run(deep, "convert(float32) | convert(uint16)"), deep)
    assert np.array_equal(run(deep, "convert(uint8)"), np.rint(deep / 257).astype(np.uint8))


def test_what_no_whole_number_comes_near_becomes_the_nearest() -> None:
    image = np.array([[np.nan, np.inf, -np.inf, -3, 0.5, 1.5, 2.5, 300, 1e38]], np.float32)
    assert run(image, "convert(uint8, clip)").tolist() == [[0, 255, 0, 0, 0, 2, 2, 255, 255]]
    assert run(image, "convert(uint16)").tolist() == [[0, 65535, 0, 0, 32768, 65535, 65535, 65535, 65535]]
    assert run(np.array([[-5, 300]], np.int16), "convert(uint8, clip)").tolist() == [[0, 255]]
    assert run(np.array([[1e300]]), "convert(float32)").tolist() == [[np.inf]]


def test_deep_results_and_single_channels_are_written_in_units() -> None:
    for text in ("convert(uint16)", "channel(red)", "grayscale | colormap(hot)", "threshold(99)"):
        image, chain = picture(noise(70, 50, 4)), parse(text)
        whole, tiled = run_whole(image, chain), staged(image, chain, columns=32)[0]
        assert tiled.colour.tobytes() == whole.colour.tobytes()
        assert (tiled.alpha is None) == (whole.alpha is None)
        if whole.alpha is not None and tiled.alpha is not None:
            assert tiled.alpha.tobytes() == whole.alpha.tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numpys_powers_depend_on_no_place_in_a_vector(dtype: str) -> None:
    values = np.abs(noise(999, 1, 1, dtype)).ravel()
    for exponent in (0.5, 0.4545, 2.2):
        whole = np.power(values, exponent)
        for offset, length in product(range(33), (1, 2, 3, 7, 9, 17)):
            part = slice(offset, offset + length)
            assert np.power(values[part], exponent).tobytes() == whole[part].tobytes()
        assert np.power(values[::3], exponent).tobytes() == whole[::3].tobytes()
