"""CLAHE of an image in parts: cv2.createCLAHE's pixels, whatever the grid and wherever the image is cut."""

from __future__ import annotations

import math
import tracemalloc
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.imaging.samples import noise, picture, scene
from tests.imaging.staged import by_measure, staged
from tilework.errors import UnsupportedPixelsError
from tilework.imaging import operations
from tilework.imaging.engine import run_whole
from tilework.imaging.formats import Picture
from tilework.imaging.operations import MeasuredOperation, Part, Pixels
from tilework.imaging.operations.clahe import MOST_COUNTS
from tilework.imaging.operations.depths import VALUES
from tilework.imaging.pipeline import parse
from tilework.imaging.stages.planning import FIXED_BYTES
from tilework.imaging.windows import Window

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image

SIDES = st.one_of(st.sampled_from([1, 2, 3, 7, 31, 61, 127, 160]), st.integers(1, 160))
LIMITS = st.sampled_from([0, 0.5, 1, 2, 3.3, 40, 1000])


@pytest.fixture(autouse=True, scope="module")
def prepared() -> None:
    operations.prepare()


def by_hand(image: Image, limit: float, columns: int, rows: int) -> Image:
    planes = [cv2.createCLAHE(limit, (columns, rows)).apply(plane) for plane in cv2.split(image)]
    return planes[0] if image.ndim == 2 else np.dstack(planes)


@settings(max_examples=150)
@given(
    width=SIDES,
    height=SIDES,
    columns=st.integers(1, 12),
    rows=st.integers(1, 12),
    limit=LIMITS,
    channels=st.sampled_from([1, 3]),
    lost_bits=st.sampled_from([0, 0, 3, 6, 7]),
    seed=st.integers(0, 99),
)
@example(1, 1, 8, 8, 40, 1, 0, 0)
@example(3, 160, 8, 5, 2, 3, 0, 0)  # fewer columns than cells: reflected more than once
@example(160, 159, 8, 8, 2, 1, 0, 0)  # only one side is divided
@example(160, 160, 8, 8, 2, 1, 0, 0)
def test_it_is_opencvs_for_any_image_and_grid(  # noqa: PLR0917
    width: int, height: int, columns: int, rows: int, limit: float, channels: int, lost_bits: int, seed: int
) -> None:
    image = noise(width, height, channels, seed=seed) >> lost_bits
    own = by_measure(Picture(image), f"clahe({limit}, {columns}, {rows}, each)").colour
    assert np.array_equal(own, by_hand(image, limit, columns, rows))


@settings(max_examples=10)
@given(width=SIDES, height=SIDES, columns=st.integers(1, 4), limit=LIMITS, bits=st.sampled_from([10, 16]))
def test_at_16_bits_it_is_opencvs_too(width: int, height: int, columns: int, limit: float, bits: int) -> None:
    image = noise(width, height, 1, "uint16") >> (16 - bits)
    own = by_measure(Picture(image), f"clahe({limit}, {columns}, 3)").colour
    assert np.array_equal(own, by_hand(image, limit, columns, 3))


@settings(max_examples=25)
@given(
    width=SIDES,
    height=SIDES,
    grid=st.sampled_from(["8", "3, 7", "1", "11, 2", "40"]),
    limit=LIMITS,
    units=st.integers(1, 4),
    overviews=st.integers(0, 2),
    channels=st.sampled_from([1, 3, 4]),
    colour=st.sampled_from(["luma", "each"]),
    around=st.sampled_from(["{}", "blur(5) | {} | erode(3)", "{} | clahe(2, 3)"]),
)
@example(1, 97, "8", 2, 1, 0, 3, "each", "{}")
@example(159, 1, "40", 2, 1, 0, 4, "luma", "{}")
def test_units_write_the_pixels_of_the_whole(  # noqa: PLR0917
    width: int, height: int, grid: str, limit: float, units: int, overviews: int, channels: int, colour: str,
    around: str,
) -> None:  # fmt: skip
    image = picture(noise(width, height, channels))
    pipeline = parse(around.format(f"clahe({limit}, {grid}, colour={colour})"))
    whole = run_whole(image, pipeline)
    made = staged(image, pipeline, columns=units * 16 << overviews, overviews=overviews)[0]
    assert np.array_equal(made.colour, whole.colour)


def test_a_large_image_is_opencvs_to_the_last_pixel() -> None:
    """Positions in float32 are rounded the more, the further right they are."""
    image = scene(20_011, 130, 1)
    own = by_measure(Picture(image), "clahe(2, 7, 3)").colour
    assert np.array_equal(own, by_hand(image, 2, 7, 3))


def test_a_limit_that_opencv_cannot_count_to_is_no_call_of_opencvs() -> None:
    step, image = parse("clahe(65536, 1)").steps[0], np.zeros((2048, 4097), np.uint8)
    assert isinstance(step.operation, MeasuredOperation)
    assert step.operation.at_once(image, step.arguments) is None
    assert step.operation.at_once(image[:, :4095], step.arguments) is not None


def test_luma_alone_is_changed_of_colours_and_the_rows_default_to_the_columns() -> None:
    image = scene(90, 70)
    converted = cv2.cvtColor(image, cv2.COLOR_BGR2YCrCb)
    converted[:, :, 0] = by_hand(np.ascontiguousarray(converted[:, :, 0]), 40, 5, 5)
    own = by_measure(Picture(image), "clahe(columns=5)").colour
    assert np.array_equal(own, cv2.cvtColor(converted, cv2.COLOR_YCrCb2BGR))


def test_a_grid_whose_histograms_have_no_room_is_refused_before_anything_is_read() -> None:
    assert parse("clahe(2, 128)").kinds(Pixels("uint8", 1))[-1] == Pixels("uint8", 1)
    assert parse("clahe").kinds(Pixels("uint16", 3))[-1] == Pixels("uint16", 3)
    with pytest.raises(UnsupportedPixelsError, match="clahe makes 81 histograms of this image; at uint16 64"):
        parse("clahe(2, 9)").kinds(Pixels("uint16", 1))
    with pytest.raises(UnsupportedPixelsError, match="192 histograms"):
        parse("clahe(2, colour=each)").kinds(Pixels("uint16", 3))


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_the_largest_grid_of_a_large_image_has_room_beside_a_unit(dtype: str) -> None:
    """Joined of four quarters that share no cell, then made into tables."""
    bins = VALUES[dtype]
    side = math.isqrt(MOST_COUNTS // bins)
    cells = np.arange(side * side, dtype=np.int32).reshape(side, side)
    half = side // 2
    step, partials = parse(f"clahe(2, {side})").steps[0], []
    for quarter in (cells[:half, :half], cells[:half, half:], cells[half:, :half], cells[half:, half:]):
        counts = np.full((quarter.size, 1, bins), 1 << 20, np.uint32)
        partials.append(Part(Window(0, 0, 1, 1), {"cells": quarter.ravel(), "counts": counts}))
    operation = cast("MeasuredOperation", step.operation)
    tracemalloc.start()
    top = operation.reduce(partials, step.arguments).partial
    joined = tracemalloc.get_traced_memory()[1] + sum(part.partial["counts"].nbytes for part in partials)
    partials.clear()
    tracemalloc.reset_peak()
    tables = operation.settle(top, step.arguments)["tables"]
    settled = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert tables.shape == (side, side, 1, bins)
    assert joined <= FIXED_BYTES
    assert settled <= FIXED_BYTES
