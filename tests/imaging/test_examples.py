"""The examples that the docs show: each gives, whole and in tiles, the pixels of the Python beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from tests.imaging.samples import noise, picture, scene
from tests.imaging.staged import staged
from tilework.imaging import operations
from tilework.imaging.engine import run_whole
from tilework.imaging.example_pictures import example_pictures, shown_examples
from tilework.imaging.operations import registry
from tilework.imaging.pipeline import parse

if TYPE_CHECKING:
    from tilework.imaging.operations import Example, Operation
    from tilework.imaging.operations.contract import Image

EXAMPLES = [
    pytest.param(operation, example, dtype, channels, id=f"{example.text}-{dtype}-{channels}")
    for operation in registry().values()
    for example in operation.examples
    for dtype in example.dtypes or operation.dtypes
    for channels in operation.channels
]


def by_hand(example: Example, image: Image) -> Image:
    result: Image = eval(example.python, {"cv2": cv2, "np": np, "image": image, **example_pictures(image)})  # noqa: S307 - our own text
    return result


def an_image(dtype: str, channels: int) -> Image:
    """Odd sides; shapes and edges in bytes, where thresholds expect some, else noise."""
    return scene(157, 101, channels) if dtype == "uint8" else noise(157, 101, channels, dtype)


@pytest.mark.parametrize(("operation", "example", "dtype", "channels"), EXAMPLES)
def test_an_example_gives_the_pixels_of_the_python_beside_it(
    operation: Operation, example: Example, dtype: str, channels: int
) -> None:
    operations.prepare()
    image = an_image(dtype, channels)
    pipeline = shown_examples(parse(example.text), image)
    assert pipeline.steps[-1].operation is operation
    result, expected = run_whole(picture(image), pipeline), by_hand(example, image)
    assert result.colour.dtype == expected.dtype
    assert result.pixels == pipeline.kinds(picture(image).pixels)[-1]
    assert result.size == pipeline.sizes(picture(image).size)[-1]
    assert result.colour.tobytes() == expected.tobytes()


@pytest.mark.parametrize(("operation", "example", "dtype", "channels"), EXAMPLES)
def test_an_example_gives_the_same_in_tiles_and_units(
    operation: Operation, example: Example, dtype: str, channels: int
) -> None:
    operations.prepare()
    array = an_image(dtype, channels)
    image, pipeline = picture(array), shown_examples(parse(example.text), array)
    if not operation.exact:
        pytest.skip("not exact, and says so")
    whole = run_whole(image, pipeline)
    assert staged(image, pipeline, tile=32, columns=64)[0].colour.tobytes() == whole.colour.tobytes()


def test_every_operation_shows_at_least_one_example() -> None:
    assert [operation.name for operation in registry().values() if not operation.examples] == []
