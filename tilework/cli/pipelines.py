"""The pipeline that a command was given."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import typer

from tilework.cli import surroundings
from tilework.cli.statuses import WRONG_USE, tell
from tilework.errors import PipelineError
from tilework.imaging.pipeline import framed, parse
from tilework.imaging.plugins import load_own_operations
from tilework.jobs.preset_file import shipped_presets
from tilework.jobs.presets import Presets

if TYPE_CHECKING:
    from tilework.imaging.pipeline import Pipeline


def load_operations() -> None:
    """Load the plugins, and the module of own operations if the environment names one. Raises SettingsError."""
    load_own_operations(surroundings.extra_operations())


def pipeline_of(text: str, *, page: int | None = None, output: str | None = None) -> Pipeline:
    """Parse the text, or point at the character at fault and exit: a bad pipeline is wrong use.

    ``page`` and ``output`` overrule what the text says of them.
    """
    load_operations()
    try:
        return framed(parse(text), page=None if page is None else str(page), output=output)
    except PipelineError as error:
        tell(_of_preset(error, text), pipeline=text)
        raise typer.Exit(WRONG_USE) from error


def _of_preset(error: PipelineError, text: str) -> PipelineError:
    """The same, told better where a preset's name stands for an operation: it names a folder, and no step."""
    meant = Presets.shipped(shipped_presets()).meant(text, error.position)
    if meant is None:
        return error
    return PipelineError(
        f"{meant.name!r} is a preset, and no operation (at character {(error.position or 0) + 1})",
        position=error.position,
        advice=f"Write its operations: --pipeline {shlex.quote(meant.text)}",
    )
