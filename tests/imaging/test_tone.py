"""Operations by the histogram or the range of the whole image: OpenCV's and NumPy's pixels, however it is cut."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.imaging.samples import noise, picture, scene
from tests.imaging.staged import HeldPicture, QuietReader, by_measure, staged
from tilework.errors import PipelineError
from tilework.imaging import operations
from tilework.imaging.engine import run_whole
from tilework.imaging.formats import Picture
from tilework.imaging.operations import MeasuredOperation, Part, Site
from tilework.imaging.operations.histogram import EXACT_COUNT, counted, packed
from tilework.imaging.pipeline import parse
from tilework.imaging.windows import Grid, Size, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tilework.imaging.formats.contract import WindowReader
    from tilework.imaging.operations.contract import Arrays, Image

SIDES = st.one_of(st.sampled_from([1, 2, 3, 7, 31, 61]), st.integers(1, 80))


@pytest.fixture(autouse=True)
def without_ipp() -> Iterator[None]:
    """Of thresholds that tie, IPP's own Otsu chooses another than OpenCV's."""
    operations.prepare()
    before = cv2.ipp.useIPP()
    cv2.ipp.setUseIPP(False)
    yield
    cv2.ipp.setUseIPP(before)


def few_values(size: Size, channels: int, dtype: str, values: int, seed: int) -> Image:
    """Noise of so many values, some near the ends of the depth: ties, gaps and constant images."""
    generator = np.random.default_rng(seed)
    chosen = noise(values, 1, 1, dtype, seed).ravel()
    shape = (size.height, size.width) if channels == 1 else (size.height, size.width, channels)
    return chosen[generator.integers(0, values, shape)]


def of_planes(image: Image, change: Callable[[Image], Image]) -> Image:
    planes = [change(plane) for plane in cv2.split(image)]
    return planes[0] if image.ndim == 2 else np.dstack(planes)


def of_luma(image: Image, change: Callable[[Image], Image]) -> Image:
    if image.ndim == 2:
        return change(image)
    converted = cv2.cvtColor(image, cv2.COLOR_BGR2YCrCb)
    converted[:, :, 0] = change(np.ascontiguousarray(converted[:, :, 0]))
    return cv2.cvtColor(converted, cv2.COLOR_YCrCb2BGR)


def otsu(image: Image, how: int = cv2.THRESH_BINARY) -> Image:
    grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return cv2.threshold(grey, 0, 255, how | cv2.THRESH_OTSU)[1].astype(np.uint8)


def equalized(plane: Image) -> Image:
    """By the definition at 16 bits, by OpenCV at 8."""
    if plane.dtype == np.uint8:
        return cv2.equalizeHist(plane)
    values, counts = np.unique(plane, return_counts=True)
    if len(values) == 1:
        return plane
    scale = np.float32(65535) / np.float32(counts[1:].sum())
    sums = np.concatenate([[0], np.cumsum(counts[1:])]).astype(np.float32)
    return np.rint(sums * scale).astype(np.uint16)[np.searchsorted(values, plane)]


def stretched(image: Image, low: float, high: float) -> Image:
    ends = [
        np.percentile(image, share, method=how)
        for share, how in ((low, "lower"), (high, "higher"))
    ]  # fmt: skip
    if ends[0] == ends[1]:
        return image
    return np.rint(np.interp(image, ends, [0, np.iinfo(image.dtype).max])).astype(image.dtype)


def balanced(image: Image) -> Image:
    sums = [int(plane.sum(dtype=np.int64)) for plane in cv2.split(image)]
    gains = np.array([sum(sums) / max(each, 1) / len(sums) for each in sums])
    scaled = image * (gains if image.ndim > 2 else gains[0])
    return np.clip(np.rint(scaled), 0, np.iinfo(image.dtype).max).astype(image.dtype)


def normalized(image: Image, alpha: float, beta: float) -> Image:
    return cv2.normalize(image, None, alpha, beta, cv2.NORM_MINMAX)  # type: ignore[call-overload]


BY_HAND: dict[str, Callable[[Image], Image]] = {
    "otsu": otsu,
    "otsu(true)": lambda image: otsu(image, cv2.THRESH_BINARY_INV),
    "equalize": lambda image: of_luma(image, equalized),
    "equalize(each)": lambda image: of_planes(image, equalized),
    "stretch": lambda image: stretched(image, 2, 98),
    "stretch(0, 100)": lambda image: stretched(image, 0, 100),
    "stretch(12.5, 70.1, each)": lambda image: of_planes(image, lambda plane: stretched(plane, 12.5, 70.1)),
    "white_balance": balanced,
    "normalize(0, 255)": lambda image: normalized(image, 0, 255),
    "normalize(1000.25, -7)": lambda image: normalized(image, 1000.25, -7),
}


@settings(max_examples=120)
@given(
    text=st.sampled_from(sorted(BY_HAND)),
    width=SIDES,
    height=SIDES,
    channels=st.sampled_from([1, 3]),
    dtype=st.sampled_from(["uint8", "uint8", "uint16"]),
    values=st.sampled_from([1, 2, 3, 5, 40, 700]),
    seed=st.integers(0, 99),
)
@example("otsu", 35, 30, 1, "uint8", 3, 0)
@example("white_balance", 1, 1, 3, "uint8", 1, 0)
def test_each_is_the_call_on_the_whole(  # noqa: PLR0917
    text: str, width: int, height: int, channels: int, dtype: str, values: int, seed: int
) -> None:
    image = few_values(Size(width, height), channels, dtype, values, seed)
    expected = BY_HAND[text](image)
    for result in (run_whole(picture(image), parse(text)).colour, by_measure(picture(image), text).colour):
        assert result.dtype == expected.dtype
        assert np.array_equal(result, expected)


CHAINS = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "blur(5) | ", "equalize | ", "erode(3) | "]),
    st.sampled_from([*sorted(BY_HAND), "clahe(2)", "clahe(3.7, 3, 2, each)"]),
    st.sampled_from(["", " | otsu", " | white_balance", " | dilate(3)"]),
)


@settings(max_examples=25)
@given(
    text=CHAINS,
    width=SIDES,
    height=SIDES,
    columns=st.integers(1, 4),
    overviews=st.integers(0, 2),
    channels=st.sampled_from([1, 3, 4]),
    values=st.sampled_from([2, 40, 700]),
)
def test_units_of_any_size_write_the_pixels_of_the_whole(  # noqa: PLR0917
    text: str, width: int, height: int, columns: int, overviews: int, channels: int, values: int
) -> None:
    image, pipeline = picture(few_values(Size(width, height), channels, "uint8", values, 0)), parse(text)
    whole = run_whole(image, pipeline)
    made = staged(image, pipeline, columns=columns * 16 << overviews, overviews=overviews)[0]
    assert np.array_equal(made.colour, whole.colour)
    assert (made.alpha is None) == (whole.alpha is None)


def measured(operation: MeasuredOperation, image: Image, window: Window, arguments: Arrays) -> Part:
    size = Size(image.shape[1], image.shape[0])
    site = Site(window, size, window, size)
    part = image[window.within(Window.whole(size))]
    return Part(window, operation.measure(part, site, arguments).partial)  # type: ignore[arg-type]


def same(one: Arrays, other: Arrays) -> bool:
    return one.keys() == other.keys() and all(
        (one[name].dtype, one[name].shape, one[name].tobytes())
        == (other[name].dtype, other[name].shape, other[name].tobytes())
        for name in one
    )


@settings(max_examples=40)
@given(
    text=st.sampled_from(
        ["otsu", "equalize", "stretch", "white_balance", "normalize(0, 1)", "clahe(2, 3, 5)"]
    ),
    width=SIDES,
    height=SIDES,
    cell=st.builds(Size, st.integers(7, 50), st.integers(7, 50)),
    dtype=st.sampled_from(["uint8", "uint8", "uint16"]),
    seed=st.integers(0, 99),
)
def test_partials_join_to_the_same_bits_in_any_order_and_grouping(  # noqa: PLR0917
    text: str, width: int, height: int, cell: Size, dtype: str, seed: int
) -> None:
    step, random = parse(text).steps[0], np.random.default_rng(seed)
    operation, arguments = cast("MeasuredOperation", step.operation), cast("Arrays", step.arguments)
    image, size = noise(width, height, 3, dtype, seed), Size(width, height)
    grid = Grid(size, cell)
    parts = [measured(operation, image, grid.window(index), arguments) for index in range(grid.count)]
    while len(parts) > 1:
        random.shuffle(parts)  # type: ignore[arg-type]
        count = int(random.integers(2, len(parts) + 1))
        joined = operation.reduce(parts[:count], step.arguments).partial
        parts = [*parts[count:], Part(Window.whole(size), joined)]
    alone = [measured(operation, image, Window.whole(size), arguments)]
    once = [operation.reduce(each, step.arguments).partial for each in (parts, alone)]
    assert same(*once)
    assert same(*(operation.settle(each, step.arguments) for each in once))


def test_counts_are_exact_where_a_float_would_lose_ones() -> None:
    side = 4_100
    assert side * side > EXACT_COUNT
    assert counted(np.full((side, side), 7, np.uint8))[0, 7] == side * side
    grown = Part(Window(0, 0, 1, 1), {"counts": packed(np.array([[2**40, 3]]))})
    joined = cast("MeasuredOperation", parse("otsu").steps[0].operation).reduce([grown, grown], {})
    assert joined.partial["counts"].tolist() == [[2**41, 6]]


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("shape", [(1, 1), (5, 1), (1, 9), (33, 17), (33, 17, 3)])
def test_counts_are_those_of_numpy(shape: tuple[int, ...], dtype: str) -> None:
    image = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
    planes = [np.bincount(plane.ravel(), minlength=np.iinfo(dtype).max + 1) for plane in cv2.split(image)]
    assert np.array_equal(counted(image), planes)
    assert counted(image).dtype == np.int64


@settings(max_examples=25)
@given(
    width=SIDES,
    height=SIDES,
    channels=st.sampled_from([1, 3]),
    dtype=st.sampled_from(["int16", "int32", "float32", "float64"]),
    ends=st.sampled_from([(0, 255), (1, 0), (-3.7, 12.25), (0, 65535)]),
    odd=st.sampled_from(["", "nan", "first", "-0", "inf", "all nan"]),
    seed=st.integers(0, 99),
)
def test_normalize_is_the_call_on_the_whole_at_every_depth_in_units(  # noqa: PLR0917
    width: int, height: int, channels: int, dtype: str, ends: tuple[float, float], odd: str, seed: int
) -> None:
    image = noise(width, height, channels, dtype, seed)
    if dtype.startswith("float"):
        some = np.random.default_rng(seed).random(image.shape) < 0.2
        image[some] = {"nan": np.nan, "-0": -0.0, "inf": np.inf}.get(odd, 0.5)
        image[:, : 1 if odd == "first" else width if odd == "all nan" else 0] = np.nan
    pipeline, expected = parse(f"normalize{ends}"), normalized(image, *ends)
    assert run_whole(Picture(image), pipeline).colour.tobytes() == expected.tobytes()
    assert staged(Picture(image), pipeline, columns=32)[0].colour.tobytes() == expected.tobytes()


def test_ranks_that_share_the_units_of_a_global_chain_write_the_same() -> None:
    image = picture(scene(203, 149, 4))
    pipeline = parse("blur(9) | equalize | clahe(3) | stretch | normalize(10, 240) | white_balance | otsu")
    whole = run_whole(image, pipeline).colour
    assert 0 < np.count_nonzero(whole) < whole.size
    with ProcessPoolExecutor(3, mp_context=get_context("forkserver")) as executor:
        several = staged(image, pipeline, tile=32, columns=64, overviews=0, executor=executor)[0]
    alone = staged(image, pipeline, tile=16, columns=48, overviews=0)[0]
    assert np.array_equal(several.colour, whole)
    assert np.array_equal(alone.colour, whole)


class Counting(QuietReader):
    """Counts pixels as they are read."""

    read_pixels = 0

    def read(self, window: Window) -> Picture:
        Counting.read_pixels += window.size.pixels
        return super().read(window)


class CountedPicture(HeldPicture):
    def open(self) -> WindowReader:
        return Counting(self.picture)


@pytest.mark.parametrize(
    ("text", "readings"), [("invert", 1), ("otsu", 2), ("equalize | otsu", 3), ("invert | clahe | otsu", 3)]
)
def test_a_global_operation_adds_one_reading_of_the_image(
    text: str, readings: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = picture(noise(128, 96, 3))
    monkeypatch.setattr("tilework.testing.tiling.HeldPicture", CountedPicture)
    Counting.read_pixels = 0
    staged(image, parse(text), tile=32, columns=64)
    assert Counting.read_pixels == readings * image.size.pixels


def test_colours_keep_their_hue_where_their_luma_is_equalized() -> None:
    image = scene(60, 40)
    image[:, :, 2] //= 2
    together = run_whole(picture(image), parse("equalize")).colour
    alone = run_whole(picture(image), parse("equalize(each)")).colour
    cast_of = [each.reshape(-1, 3).mean(0) @ [0.5, 0.5, -1] for each in (image, together, alone)]
    assert cast_of[1] > cast_of[0] / 2 > abs(cast_of[2])


def test_a_grey_world_loses_its_cast_and_what_is_black_stays_black() -> None:
    image = scene(60, 40)
    image[:, :, 0] //= 3
    means = run_whole(picture(image), parse("white_balance")).colour.reshape(-1, 3).mean(0)
    assert np.ptp(means) < 1
    image[:, :, 1] = 0
    assert not run_whole(picture(image), parse("white_balance")).colour[:, :, 1].any()


def test_percentiles_that_leave_nothing_between_them_are_refused() -> None:
    with pytest.raises(PipelineError, match="low is less than high"):
        parse("stretch(60, 40)")
