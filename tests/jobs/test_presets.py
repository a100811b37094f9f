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
