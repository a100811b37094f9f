from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preview import cost, region, sampling
from preview.refusals import NoSuchRegionError, RegionTooLargeError, RegionTooSlowError
from preview.region import render
from tests.preview.pictures import decoded, noise, opened, png, tiff
from tilework.errors import ImageError
from tilework.imaging.engine import run_whole
from tilework.imaging.limits import Limits
from tilework.imaging.operations import registry
from tilework.imaging.pipeline import Pipeline, parse
from tilework.imaging.run import BytesSource, process
from tilework.imaging.windows import Size, Window

WIDTH, HEIGHT = 157, 131

NAMES_PICTURES = {"overlay", "compare"}

TEXTS = sorted(
    example.text
    for name, operation in registry().items()
    if name not in NAMES_PICTURES
    for example in operation.examples
    if "output(" not in example.text
)
"""What the operations show of themselves: all of them, with arguments of every kind."""

IMAGES = {
    "colour": opened(png(noise(WIDTH, HEIGHT))),
    "grey": opened(png(noise(WIDTH, HEIGHT, 1))),
    "grey tiles": opened(tiff(noise(WIDTH, HEIGHT, 1))),
    "colour tiles": opened(tiff(noise(WIDTH, HEIGHT))),
    "deep tiles": opened(tiff(noise(WIDTH, HEIGHT, 3, "uint16"))),
    "deep": opened(png(noise(WIDTH, HEIGHT, 1, "uint16"))),
}


def windows(size: Size) -> st.SearchStrategy[Window]:
    def of(numbers: tuple[int, int, int, int]) -> Window:
        left, top = numbers[0] % size.width, numbers[1] % size.height
        return Window(left, top, left + numbers[2], top + numbers[3]).clamped(size)

    return st.tuples(st.integers(0, 9999), st.integers(0, 9999), st.integers(1, 80), st.integers(1, 80)).map(
        of
    )


def fits(pipeline: Pipeline, image: str) -> bool:
    try:
        pipeline.kinds(IMAGES[image].pixels)
        pipeline.sizes(IMAGES[image].size)
    except ImageError:
        return False
    return True


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(data=st.data())
def test_a_region_has_the_very_pixels_of_the_whole_result(data: st.DataObject) -> None:
    image = data.draw(st.sampled_from(sorted(IMAGES)))
    texts = data.draw(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3))
    pipeline = parse(" | ".join(texts))
    if not fits(pipeline, image):
        return
    whole = run_whole(IMAGES[image].whole(), pipeline)
    window = data.draw(windows(whole.size))
    found = render(IMAGES[image], pipeline, window)
    assert found.window == window
    assert found.size == whole.size
    assert found.approximate == ()
    part = whole.part(window.within(Window.whole(whole.size)))
    assert np.array_equal(found.picture.colour, part.colour, equal_nan=part.colour.dtype.kind == "f")


@pytest.mark.parametrize("text", ["blur(9) | sharpen(2)", "resize(71, 59) | median(5)", "rotate(20)", "otsu() | erode(3)", "canny(40, 90)", "clahe(3)"])  # fmt: skip
def test_a_region_is_that_of_the_file_that_a_worker_stores(text: str) -> None:
    body = png(noise(WIDTH, HEIGHT, 1))
    result = decoded(process(BytesSource(body), parse(f"{text} | output(png)"), Limits()).body)
    found = render(opened(body), parse(f"{text} | output(png)"), Window(11, 7, 60, 50))
    assert np.array_equal(found.picture.colour, result[7:50, 11:60])


def test_what_reaches_beyond_the_result_is_left_out() -> None:
    found = render(IMAGES["grey"], parse("invert()"), Window(-50, 100, 20, 900))
    assert found.window == Window(0, 100, 20, HEIGHT)
    assert found.picture.size == Size(20, HEIGHT - 100)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (Window(900, 900, 920, 910), Window(WIDTH - 20, HEIGHT - 10, WIDTH, HEIGHT)),
        (Window(-50, 3, 950, 13), Window(0, 3, WIDTH, 13)),
        (Window(-5, -5, 5, 5), Window(0, 0, 10, 10)),
        (Window(5, 5, 9, 9), Window(5, 5, 9, 9)),
    ],
)
def test_a_region_beyond_the_result_is_moved_into_it_where_that_is_wanted(
    asked: Window, told: Window
) -> None:
    assert render(IMAGES["grey"], parse("invert()"), asked, nearest=True).window == told


def test_it_tells_what_a_region_depends_on() -> None:
    assert render(IMAGES["grey"], parse("blur(9)"), Window(20, 20, 30, 30)).source == Window(16, 16, 34, 34)
    assert render(IMAGES["grey"], parse("crop(50, 40, 60, 60)"), Window(0, 0, 5, 5)).source.left == 50


def test_the_picture_of_a_report_is_shown() -> None:
    shown = render(IMAGES["grey"], parse("otsu() | components() | output(json)"), Window(0, 0, 9, 9))
    assert shown.picture.pixels.dtype == "int32"


# --- what is told by a part ------------------------------------------------------------------------------------------


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every image be too large to be measured whole."""
    monkeypatch.setattr(region, "is_quick", lambda *_: False)
    monkeypatch.setattr(region, "AROUND", 24)
    monkeypatch.setattr(sampling, "SIDE", 24)


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("text", ["otsu()", "equalize()", "stretch()", "normalize(10, 200)", "clahe(2, 4)", "blur(3) | otsu() | erode(3)"])  # fmt: skip
def test_a_large_image_is_measured_by_a_sample_and_says_so(text: str) -> None:
    image, pipeline, window = opened(png(noise(400, 300, 1))), parse(text), Window(50, 60, 150, 140)
    found = render(image, pipeline, window)
    assert found.approximate == ("sample",)
    exact = run_whole(image.whole(), pipeline).colour[60:140, 50:150]
    apart = np.abs(found.picture.colour.astype(int) - exact)
    assert np.mean(apart > 48) < 0.1


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize(
    "text", ["canny(40, 90)", "blur(5) | canny(20, 60) | dilate(3)", "otsu() | components()"]
)
def test_what_is_connected_is_looked_for_around_the_region_and_says_so(text: str) -> None:
    image, window = opened(png(noise(400, 300, 1))), Window(50, 60, 150, 140)
    found = render(image, parse(text), window)
    assert found.approximate[-1] == "surroundings"
    exact = run_whole(image.whole(), parse(text)).colour[60:140, 50:150]
    assert np.mean((found.picture.colour > 0) != (exact > 0)) < 0.1


@pytest.mark.usefixtures("large")
def test_both_ways_together_are_told() -> None:
    text = "stretch() | canny(40, 90) | dilate(3) | otsu()"
    found = render(IMAGES["grey tiles"], parse(text), Window(20, 30, 60, 70))
    assert found.approximate == ("sample", "surroundings")
    assert found.picture.size == Size(40, 40)


def test_an_image_that_does_not_fit_in_memory_is_never_decoded_whole() -> None:
    image = opened(tiff(noise(400, 300, 1)), image_bytes=1000)
    assert render(image, parse("otsu()"), Window(0, 0, 50, 50)).approximate == ("sample",)
    assert render(image, parse("median(5)"), Window(0, 0, 50, 50)).approximate == ()


def test_a_sample_of_the_smallest_image_is_all_of_it() -> None:
    image = opened(tiff(noise(2, 3, 1)), image_bytes=1)
    found = render(image, parse("stretch()"), Window(0, 0, 2, 3))
    exact = run_whole(image.read(Window(0, 0, 2, 3)), parse("stretch()"))
    assert np.array_equal(found.picture.colour, exact.colour)


# --- bounds ----------------------------------------------------------------------------------------------------------


def test_a_region_of_too_many_pixels_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "MOST_PIXELS", 99)
    with pytest.raises(RegionTooLargeError, match="has 100 pixels; a preview has 99"):
        render(IMAGES["grey"], parse("invert()"), Window(0, 0, 10, 10))


def test_a_region_that_depends_on_too_many_pixels_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "MOST_SOURCE_PIXELS", 1000)
    with pytest.raises(RegionTooLargeError, match="before resize"):
        render(IMAGES["grey"], parse("resize(15, 13)"), Window(0, 0, 10, 10))


def test_a_region_that_would_take_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "MOST_SECONDS", 0.0001)
    with pytest.raises(RegionTooSlowError):
        render(IMAGES["grey"], parse("denoise(10)"), Window(0, 0, 80, 80))


def test_a_region_beyond_the_result_is_refused() -> None:
    with pytest.raises(NoSuchRegionError, match=f"{WIDTH} x {HEIGHT}"):
        render(IMAGES["grey"], parse("invert()"), Window(WIDTH, 0, WIDTH + 1, 1))
