"""The pipeline that a command was given."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import typer

from tilework.cli.statuses import WRONG_USE, tell
from tilework.errors import PipelineError
from tilework.imaging.operations import load_extra
from tilework.imaging.pipeline import parse

if TYPE_CHECKING:
    from tilework.imaging.pipeline import Pipeline

EXTRA_OPERATIONS = "TILEWORK_EXTRA_OPERATIONS"
"""The variable that names a module of own operations, here as on a worker host."""


def extra_operations() -> str:
    """Load the module of own operations, if the environment names one; its name, else nothing. Raises SettingsError."""
    module = os.environ.get(EXTRA_OPERATIONS, "").strip()
    if module:
        load_extra(module)
    return module


def pipeline_of(text: str) -> Pipeline:
    """Parse the text, or point at the character at fault and exit: a bad pipeline is wrong use."""
    extra_operations()
    try:
        return parse(text)
    except PipelineError as error:
        tell(error, pipeline=text)
        raise typer.Exit(WRONG_USE) from error
