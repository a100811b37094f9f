"""Any chain of any operations: whole and in units, the pixels of their Python expressions, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.imaging.samples import noise, picture
from tests.imaging.staged import staged
from tilework.errors import TileworkError
from tilework.imaging import operations
from tilework.imaging.engine import run_whole
from tilework.imaging.operations import registry
from tilework.imaging.pipeline import parse

if TYPE_CHECKING:
    from tilework.imaging.operations import Example
    from tilework.imaging.operations.contract import Image
    from tilework.imaging.pipeline import Pipeline

SHOWN = [
    example
    for operation in registry().values()
    if operation.exact and not any(parameter.type == "picture" for parameter in operation.parameters)
    for example in operation.examples
]
"""Where pictures lie on an image has tests of its own: they do not grow and shrink with it."""

SOURCES = ("uint8", "uint16", "float32")
LARGEST = 400
"""Pixels of a side: what makes images larger is not chained without end."""


def fits(example: Example, pixels: operations.Pixels) -> bool:
    operation = parse(example.text).steps[-1].operation
    return pixels.dtype in (example.dtypes or operation.dtypes) and pixels.channels in operation.channels


def by_hand(examples: list[Example], image: Image) -> Image:
    for example in examples:
        image = eval(example.python, {"cv2": cv2, "np": np, "image": image})  # noqa: S307 - our own text
    return image


@st.composite
def chains(draw: st.DrawFn) -> tuple[Image, list[Example], Pipeline]:
    """An image with sides that no tile divides, and operations each of which takes what the one before gives."""
    size = draw(st.tuples(st.integers(100, 170), st.integers(70, 130)))
    image = noise(
        *size, draw(st.sampled_from([1, 3])), draw(st.sampled_from(SOURCES)), draw(st.integers(0, 9))
    )
    pixels, extent, examples = picture(image).pixels, picture(image).size, []
    for _ in range(draw(st.integers(1, 4))):
        able = [example for example in SHOWN if fits(example, pixels)]
        example = draw(st.sampled_from(able))
        pipeline = parse(example.text)
        try:
            pixels, extent = pipeline.kinds(pixels)[-1], pipeline.sizes(extent)[-1]
        except TileworkError:
            break
        assume(max(extent.width, extent.height) <= LARGEST)
        examples.append(example)
    assume(examples)
    text = " | ".join(example.text for example in examples)
    return image, examples, parse(text)


@settings(max_examples=120, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(chain=chains(), columns=st.sampled_from([1, 2]), overviews=st.integers(0, 1))
def test_any_chain_is_its_operations_one_after_the_other_in_units_too(
    chain: tuple[Image, list[Example], Pipeline], columns: int, overviews: int
) -> None:
    operations.prepare()
    image, examples, pipeline = chain
    with np.errstate(all="ignore"):
        expected = by_hand(examples, image)
        whole = run_whole(picture(image), pipeline)
        assert whole.colour.dtype == expected.dtype
        np.testing.assert_array_equal(whole.colour, expected)
        if all(step.operation.in_parts(step.arguments) for step in pipeline.steps):
            width = columns * 32 << overviews
            units = staged(picture(image), pipeline, tile=32, columns=width, overviews=overviews)
            assert units[0].colour.tobytes() == whole.colour.tobytes()
