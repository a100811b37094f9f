"""Steps on single samples in a row are one table, with the pixels of one step after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.imaging.samples import noise, picture, scene
from tests.imaging.staged import staged, windowed
from tilework.errors import OperationFailedError
from tilework.imaging import operations
from tilework.imaging.engine import run_whole
from tilework.imaging.folding import Folded, folded
from tilework.imaging.formats import Picture
from tilework.imaging.operations import (
    LocalOperation,
    Measured,
    MeasuredOperation,
    Pixels,
    Reduced,
    Site,
    registry,
)
from tilework.imaging.pipeline import Pipeline, parse
from tilework.imaging.windows import Size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tilework.imaging.operations import Arguments, Part
    from tilework.imaging.operations.contract import Arrays, Image

STEPS = (
    "invert", "gamma(0.6)", "levels(20, 220, 1.3)", "brightness_contrast(-7, 1.4)", "posterize(6)", "threshold(77)",
    "threshold(90, kind=tozero)", "convert(uint8)", "convert(uint16)", "convert(float32)", "convert(uint16, clip)",
    "grayscale", "balanced", "equalized", "blur(3)",
)  # fmt: skip
CHAINS = st.lists(st.sampled_from(STEPS), min_size=1, max_size=5).map(" | ".join)


class Balanced(LocalOperation):
    """A table for each channel."""

    name = "balanced"
    family = "tests"
    summary = formula = "v >> channel"
    dtypes = ("uint8", "uint16", "float32")
    tabled = True

    def pointwise(self, pixels: Pixels) -> bool:
        return True

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        if image.ndim == 2:
            return image
        return cv2.merge([image[:, :, channel] / (1 << channel) for channel in range(3)]).astype(image.dtype)


class Equalized(MeasuredOperation):
    """A table that is known of the whole image."""

    name = "equalized"
    family = "tests"
    summary = formula = "max(v) - v"
    dtypes = ("uint8", "uint16", "float32")
    tabled = True

    def pointwise(self, pixels: Pixels) -> bool:
        return True

    def measure(self, image: Image, site: Site, arguments: Arguments) -> Measured:
        return Measured({"most": image[site.output.within(site.source)].max()}, {})

    def reduce(self, parts: Sequence[Part], arguments: Arguments) -> Reduced:
        return Reduced({"most": np.max([part.partial["most"] for part in parts])}, {})

    def settle(self, partial: Arrays, arguments: Arguments) -> Arrays:
        return partial

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        return cv2.subtract(np.full_like(image, arguments["most"]), image)


class Failing(Balanced):
    name = "failing"

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        raise ValueError("cannot look")


@pytest.fixture(autouse=True, scope="module")
def own_operations() -> object:
    with pytest.MonkeyPatch.context() as patch:
        own = {each.name: each for each in (Balanced(), Equalized(), Failing())}
        patch.setattr(operations, "_operations", dict(registry()) | own)
        operations.prepare()
        yield None


def one_by_one(image: Picture, text: str) -> Picture:
    """Each step on its own, so that nothing folds."""
    for step in parse(text).steps:
        image = run_whole(image, Pipeline((step,)))
    return image


def assert_same(found: Picture, expected: Picture) -> None:
    assert found.pixels == expected.pixels
    assert found.colour.tobytes() == expected.colour.tobytes()
    if found.alpha is not None and expected.alpha is not None:
        assert found.alpha.tobytes() == expected.alpha.tobytes()


def names(text: str, dtype: str = "uint8", channels: int = 3) -> list[list[str]]:
    """The operations of each step that is left."""
    steps = folded(parse(text), Size(9, 8), Pixels(dtype, channels)).pipeline.steps
    return [
        [
            one.operation.name
            for one in (step.operation.steps if isinstance(step.operation, Folded) else (step,))
        ]
        for step in steps
    ]


@settings(max_examples=120)
@given(
    text=CHAINS,
    width=st.integers(1, 150),
    height=st.integers(1, 40),
    tile=st.builds(Size, st.integers(8, 80), st.integers(4, 40)),
    channels=st.sampled_from([1, 2, 3, 4]),
    dtype=st.sampled_from(["uint8", "uint8", "uint16"]),
)
@example(
    "gamma(0.6) | convert(float32) | levels(0.1, 0.9) | convert(uint16)", 90, 40, Size(70, 33), 4, "uint8"
)
@example("gamma(0.6) | invert | balanced | convert(uint8)", 700, 400, Size(600, 400), 3, "uint16")
@example("equalized | gamma(0.6) | equalized | posterize(6)", 150, 40, Size(60, 33), 2, "uint8")
def test_a_chain_gives_the_pixels_of_its_steps_one_by_one(  # noqa: PLR0917
    text: str, width: int, height: int, tile: Size, channels: int, dtype: str
) -> None:
    image, pipeline = picture(noise(width, height, channels, dtype)), parse(text)
    expected = one_by_one(image, text)
    assert_same(run_whole(image, pipeline), expected)
    if "equalized" not in text:
        assert_same(windowed(image, pipeline, tile), expected)


@settings(max_examples=12)
@given(text=CHAINS, channels=st.sampled_from([1, 3, 4]))
@example("equalized | gamma(0.6) | invert | equalized | posterize(6)", 4)
@example("grayscale | posterize(6) | colormap(jet) | gamma(0.6)", 4)
def test_units_give_the_same(text: str, channels: int) -> None:
    image = picture(noise(131, 67, channels))
    assert_same(staged(image, parse(text), columns=64)[0], one_by_one(image, text))


def test_what_is_one_table_is_looked_up_once() -> None:
    assert names("invert | gamma(2) | posterize(4) | blur(3) | levels(1, 9) | threshold(7)") == [
        ["invert", "gamma", "posterize"], ["blur"], ["levels", "threshold"],
    ]  # fmt: skip
    assert names("gamma(2) | convert(float32) | gamma(0.5) | convert(uint8)") == [
        ["gamma", "convert", "gamma", "convert"]
    ]
    assert names("grayscale | gamma(2) | colormap(jet) | invert") == [
        ["grayscale"],
        ["gamma", "colormap", "invert"],
    ]


def test_steps_that_are_quicker_than_a_table_stay_as_they_are() -> None:
    assert names("invert | threshold(9) | invert") == [["invert"], ["threshold"], ["invert"]]
    assert names("gamma(2)") == [["gamma"]]


def test_neither_floats_nor_colours_that_become_one_channel_fold() -> None:
    assert names("gamma(2) | invert", "float32") == [["gamma"], ["invert"]]
    assert names("gamma(2) | colormap(jet)") == [["gamma"], ["colormap"]]


def test_what_measures_its_input_begins_a_table() -> None:
    assert names("gamma(2) | invert | equalized | gamma(3)") == [["gamma", "invert"], ["equalized", "gamma"]]


def test_what_is_known_of_one_image_is_not_taken_for_another() -> None:
    image, chain = picture(scene(90, 70)), parse("equalized | gamma(2)")
    measured, power = chain.steps
    results = [
        windowed(image, Pipeline((measured.knowing({"most": np.uint8(most)}), power)), Size(90, 40)).colour
        for most in (200, 90)
    ]
    for most, result in zip((200, 90), results, strict=True):
        assert np.array_equal(
            result, one_by_one(picture(most - np.minimum(image.colour, most)), "gamma(2)").colour
        )


def test_a_table_of_grey_for_colours_is_a_colour_map() -> None:
    image = scene(90, 70, 1)
    expected = cv2.bitwise_not(cv2.applyColorMap(255 - image, cv2.COLORMAP_HOT))
    result = run_whole(picture(image), parse("invert | colormap(hot) | invert")).colour
    assert np.array_equal(result, expected)
    deep = run_whole(picture(image), parse("colormap(hot) | convert(uint16)")).colour
    assert np.array_equal(deep, cv2.applyColorMap(image, cv2.COLORMAP_HOT) * np.uint16(257))


def test_the_step_that_fails_in_a_table_is_named() -> None:
    with pytest.raises(OperationFailedError, match="failing failed: ValueError: cannot look"):
        run_whole(picture(noise(90, 70)), parse("gamma(2) | failing | invert"))
