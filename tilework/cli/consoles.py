"""Where the command line writes: results to stdout, all talk to stderr; colour only on a terminal, never with NO_COLOR."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Iterable

WIDE = 400
"""Columns where nobody looks: what is piped into a file or another program is not folded to a terminal's width."""


def output() -> Console:
    """The console of results."""
    return _console(stderr=False)


def talk() -> Console:
    """The console of progress, notes and errors."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    # markup off: a file may be called [red]
    return Console(
        stderr=stderr, markup=False, highlight=False, emoji=False, width=None if stream.isatty() else WIDE
    )


def print_json(document: object) -> None:
    """Print one JSON document, sets as lists; escaped to ASCII, so that no name in it can play with a terminal."""
    sys.stdout.write(json.dumps(document, indent=2, default=sorted) + "\n")


def print_json_list(items: Iterable[object]) -> None:
    """Print a JSON list, an item a line, as the items come."""
    separator = "["
    for item in items:
        sys.stdout.write(f"{separator}\n  {json.dumps(item, default=sorted)}")
        separator = ","
    sys.stdout.write("\n]\n" if separator == "," else "[]\n")


def print_json_line(item: object) -> None:
    """Print one JSON object on a line of its own, at once: whoever reads the pipe sees it when it is true."""
    sys.stdout.write(json.dumps(item, default=sorted) + "\n")
    sys.stdout.flush()
