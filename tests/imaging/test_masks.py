"""A result that is a mask, or labels, with its arguments is never blurred, and has no colours of the image."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.imaging.samples import decoded
from tests.imaging.test_formats import with_everything
from tilework.imaging.formats import Format, probe
from tilework.imaging.limits import Limits
from tilework.imaging.operations import registry
from tilework.imaging.operations.point import Invert
from tilework.imaging.pipeline import Pipeline, Step, parse
from tilework.imaging.plan import wanted_format
from tilework.imaging.run import BytesSource, process
from tilework.imaging.stages.planning import Wishes, layout_of
from tilework.testing.subject import subject_of

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMITS = Limits()


def lossless_steps() -> Iterator[Step]:
    """One of each operation and way to call it that gives a mask or labels, by its first argument of words."""
    for operation in registry().values():
        seen = set()
        for step in subject_of(operation, None, 0, None).steps:
            key = tuple(value for value in step.arguments.values() if isinstance(value, str))
            if (operation.masks(step.arguments) or operation.makes_labels) and key not in seen:
                seen.add(key)
                yield step


STEPS = list(lossless_steps())


def test_all_that_mask_are_here() -> None:
    assert {"threshold", "canny", "otsu", "components"} <= {step.operation.name for step in STEPS}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.canonical)
def test_no_jpeg_is_made_of_a_mask_in_one_piece_or_in_tiles(step: Step) -> None:
    header = probe(BytesSource(with_everything("jpeg")), LIMITS)
    before = () if 3 in step.operation.channels else parse("grayscale").steps
    pipeline, asked = Pipeline((*before, step)), Pipeline((*before, step), output="jpeg")
    assert pipeline.is_lossless
    kind = pipeline.kinds(header.pixels)[-1]
    assert wanted_format(Format.JPEG, pipeline) is wanted_format(Format.JPEG, asked) is Format.PNG
    for wishes in (Wishes(), Wishes(compression="jpeg")) if kind.dtype == "uint8" else (Wishes(),):
        assert layout_of(header, pipeline, header.size, kind, wishes).compression == "deflate"


def test_a_threshold_of_a_jpeg_has_two_values_and_no_profile_of_other_colours() -> None:
    product = process(BytesSource(with_everything("jpeg")), parse("threshold(128) | output(jpeg)"), LIMITS)
    assert set(decoded(product.body).ravel().tolist()) == {0, 255}
    assert product.notes == ("A mask never goes to JPEG: it is a PNG.",)
    assert "icc_profile" not in Image.open(io.BytesIO(product.body)).info


def test_a_threshold_that_keeps_grey_values_is_an_image_like_any_other() -> None:
    pipeline = parse("threshold(128, kind=trunc)")
    assert not pipeline.is_lossless
    assert wanted_format(Format.JPEG, pipeline) is Format.JPEG


def test_labels_are_lossless_without_reporting() -> None:
    class Numbers(Invert):
        makes_labels = True

    assert Pipeline((Step(Numbers(), {}),)).is_lossless
