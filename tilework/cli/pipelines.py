"""The pipeline that a command was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from tilework.cli.statuses import WRONG_USE, tell
from tilework.cli.surroundings import extra_operations
from tilework.errors import PipelineError
from tilework.imaging.operations import load_extra
from tilework.imaging.pipeline import framed, parse

if TYPE_CHECKING:
    from tilework.imaging.pipeline import Pipeline


def load_extra_operations() -> None:
    """Load the module of own operations, if the environment names one. Raises SettingsError."""
    module = extra_operations()
    if module:
        load_extra(module)


def pipeline_of(text: str, *, page: int | None = None, output: str | None = None) -> Pipeline:
    """Parse the text, or point at the character at fault and exit: a bad pipeline is wrong use.

    ``page`` and ``output`` overrule what the text says of them.
    """
    load_extra_operations()
    try:
        return framed(parse(text), page=None if page is None else str(page), output=output)
    except PipelineError as error:
        tell(error, pipeline=text)
        raise typer.Exit(WRONG_USE) from error
