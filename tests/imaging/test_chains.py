"""Operations run together, strip by strip, give the pixels that they give one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.imaging.samples import noise, picture, scene
from tilework.imaging import chains, engine
from tilework.imaging.chains import first_chain
from tilework.imaging.engine import run_whole
from tilework.imaging.operations import Pixels, prepare
from tilework.imaging.pipeline import Pipeline, parse
from tilework.imaging.windows import Size

if TYPE_CHECKING:
    from tilework.imaging.formats import Picture

PHOTO, COLOUR = Size(4000, 3000), Pixels("uint8", 3)

STEPS = st.sampled_from(
    [
        "invert",
        "blur(3)",
        "blur(9, 5, 1.5)",
        "erode(3)",
        "dilate(4, 2)",
        "open(3)",
        "sobel(1, 0)",
        "magnitude",
    ]
)


def one_by_one(image: Picture, pipeline: Pipeline) -> Picture:
    for step in pipeline.steps:
        image = run_whole(image, Pipeline((step,)))
    return image


@settings(max_examples=50)
@given(
    width=st.sampled_from([1, 7, 131]),
    height=st.integers(1, 300),
    channels=st.sampled_from([1, 2, 3, 4]),
    dtype=st.sampled_from(["uint8", "uint16", "float32"]),
    steps=st.lists(STEPS, min_size=2, max_size=4),
    share=st.sampled_from([1, 3]),
)
def test_strips_of_a_chain_have_the_pixels_of_its_operations_one_by_one(  # noqa: PLR0917
    width: int, height: int, channels: int, dtype: str, steps: list[str], share: int
) -> None:
    prepare()
    image, pipeline = picture(noise(width, height, channels, dtype)), parse(" | ".join(steps))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chains, "STRIP_BYTES", 1)
        patch.setattr(chains, "ROWS_A_MARGIN_ROW", share)
        patch.setattr(chains, "LEAST_STRIPS", 1)
        together = run_whole(image, pipeline)
    expected = one_by_one(image, pipeline)
    assert together.colour.dtype == expected.colour.dtype
    assert together.colour.tobytes() == expected.colour.tobytes()
    assert (together.alpha is None) == (channels % 2 == 1)
    if together.alpha is not None:
        assert np.array_equal(together.alpha, image.alpha)


def test_a_chain_goes_in_strips_around_what_must_see_the_whole() -> None:
    image, pipeline = (
        picture(scene(3000, 1500)),
        parse("blur(3) | invert | canny(20, 60) | dilate(3) | erode(3)"),
    )
    runs: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "run_window", lambda *given: runs.append(str(given[1])) or run_window(*given))
        together = run_whole(image, pipeline)
    assert dict.fromkeys(runs) == dict.fromkeys(["blur(3) | invert()", "dilate(3) | erode(3)"])
    assert len(runs) > 2 * chains.LEAST_STRIPS - 1
    assert np.array_equal(together.colour, one_by_one(image, pipeline).colour)


run_window = engine.run_window


@pytest.mark.parametrize(
    ("text", "together"),
    [
        ("blur(9) | erode(3)", 2),
        ("invert | erode(3) | dilate(3)", 3),
        ("invert | erode(3) | blur(301)", 2),
        ("blur(301) | invert", None),
        ("blur(9)", None),
        ("blur(9) | canny(1, 2)", None),
        ("blur(9) | invert | canny(1, 2) | invert | invert", 2),
    ],
)
def test_a_chain_ends_where_strips_would_need_more_around_them_than_they_save(
    text: str, together: int | None
) -> None:
    chain = first_chain(parse(text).steps, PHOTO, COLOUR)
    assert (chain and len(chain.pipeline.steps)) == together


def test_a_strip_is_small_beside_the_image_and_its_margins_small_beside_the_strip() -> None:
    for text in ("invert | invert", "blur(9) | erode(3)", "blur(15) | invert"):
        chain = first_chain(parse(text).steps, PHOTO, COLOUR)
        assert chain is not None
        assert chain.rows % 8 == 0
        assert chain.rows <= PHOTO.height // 4
        reach = 14 if "15" in text else 10 if "9" in text else 0
        assert chain.rows >= 16 * reach
        assert sum(strip.height for strip in chain.strips()) == PHOTO.height


def test_floats_with_margins_stay_whole_for_no_cache_holds_their_strips() -> None:
    assert first_chain(parse("blur(9) | erode(3)").steps, PHOTO, Pixels("float32", 3)) is None
    assert first_chain(parse("invert | invert").steps, PHOTO, Pixels("float32", 3)) is not None


def test_a_small_image_is_worked_on_at_once() -> None:
    assert first_chain(parse("blur(9) | erode(3)").steps, Size(640, 480), COLOUR) is None
