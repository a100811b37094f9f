"""Which pipeline a drop goes through: its metadata, else its folder's preset, else the default; in this order."""

from __future__ import annotations

import pytest

from tilework.errors import PipelineError
from tilework.imaging.pipeline import parse
from tilework.jobs.presets import choose, shipped_presets

PRESETS = {"edges": "canny(100, 200)", "smooth": "blur(9)"}


def test_metadata_comes_before_the_folder_and_the_folder_before_the_default() -> None:
    assert choose("drop/edges/a.jpg", {"pipeline": "invert"}, PRESETS, "blur(3)").canonical == "invert()"
    assert choose("drop/edges/a.jpg", {}, PRESETS, "blur(3)").canonical == "canny(100, 200)"
    assert choose("a.jpg", {}, PRESETS, "blur(3)").canonical == "blur(3)"


def test_a_folder_without_a_preset_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(PipelineError, match="did you mean 'edges'"):
        choose("drop/edge/a.jpg", {}, PRESETS, "blur(3)")


def test_an_empty_pipeline_in_the_metadata_is_not_silently_the_default() -> None:
    with pytest.raises(PipelineError):
        choose("a.jpg", {"pipeline": ""}, PRESETS, "blur(3)")


def test_every_shipped_preset_is_a_pipeline_in_canonical_form() -> None:
    presets = shipped_presets()
    assert presets
    for text in presets.values():
        assert parse(text).canonical == text


@pytest.mark.parametrize(
    ("metadata", "pipeline"),
    [
        ({"pipeline": "invert", "output": "tiff"}, "invert() | output(tiff)"),
        ({"page": "3"}, "page(3) | blur(9)"),
        ({"pipeline": "page(1) | invert", "page": "0", "output": "png"}, "page(0) | invert() | output(png)"),
    ],
)
def test_a_drop_may_ask_for_a_page_and_an_output(metadata: dict[str, str], pipeline: str) -> None:
    assert choose("photo.tif", metadata, {}, "blur(9)").canonical == pipeline


@pytest.mark.parametrize("metadata", [{"output": "gif"}, {"page": "first"}, {"page": "-1"}])
def test_a_page_or_output_that_there_is_none_of_is_a_bad_pipeline(metadata: dict[str, str]) -> None:
    with pytest.raises(PipelineError):
        choose("photo.tif", metadata, {}, "blur(9)")
