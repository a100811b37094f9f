"""The promise: in tiles, every pixel is the one that a call on the whole image gives."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.imaging.samples import noise, picture, scene
from tests.imaging.staged import staged, windowed
from tilework.imaging.engine import run_whole
from tilework.imaging.formats import Picture
from tilework.imaging.pipeline import parse
from tilework.imaging.windows import Size

SIDES = st.one_of(st.sampled_from([1, 2, 3, 7, 31, 61, 127, 131, 193]), st.integers(1, 200))

LOCAL_STEPS = st.one_of(
    st.just("invert"),
    st.builds(
        "blur({}, {}, {})".format,
        *[st.integers(0, 15).map(lambda n: 2 * n + 1)] * 2,
        st.sampled_from([0, 0.4, 7.5]),
    ),
    st.builds(
        "{}({}, {}, {})".format,
        st.sampled_from(["erode", "dilate"]),
        st.integers(1, 8),
        st.integers(1, 3),
        st.sampled_from(["rect", "cross", "ellipse"]),
    ),
)
CHAINS = st.lists(LOCAL_STEPS, min_size=1, max_size=4).map(" | ".join)


def assert_same(tiled: Picture, whole: Picture) -> None:
    assert tiled.colour.dtype == whole.colour.dtype
    assert np.array_equal(tiled.colour, whole.colour)
    assert (tiled.alpha is None) == (whole.alpha is None)
    if tiled.alpha is not None and whole.alpha is not None:
        assert np.array_equal(tiled.alpha, whole.alpha)


@settings(max_examples=250)
@given(
    width=SIDES,
    height=SIDES,
    tile=st.builds(Size, st.integers(5, 120), st.integers(5, 120)),
    channels=st.sampled_from([1, 2, 3, 4]),
    dtype=st.sampled_from(["uint8", "uint16", "int16", "float32", "float64"]),
    text=CHAINS,
    seed=st.integers(0, 9),
)
@example(1, 1, Size(1, 1), 3, "uint8", "blur(31) | erode(8, 3)", 0)
@example(1, 193, Size(7, 5), 3, "float32", "blur(9) | blur(3, 31)", 0)
@example(193, 1, Size(5, 1), 1, "float32", "blur(9) | dilate(5)", 0)
@example(7, 131, Size(3, 64), 4, "uint16", "blur(31) | blur(31)", 0)
def test_tiles_of_a_chain_equal_the_whole(  # noqa: PLR0917
    width: int, height: int, tile: Size, channels: int, dtype: str, text: str, seed: int
) -> None:
    image, pipeline = picture(noise(width, height, channels, dtype, seed)), parse(text)
    assert_same(windowed(image, pipeline, tile), run_whole(image, pipeline))


@pytest.mark.parametrize("text", ["blur(3)", "blur(9)", "blur(31)", "blur(101)", "blur(9, 5, 3.3)"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64"])
def test_gaussians_of_every_depth_are_exact_in_tiles_of_odd_widths(text: str, dtype: str) -> None:
    """Floats differ in the last bit unless windows keep to whole vectors of columns."""
    pipeline = parse(text)
    for channels in (1, 3):
        image = picture(noise(389, 131, channels, dtype))
        whole = run_whole(image, pipeline)
        for tile in (Size(61, 47), Size(130, 131)):
            assert_same(windowed(image, pipeline, tile), whole)


def test_a_float_gaussian_is_not_exact_without_alignment() -> None:
    """The reason for the alignment: if OpenCV ever becomes exact without, the engine can drop it."""
    image = noise(389, 131, 1, "float32")
    whole = cv2.GaussianBlur(image, (9, 9), 0)
    wrong = 0
    for left in range(61, 300, 61):
        part = cv2.GaussianBlur(image[:, left - 4 : left + 65].copy(), (9, 9), 0)[:, 4:65]
        wrong += np.count_nonzero(part != whole[:, left : left + 61])
    assert wrong > 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("text", ["erode(5)", "erode(4)", "dilate(5, 2)", "erode(3, shape=cross)"])
def test_not_a_number_spreads_in_tiles_as_in_the_whole(text: str, dtype: str) -> None:
    colour = noise(300, 90, 1, dtype)
    colour[np.random.default_rng(1).random(colour.shape) < 0.003] = np.nan
    colour[50:70, 100:140] = np.nan
    image, pipeline = Picture(colour), parse(text)
    tiled, whole = windowed(image, pipeline, Size(64, 37)), run_whole(image, pipeline)
    assert tiled.colour.tobytes() == whole.colour.tobytes()


def halves(picture: Picture, count: int) -> list[Picture]:
    """The picture and its overviews, by the definition: means of 2 x 2, an odd last column or row counted twice."""
    levels = [picture]
    for _ in range(count - 1):
        levels.append(
            Picture(*(None if each is None else half(each) for each in (levels[-1].colour, levels[-1].alpha)))
        )
    return levels


def half(array: np.ndarray) -> np.ndarray:
    array = np.pad(
        array, [(0, side % 2) for side in array.shape[:2]] + [(0, 0)] * (array.ndim - 2), mode="edge"
    )
    if array.dtype.kind == "f":
        beside = array[:, 0::2] + array[:, 1::2]
        return (beside[0::2] + beside[1::2]) / array.dtype.type(4)
    quads = array.astype(np.int64)
    quads = quads[:, 0::2] + quads[:, 1::2]
    return ((quads[0::2] + quads[1::2] + 2) // 4).astype(array.dtype)


@settings(max_examples=60)
@given(
    width=SIDES,
    height=SIDES,
    columns=st.integers(1, 4),
    overviews=st.integers(0, 3),
    channels=st.sampled_from([1, 2, 3, 4]),
    dtype=st.sampled_from(["uint8", "uint16", "int16", "float32"]),
    text=CHAINS,
)
@example(1, 1, 1, 0, 3, "uint8", "blur(31) | erode(8, 3)")
@example(193, 1, 1, 2, 4, "uint16", "dilate(8)")
def test_units_of_any_size_write_the_whole_and_its_overviews(  # noqa: PLR0917
    width: int, height: int, columns: int, overviews: int, channels: int, dtype: str, text: str
) -> None:
    image, pipeline = picture(noise(width, height, channels, dtype)), parse(text)
    levels = staged(image, pipeline, columns=columns * 16 << overviews, overviews=overviews)
    for level, expected in zip(levels, halves(run_whole(image, pipeline), len(levels)), strict=True):
        assert_same(level, expected)


def test_overviews_of_the_largest_floats_are_infinite_without_a_warning() -> None:
    colour = np.full((40, 40), np.finfo(np.float32).max)
    colour[:, 20:] *= np.float32(-1)
    _, overview, *_ = staged(Picture(colour), parse("invert"), overviews=1)
    assert np.isinf(overview.colour).all()


EDGES = st.builds(
    "canny({}, {}, {}, {})".format,
    st.sampled_from([0, 20, 100, 250.5]),
    st.sampled_from([0, 60, 200, 600.5]),
    st.sampled_from([3, 3, 5, 7]),
    st.sampled_from(["true", "false"]),
)


@settings(max_examples=60)
@given(
    width=SIDES,
    height=SIDES,
    columns=st.integers(1, 4),
    overviews=st.integers(0, 2),
    channels=st.sampled_from([1, 3, 4]),
    blurred=st.sampled_from([1, 3, 7]),
    before=st.sampled_from(["", "blur(5) | ", "erode(3) | "]),
    edges=EDGES,
    after=st.sampled_from(["", " | dilate(3) | invert", " | canny(1, 2)"]),
    seed=st.integers(0, 9),
)
def test_edges_that_run_through_many_units_are_found_as_in_the_whole(  # noqa: PLR0917
    width: int, height: int, columns: int, overviews: int, channels: int, blurred: int,
    before: str, edges: str, after: str, seed: int,
) -> None:  # fmt: skip
    array = cv2.GaussianBlur(noise(width, height, channels, seed=seed), (blurred, blurred), 0)
    image, pipeline = picture(array), parse(before + edges + after)
    result = staged(image, pipeline, columns=columns * 16 << overviews, overviews=overviews)[0]
    assert_same(result, run_whole(image, pipeline))


def test_a_snake_through_every_unit_is_lit_from_one_seed_at_its_end() -> None:
    """Hysteresis goes any way through any number of units, and through several levels of the tree that joins them."""
    image = np.zeros((208, 208), np.uint8)
    for row in range(8, 200, 16):
        image[row : row + 8, 8:200] = 40
        side = 8 if row // 16 % 2 else 192
        image[row : row + 24, side : side + 8] = 40
    image[8:12, 150:160] = 255
    whole = run_whole(Picture(image), parse("canny(50, 300)"))
    assert np.count_nonzero(whole.colour) > 1_500
    assert_same(staged(Picture(image), parse("canny(50, 300)"), columns=16, overviews=0)[0], whole)


def test_ranks_that_share_the_units_write_the_same() -> None:
    image, pipeline = picture(noise(203, 149, 4)), parse("blur(9) | erode(5) | invert")
    with ProcessPoolExecutor(3, mp_context=get_context("forkserver")) as executor:
        assert_same(staged(image, pipeline, executor=executor)[0], run_whole(image, pipeline))


def test_the_number_of_threads_changes_no_pixel() -> None:
    image = scene(1200, 900)
    depths = [image, image.astype(np.uint16) * 257, image.astype(np.float32) / 255]
    before = cv2.getNumThreads()

    def all_operations() -> list[bytes]:
        chains = [parse(text) for text in ("invert", "blur(9)", "erode(5)", "dilate(5, 2)")]
        local = [run_whole(picture(depth), chain).colour.tobytes() for depth in depths for chain in chains]
        return [*local, run_whole(picture(image), parse("canny(20, 60)")).colour.tobytes()]

    try:
        cv2.setNumThreads(1)
        alone = all_operations()
        cv2.setNumThreads(4)
        assert all_operations() == alone
    finally:
        cv2.setNumThreads(before)
