"""The pipeline that a command was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from tilework.cli import surroundings
from tilework.cli.statuses import WRONG_USE, tell
from tilework.errors import PipelineError
from tilework.imaging.pipeline import framed, parse
from tilework.imaging.plugins import load_own_operations

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
        tell(error, pipeline=text)
        raise typer.Exit(WRONG_USE) from error
