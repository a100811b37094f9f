"""Which pipeline a drop goes through: its own metadata, else the preset of its folder, else the default."""

from __future__ import annotations

import difflib
import tomllib
from importlib import resources
from typing import TYPE_CHECKING

from tilework.errors import PipelineError
from tilework.imaging.pipeline import framed, parse
from tilework.jobs.object_keys import preset_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tilework.imaging.pipeline import Pipeline


def shipped_presets() -> dict[str, str]:
    """The presets of presets.toml beside this file: name to pipeline text."""
    text = resources.files("tilework.jobs").joinpath("presets.toml").read_text(encoding="utf-8")
    return {str(name): str(pipeline) for name, pipeline in tomllib.loads(text)["presets"].items()}


def choose(key: str, metadata: Mapping[str, str], presets: Mapping[str, str], default: str) -> Pipeline:
    """The pipeline for a drop, with the page and output that its metadata ask for.

    Raises PipelineError where it names none that can be understood.
    """
    chosen = _chosen(key, metadata.get("pipeline"), presets, default)
    return framed(chosen, page=metadata.get("page"), output=metadata.get("output"))


def _chosen(key: str, text: str | None, presets: Mapping[str, str], default: str) -> Pipeline:
    if text is not None:
        return parse(text)
    name = preset_name(key)
    if name is None:
        return parse(default)
    if name not in presets:
        near = difflib.get_close_matches(name, presets, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(sorted(presets))}."
        raise PipelineError(f"The folder names the preset {name!r}, which does not exist{hint}")
    return parse(presets[name])
