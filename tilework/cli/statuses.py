"""Exit statuses, and how a failure of the whole command is told."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text

from tilework.api.failures import NotSignedInError, NotThereError, NotThroughApiError, SignInError
from tilework.cli.consoles import talk
from tilework.errors import (
    CursorError,
    MetadataError,
    PictureError,
    PipelineError,
    PresetsError,
    ServiceError,
    SettingsError,
    TileworkError,
    VersionGoneError,
    WrongStateError,
)
from tilework.shown import shown

ALL_DONE = 0
SOME_FAILED = 1
WRONG_USE = 2
"""Also what the command line itself answers to an option that does not exist."""

NOT_REACHED = 3
"""A service, or the MPI world, could not be had."""

INTERRUPTED = 130
"""As shells say it of a program that Ctrl-C ended."""

NOBODY_THERE = "Is the system still running? `make run` starts a local one; `.tilework/local.env` is there while it runs."
"""What to do about a service that did not answer, for whoever waits at a terminal."""


class UsageError(TileworkError):
    """The command was called in a way that makes no sense."""

    code = "wrong_use"
    advice = "Read `tilework --help`, or the help of the command."


WRONG = (
    UsageError,
    PipelineError,
    PictureError,
    PresetsError,
    SettingsError,
    MetadataError,
    CursorError,
    VersionGoneError,
    WrongStateError,
    NotSignedInError,
    NotThereError,
    NotThroughApiError,
    SignInError,
)
"""What the user can put right by asking for something else."""


def status_of(error: TileworkError) -> int:
    """The exit status that tells ``error``."""
    return WRONG_USE if isinstance(error, WRONG) else NOT_REACHED


def tell(error: TileworkError, *, pipeline: str | None = None) -> None:
    """Say what failed, why, and what to do, on stderr.

    ``pipeline`` is the text that a PipelineError is about: shown, with a caret under the character at fault.
    """
    console = talk()
    console.print(Text.assemble(("Error: ", "bold red"), _lines(_sentence(error.reason))))
    if pipeline is not None and isinstance(error, PipelineError) and error.position is not None:
        indent = " " * (2 + cell_len(shown(pipeline[: error.position])))
        console.print(Text.assemble(f"\n  {shown(pipeline)}\n{indent}", ("^", "bold red"), "\n"))
    advice = NOBODY_THERE if isinstance(error, ServiceError) else error.advice
    if advice:
        console.print(Text(_lines(advice), style="dim"))


def _lines(text: str) -> str:
    """Shown harmlessly, line by line: what quotes a log has several."""
    return "\n".join(map(shown, text.splitlines()))


def _sentence(reason: str) -> str:
    """With a capital letter and a full stop, whichever is missing."""
    sentence = reason[:1].upper() + reason[1:]
    return sentence if sentence.endswith((".", "!", "?", ":")) or "\n" in sentence else f"{sentence}."
