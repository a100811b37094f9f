"""What moves, turns and resizes: in windows of any size, the very pixels of one OpenCV call on the whole image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.imaging.samples import noise, picture, scene
from tests.imaging.staged import staged, windowed
from tilework.imaging import operations
from tilework.imaging.engine import PictureReader, run_whole, run_window
from tilework.imaging.formats import Picture
from tilework.imaging.operations.borders import BORDERS, indices, span_within
from tilework.imaging.operations.geometry import DoesNotFitError
from tilework.imaging.pipeline import parse
from tilework.imaging.windows import Size, Window

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image

DEPTHS = ["uint8", "uint16", "int16", "float32", "float64"]
SIDES = st.one_of(st.sampled_from([1, 2, 3, 31, 127, 131]), st.integers(1, 140))
TILES = st.builds(Size, st.integers(20, 140), st.integers(20, 140))
INTERPOLATIONS = {
    "nearest": cv2.INTER_NEAREST,
    "linear": cv2.INTER_LINEAR,
    "area": cv2.INTER_AREA,
    "cubic": cv2.INTER_CUBIC,
    "lanczos": cv2.INTER_LANCZOS4,
}


@pytest.fixture(autouse=True, scope="module")
def prepared() -> None:
    operations.prepare()


def assert_same(found: Picture, whole: Picture) -> None:
    assert found.colour.dtype == whole.colour.dtype
    assert found.colour.tobytes() == whole.colour.tobytes()
    assert (found.alpha is None) == (whole.alpha is None)
    if found.alpha is not None and whole.alpha is not None:
        assert found.alpha.tobytes() == whole.alpha.tobytes()


def merged(image: Image) -> tuple[Image, Image | None]:
    found = picture(image)
    return found.colour, found.alpha


FACTORS = st.sampled_from([0.5, 0.25, 2.0, 3.0, 0.3, 0.77, 1.3, 0.2, 0.8, 1.5])
RESIZINGS = st.one_of(
    st.builds("factor={}".format, FACTORS),
    st.builds("{}, {}".format, st.integers(1, 200), st.integers(1, 200)),
    st.sampled_from(["64, 64", "width=131", "height=70"]),
)


@settings(max_examples=150)
@given(
    width=SIDES,
    height=SIDES,
    tile=TILES,
    channels=st.sampled_from([1, 2, 3, 4]),
    dtype=st.sampled_from(DEPTHS),
    sides=RESIZINGS,
    interpolation=st.sampled_from(list(INTERPOLATIONS)),
)
@example(128, 128, Size(40, 40), 3, "uint8", "64, 64", "linear")
@example(103, 77, Size(33, 20), 1, "uint16", "factor=0.5", "area")
@example(131, 131, Size(31, 37), 3, "uint8", "width=101", "cubic")
def test_a_resized_image_has_the_pixels_of_one_call_in_any_windows(  # noqa: PLR0917
    width: int, height: int, tile: Size, channels: int, dtype: str, sides: str, interpolation: str
) -> None:
    array, text = noise(width, height, channels, dtype), f"resize({sides}, interpolation={interpolation})"
    pipeline = parse(text)
    try:
        size = pipeline.sizes(Size(width, height))[-1]
    except DoesNotFitError:
        return
    arguments = pipeline.steps[0].arguments
    factor = 0.0 if arguments["width"] or arguments["height"] else float(arguments["factor"])

    def resized(image: Image) -> Image:
        wanted = None if factor else (size.width, size.height)
        return cv2.resize(image, wanted, fx=factor, fy=factor, interpolation=INTERPOLATIONS[interpolation])

    colour, alpha = merged(array)
    expected = Picture(resized(colour), None if alpha is None else resized(alpha))
    assert_same(windowed(picture(array), pipeline, tile), expected)
    assert_same(run_whole(picture(array), pipeline), expected)


@pytest.mark.parametrize("interpolation", list(INTERPOLATIONS))
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_far_from_the_corner_windows_have_the_coarse_weights_that_the_whole_image_has(
    dtype: str, interpolation: str
) -> None:
    """OpenCV keeps positions as float32: at column 150,000 they are multiples of 1/64 of a pixel."""
    array = noise(200_003, 5, 1, dtype)
    for turned in (array, np.ascontiguousarray(array.T)):
        image, pipeline = Picture(turned), parse(f"resize(factor=0.87, interpolation={interpolation})")
        whole = run_whole(image, pipeline)
        size = whole.size
        for share in (0.3, 0.86):
            left, top = (int(share * max(0, side - 200)) for side in (size.width, size.height))
            window = Window(left, top, min(size.width, left + 200), min(size.height, top + 200))
            found = run_window(PictureReader(image), pipeline, window)
            assert_same(found, whole.part(window.within(Window.whole(size))))


@pytest.mark.parametrize("interpolation", list(INTERPOLATIONS))
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_windows_of_many_blocks_have_the_pixels_of_one_call_where_values_are_extreme(
    dtype: str, interpolation: str
) -> None:
    """Sums of black and white come nearest to the limits of the whole numbers that they are made in."""
    array = noise(620, 420, 3, "uint8")
    array = np.where(array > 127, np.iinfo(dtype).max, 0).astype(dtype)
    for factor in (0.87, 1.37):
        image, pipeline = Picture(array), parse(f"resize(factor={factor}, interpolation={interpolation})")
        assert_same(windowed(image, pipeline, Size(530, 300)), run_whole(image, pipeline))


@pytest.mark.parametrize(
    ("sides", "interpolation", "width"),
    [
        # 53 columns come from 45, but the scale is a little less, and so is its 848th multiple than the 720th column
        ("factor=1.1777777777777778", "nearest", 4964),
        ("factor=0.6111111111111112", "nearest", 4841),
        # at column 1,533 the weights are 1325.5 and 722.50006 of 2048, and both are rounded up
        ("7393, 40", "area", 5587),
    ],
)
def test_where_rounding_falls_to_the_other_side_windows_have_the_pixels_of_one_call(
    sides: str, interpolation: str, width: int
) -> None:
    image, pipeline = Picture(noise(width, 28, 1)), parse(f"resize({sides}, interpolation={interpolation})")
    for tile in (Size(16, 64), Size(53, 64), Size(500, 7)):
        assert_same(windowed(image, pipeline, tile), run_whole(image, pipeline))


def test_a_window_alone_would_get_other_weights_from_opencv() -> None:
    """The reason for weights of our own: were it ever otherwise, one call for each window would do."""
    row = noise(30_000, 3, 1)
    whole = cv2.resize(row, None, fx=0.7, fy=1)
    alone = cv2.resize(row[:, 20_000:21_000], None, fx=0.7, fy=1)
    assert not np.array_equal(whole[:, 14_020:14_680], alone[:, 20:680])


@pytest.mark.parametrize("interpolation", ["linear", "area", "cubic", "lanczos"])
def test_infinite_and_missing_values_spread_as_in_one_call(interpolation: str) -> None:
    array = noise(90, 70, 3, "float32")
    array[::9, ::7], array[5::11, 3::13], array[:, -1], array[20:30, 20:40] = np.inf, np.nan, -np.inf, -0.0
    for factor in (0.7, 1.6):
        image, pipeline = picture(array), parse(f"resize(factor={factor}, interpolation={interpolation})")
        assert np.array_equal(
            windowed(image, pipeline, Size(33, 29)).colour, run_whole(image, pipeline).colour, equal_nan=True
        )


TURNS = st.builds(
    "rotate({}, {}, {}, {}, {})".format,
    st.one_of(
        st.sampled_from([0, 90, 180, 270, -90, 45, 0.001]), st.floats(-360, 360).map(lambda n: round(n, 3))
    ),
    st.sampled_from(["true", "false"]),
    st.sampled_from(["nearest", "linear", "linear", "cubic", "lanczos"]),
    st.sampled_from(["constant", "replicate"]),
    st.sampled_from([0, 7.3, 1e6]),
)


@settings(max_examples=100)
@given(
    width=st.integers(1, 300),
    height=st.integers(1, 200),
    tile=TILES,
    channels=st.sampled_from([1, 2, 3, 4]),
    dtype=st.sampled_from(DEPTHS),
    text=TURNS,
)
@example(299, 9, Size(140, 140), 1, "float32", "rotate(7)")
@example(299, 180, Size(50, 140), 1, "float32", "rotate(-13.7, false)")
def test_a_turned_image_has_the_same_pixels_in_any_windows(  # noqa: PLR0917
    width: int, height: int, tile: Size, channels: int, dtype: str, text: str
) -> None:
    image, pipeline = picture(noise(width, height, channels, dtype)), parse(text)
    assert_same(windowed(image, pipeline, tile), run_whole(image, pipeline))


def test_an_image_with_longer_sides_than_opencv_turns_is_turned_in_windows() -> None:
    image = Picture(noise(40_000, 3, 1))
    pipeline = parse("rotate(0.01, false, nearest)")
    with pytest.raises(cv2.error):
        cv2.warpAffine(image.colour, np.eye(2, 3), (40_000, 3))
    whole = run_whole(image, pipeline)
    assert_same(windowed(image, pipeline, Size(5_000, 2)), whole)
    assert np.array_equal(whole.colour[1, 19_000:21_000], image.colour[1, 19_000:21_000])


def test_what_turns_into_sight_is_transparent() -> None:
    result = run_whole(picture(np.full((60, 60, 4), 255, np.uint8)), parse("rotate(45, value=90)"))
    assert result.alpha is not None
    assert (result.colour[0, 0].tolist(), result.alpha[0, 0]) == ([90, 90, 90], 0)
    assert result.alpha[result.size.height // 2, result.size.width // 2] == 255


MOVES = st.one_of(
    st.sampled_from(["flip(horizontal)", "flip(vertical)", "flip(both)", "pyramid_down"]),
    st.builds(
        "pad({}, {}, {}, {}, {}, {})".format,
        *[st.integers(0, 70)] * 4,
        st.sampled_from(BORDERS),
        st.sampled_from([0, 9.5]),
    ),
    st.sampled_from(["crop(3, 2, 20, 17)", "rotate(90)", "rotate(270)", "blur(5)", "erode(3)", "rotate(20)"]),
    st.sampled_from(["resize(40, 61)", "resize(factor=1.7, interpolation=cubic)", "resize(factor=0.5)"]),
)


@settings(max_examples=120)
@given(
    width=SIDES,
    height=SIDES,
    columns=st.integers(1, 3),
    overviews=st.integers(0, 2),
    channels=st.sampled_from([1, 2, 3, 4]),
    dtype=st.sampled_from(["uint8", "uint16", "float32"]),
    steps=st.lists(MOVES, min_size=1, max_size=3),
)
def test_chains_of_moves_and_filters_give_the_same_in_units(  # noqa: PLR0917
    width: int, height: int, columns: int, overviews: int, channels: int, dtype: str, steps: list[str]
) -> None:
    image, pipeline = picture(noise(width, height, channels, dtype)), parse(" | ".join(steps))
    try:
        pipeline.sizes(image.size)
    except DoesNotFitError:
        return
    found = staged(image, pipeline, tile=64, columns=columns * 64 << overviews, overviews=overviews)
    assert_same(found[0], run_whole(image, pipeline))


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize(
    "text",
    [
        "crop(9, 8, 90, 70)",
        "flip(horizontal)",
        "flip(vertical)",
        "pad(40, 30, 20, 10, reflect)",
        "pad(150, border=wrap)",
        "pyramid_down",
        "rotate(90)",
        "rotate(180)",
        "rotate(-90)",
    ],
)
def test_each_move_gives_the_same_in_small_windows(text: str, dtype: str) -> None:
    image, pipeline = picture(noise(131, 97, 4, dtype)), parse(text)
    assert_same(windowed(image, pipeline, Size(33, 29)), run_whole(image, pipeline))


@pytest.mark.parametrize("dtype", DEPTHS)
@pytest.mark.parametrize("interpolation", ["cubic", "lanczos"])
def test_what_is_left_of_a_row_behind_whole_vectors_is_added_as_opencv_does(
    interpolation: str, dtype: str
) -> None:
    """Rows of 71 to 86 samples, so many of them that sums which differ in their order differ in some pixels."""
    array = noise(50, 900, 1, dtype)
    for width in range(71, 87):
        text = f"resize({width}, 1301, interpolation={interpolation})"
        expected = cv2.resize(array, (width, 1301), interpolation=INTERPOLATIONS[interpolation])
        assert_same(windowed(Picture(array), parse(text), Size(86, 700)), Picture(expected))


@pytest.mark.parametrize(
    "text", ["rotate(90) | canny(20, 60)", "resize(factor=0.4) | canny(20, 60) | flip(both)"]
)
def test_edges_of_what_was_moved_are_found_as_in_the_whole(text: str) -> None:
    image, pipeline = picture(scene(203, 149)), parse(text)
    assert_same(staged(image, pipeline, columns=32)[0], run_whole(image, pipeline))


@settings(max_examples=100)
@given(
    width=SIDES,
    height=SIDES,
    dtype=st.sampled_from(["uint8", "float32"]),
    step=st.one_of(MOVES, TURNS, RESIZINGS.map("resize({}, interpolation=lanczos)".format)),
    place=st.tuples(*[st.floats(0, 1)] * 4),
)
def test_what_lies_outside_of_the_window_read_changes_nothing(
    width: int, height: int, dtype: str, step: str, place: tuple[float, float, float, float]
) -> None:
    array, pipeline = noise(width, height, 1, dtype), parse(step)
    try:
        result = pipeline.sizes(Size(width, height))[-1]
    except DoesNotFitError:
        return
    left, top = int(place[0] * (result.width - 1)), int(place[1] * (result.height - 1))
    right, bottom = left + 1 + int(place[2] * 40), top + 1 + int(place[3] * 40)
    window = Window(left, top, right, bottom).clamped(result)
    source = pipeline.sites(window, Size(width, height), picture(array).pixels)[0].source
    other = noise(width, height, 1, dtype, seed=1)
    other[source.within(Window.whole(Size(width, height)))] = array[
        source.within(Window.whole(Size(width, height)))
    ]
    wanted = window.within(Window.whole(result))
    assert_same(
        run_whole(Picture(other), pipeline).part(wanted), run_whole(Picture(array), pipeline).part(wanted)
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "crop(0, 0, 101, 20)",
            "crop wants columns 0 to 100 and rows 0 to 19; the image has 100 columns and 50 rows.",
        ),
        ("crop(90, 45, 10, 6)", "crop wants columns 90 to 99 and rows 45 to 50"),
        ("resize(factor=0.001)", "resize would leave nothing of an image of 100 x 50 pixels."),
        ("resize(2000, 50)", "resize would make 2,000 x 50 pixels of 100 x 50; 16 times"),
    ],
)
def test_what_does_not_fit_the_image_is_refused_with_a_sentence(text: str, reason: str) -> None:
    with pytest.raises(DoesNotFitError) as refused:
        run_whole(picture(noise(100, 50)), parse(text))
    assert reason in refused.value.reason
    with pytest.raises(DoesNotFitError):
        parse(text).sizes(Size(100, 50))


def test_a_side_that_is_given_counts_before_the_factor_and_the_other_keeps_the_shape() -> None:
    sizes = {
        text: parse(text).sizes(Size(101, 50))[-1]
        for text in ("resize", "resize(width=40)", "resize(height=7)")
    }
    assert list(sizes.values()) == [Size(50, 25), Size(40, 20), Size(14, 7)]


@given(
    begin=st.integers(-40, 40),
    count=st.integers(1, 30),
    side=st.integers(1, 9),
    border=st.sampled_from(BORDERS[1:]),
)
def test_what_lies_beyond_the_edge_is_what_opencv_says(
    begin: int, count: int, side: int, border: str
) -> None:
    rule = getattr(cv2, f"BORDER_{border.upper()}")
    expected = [cv2.borderInterpolate(at, side, rule) for at in range(begin, begin + count)]
    assert indices(begin, begin + count, side, border).tolist() == expected
    first, end = span_within(begin, begin + count, side, border)
    assert first <= min(expected)
    assert end > max(expected)
    if border != "wrap":
        assert (first, end) == (min(expected), max(expected) + 1)
