"""The filters in tiles: the very pixels of the whole, whatever the kernel, the depth, and what is not a number."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.imaging.samples import noise, picture, scene
from tests.imaging.staged import staged, windowed
from tilework.errors import UnsupportedPixelsError
from tilework.imaging import operations
from tilework.imaging.engine import run_whole
from tilework.imaging.formats import Picture
from tilework.imaging.operations import Pixels, non_local_means
from tilework.imaging.pipeline import parse
from tilework.imaging.windows import Size

SIDES = st.one_of(st.sampled_from([1, 2, 7, 61, 131, 193, 265]), st.integers(1, 150))
TILES = st.builds(Size, st.integers(3, 130), st.integers(9, 130))
ANY = ("uint8", "uint16", "int16", "float32", "float64")


@pytest.fixture(autouse=True, scope="module")
def _prepared() -> None:
    operations.prepare()


def floats(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high).map(lambda value: round(value, 3))


ODD = st.integers(1, 12).map(lambda half: 2 * half + 1)
KERNELS = st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(0, 99)).map(
    lambda sides: "; ".join(
        ", ".join(map(str, row))
        for row in np.random.default_rng(sides[2]).integers(0, 10, sides[:2]).tolist()
    )
)
FILTERS = {
    "box": st.tuples(st.builds("box({}, {})".format, *[st.integers(1, 40)] * 2), st.sampled_from(ANY)),
    "median": st.tuples(st.builds("median({})".format, st.sampled_from([3, 5])), st.sampled_from(ANY[:4])),
    "large median": st.tuples(
        st.builds("median({})".format, st.sampled_from([7, 11, 13, 31, 255])), st.just("uint8")
    ),
    "bilateral": st.tuples(
        st.builds("bilateral({}, {}, {})".format, st.integers(0, 11), floats(0.1, 200), floats(0.1, 4)),
        st.just("uint8"),
    ),
    "denoise": st.tuples(
        st.builds("denoise({0}, {0}, {1}, {2})".format, floats(0, 90), st.sampled_from([1, 3, 7]), ODD),
        st.just("uint8"),
    ),
    "denoise 16": st.tuples(
        st.builds("denoise({}, 3, {}, {})".format, floats(0, 20_000), st.sampled_from([1, 5]), ODD),
        st.just("uint16"),
    ),
    "sharpen": st.tuples(
        st.builds(
            "sharpen({}, {}, {})".format,
            floats(0, 5),
            floats(0.1, 6),
            st.sampled_from([0, 0.5, 3, 40]),
        ),
        st.sampled_from(ANY),
    ),
    "filter2d": st.tuples(
        st.builds(
            "filter2d([{}], {}, {})".format, KERNELS, floats(0.5, 99), st.sampled_from([0, 7.5])
        ).filter(lambda text: len(text) < 380),
        st.sampled_from(ANY),
    ),
    "motion": st.tuples(
        st.builds("motion_blur({}, {})".format, st.integers(1, 60), floats(-360, 360)), st.sampled_from(ANY)
    ),
    "adaptive": st.tuples(
        st.builds(
            "adaptive({}, {}, {}, {})".format,
            ODD,
            floats(-20, 20),
            st.sampled_from(["mean", "gaussian"]),
            st.sampled_from(["true", "false"]),
        ),
        st.just("uint8"),
    ),
}


@settings(max_examples=220)
@given(
    width=SIDES,
    height=SIDES,
    tile=TILES,
    channels=st.sampled_from([1, 3]),
    filtered=st.sampled_from(list(FILTERS)).flatmap(FILTERS.__getitem__),
    smooth=st.booleans(),
    seed=st.integers(0, 99),
)
@example(83, 1, Size(1, 40), 1, ("box(2, 32)", "uint8"), False, 0)
@example(172, 75, Size(87, 6), 1, ("box(34, 17)", "uint8"), False, 0)
@example(61, 131, Size(7, 9), 3, ("filter2d([1, 2; 3, 4], 10)", "uint16"), False, 0)
def test_tiles_of_a_filter_equal_the_whole(  # noqa: PLR0917
    width: int, height: int, tile: Size, channels: int, filtered: tuple[str, str], smooth: bool, seed: int
) -> None:
    text, dtype = filtered
    if "denoise" in text:
        width, height = width // 3 + 1, height // 3 + 1
    array = noise(width, height, 1 if "adaptive" in text else channels, dtype, seed)
    image, pipeline = picture(cv2.blur(array, (7, 7)) if smooth else array), parse(text)
    tiled, whole = windowed(image, pipeline, tile), run_whole(image, pipeline)
    assert tiled.colour.dtype == whole.colour.dtype
    assert tiled.colour.tobytes() == whole.colour.tobytes()


@settings(max_examples=60)
@given(
    width=st.integers(1, 300),
    height=st.integers(1, 60),
    tile=st.builds(Size, st.integers(7, 130), st.integers(7, 60)),
    channels=st.sampled_from([1, 3]),
    text=st.sampled_from(
        [
            "box(9)",
            "box(2, 5)",
            "median(3)",
            "median(5)",
            "sharpen(2)",
            "motion_blur(20, 40)",
            "motion_blur(41, 45)",
        ]
    ),
    share=st.sampled_from([0.003, 0.1, 0.4]),
    odd=st.sampled_from([np.nan, np.inf, -np.inf, 1e30]),
    seed=st.integers(0, 99),
)
@example(265, 164, Size(3, 109), 1, "median(5)", 0.01, np.nan, 1)
def test_what_is_not_a_number_stays_where_it_is_seen_in_tiles_as_in_the_whole(  # noqa: PLR0917
    width: int, height: int, tile: Size, channels: int, text: str, share: float, odd: float, seed: int
) -> None:
    array = noise(width, height, channels, "float32", seed)
    array[np.random.default_rng(seed).random(array.shape) < share] = odd
    image, pipeline = Picture(array), parse(text)
    tiled, whole = windowed(image, pipeline, tile), run_whole(image, pipeline)
    assert np.array_equal(tiled.colour, whole.colour, equal_nan=True)


LINKS = st.one_of(
    st.sampled_from(
        ["blur(5)", "erode(3)", "dilate(4)", "invert", "median(3)", "median(5)", "box(2, 7)", "box(20)"]
    ),
    st.builds("sharpen({}, {})".format, floats(0, 3), floats(0.3, 3)),
    st.builds("motion_blur({}, {})".format, st.integers(1, 20), st.integers(-90, 90)),
    st.builds("filter2d([1, -2, {0}; 0, 4, 1; 3, {0}, 1; 2, 0, 1], 9)".format, st.integers(0, 3)),
)


@settings(max_examples=60)
@given(
    width=SIDES,
    height=SIDES,
    tile=TILES,
    channels=st.sampled_from([1, 3, 4]),
    dtype=st.sampled_from(["uint8", "uint16", "int16", "float32"]),
    text=st.lists(LINKS, min_size=2, max_size=4).map(" | ".join),
    seed=st.integers(0, 99),
)
def test_tiles_of_a_chain_of_filters_and_others_equal_the_whole(  # noqa: PLR0917
    width: int, height: int, tile: Size, channels: int, dtype: str, text: str, seed: int
) -> None:
    image, pipeline = picture(noise(width, height, channels, dtype, seed)), parse(text)
    assert windowed(image, pipeline, tile).colour.tobytes() == run_whole(image, pipeline).colour.tobytes()


CHAIN = "sharpen(1.5, 1) | median(3) | motion_blur(9, 70) | box(4) | filter2d([1, 2; 3, 4], 10)"


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_a_chain_of_filters_in_units_equals_the_whole_with_alpha(dtype: str) -> None:
    image, pipeline = picture(noise(157, 101, 4, dtype)), parse(CHAIN)
    whole, unit = run_whole(image, pipeline), staged(image, pipeline, columns=48)[0]
    assert unit.colour.tobytes() == whole.colour.tobytes()
    assert unit.alpha is not None
    assert whole.alpha is not None
    assert np.array_equal(unit.alpha, whole.alpha)


def test_a_chain_on_bytes_in_units_equals_the_whole() -> None:
    image = picture(scene(157, 101, 1))
    pipeline = parse("bilateral(5, 40, 3) | denoise(10, search=9) | adaptive(15, 1, gaussian) | erode(3)")
    assert (
        staged(image, pipeline, columns=48)[0].colour.tobytes() == run_whole(image, pipeline).colour.tobytes()
    )


def test_opencv_s_own_mean_of_floats_depends_on_all_before_and_so_is_not_taken() -> None:
    """The reason for another formula: if OpenCV ever sums anew, box can be one call for all depths."""
    image = np.ones((40, 200), np.float32)
    image[:, 4] = np.nan
    assert np.isnan(cv2.blur(image, (9, 9))[20, 150])
    own = run_whole(Picture(image), parse("box(9)")).colour
    assert np.isnan(own[:, :9]).all()
    assert np.isfinite(own[:, 9:]).all()


def test_a_float_sum_of_opencv_depends_on_where_an_array_ends_and_so_is_not_taken() -> None:
    """The reason for sharpen's formula of floats."""
    image, other = noise(389, 131, 1, "float32"), noise(389, 131, 1, "float32", 1)
    whole = cv2.addWeighted(image, 2.37, other, -1.37, 0)
    ends = [
        cv2.addWeighted(image[:, n : n + 1], 2.37, other[:, n : n + 1], -1.37, 0)[:, 0] for n in range(389)
    ]
    assert np.count_nonzero(np.stack(ends, 1) != whole) > 0


def test_weights_of_whole_numbers_round_alike_wherever_an_array_ends() -> None:
    """And the reason why whole numbers are summed by cv2.addWeighted: all pairs of bytes, at many amounts."""
    image, blurred = (each.ravel().astype(np.uint8) for each in np.mgrid[:256, :256])
    apart = [np.ascontiguousarray(np.stack([each] * 3, 1))[:, :1] for each in (image, blurred)]
    for amount in [*np.arange(0, 4, 0.1).round(1).tolist(), 1.37, 7.77, 99.9]:
        together = cv2.addWeighted(image[None], 1 + amount, blurred[None], -amount, 0)
        assert np.array_equal(together[0], cv2.addWeighted(apart[0], 1 + amount, apart[1], -amount, 0)[:, 0])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_wide_images_are_denoised_by_columns_to_the_same_pixels(
    channels: int, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, pipeline = picture(noise(150, 20, channels, dtype)), parse("denoise(60, search=9)")
    whole = run_whole(image, pipeline).colour
    monkeypatch.setattr(non_local_means, "COLUMNS", 37)
    assert np.array_equal(run_whole(image, pipeline).colour, whole)


@pytest.mark.parametrize(
    ("text", "pixels", "words"),
    [
        ("median(7)", Pixels("uint16", 1), "median takes uint16 pixels up to size 5, not 7"),
        ("median(3)", Pixels("float64", 1), "and these are float64"),
        ("bilateral(9, 50, 50)", Pixels("uint16", 1), "bilateral takes uint8 or float32 pixels"),
        ("adaptive(11, 2)", Pixels("uint8", 3), "adaptive takes 1 colour channel, and this image has 3"),
    ],
)
def test_filters_refuse_what_opencv_has_no_filter_for(text: str, pixels: Pixels, words: str) -> None:
    with pytest.raises(UnsupportedPixelsError, match=re.escape(words)) as caught:
        parse(text).kinds(pixels)
    if "adaptive" in text:
        assert "grayscale | adaptive(...)" in caught.value.advice


def test_sharpening_leaves_what_differs_less_than_the_threshold() -> None:
    image = scene(120, 90)
    blurred = cv2.GaussianBlur(image, (0, 0), 2)
    flat = cv2.absdiff(image, blurred) < 3.5
    sharp = run_whole(picture(image), parse("sharpen(2, 2, 3.5)")).colour
    assert 0 < np.count_nonzero(flat) < flat.size
    assert np.array_equal(sharp[flat], image[flat])
    assert np.array_equal(sharp[~flat], cv2.addWeighted(image, 3, blurred, -2, 0)[~flat])
