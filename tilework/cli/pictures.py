"""``tilework pictures``: the pictures that pipelines can name, and a file checked and put in place as one."""

from __future__ import annotations

import mimetypes
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from tilework.cli import consoles, statuses
from tilework.cli.joining import join_from_here
from tilework.cli.statuses import UsageError
from tilework.cli.surroundings import limits_of
from tilework.errors import UnreadableFileError
from tilework.imaging.operations.parameters import MOST_NAME_CHARACTERS
from tilework.imaging.pictures import check_stored, read_picture
from tilework.imaging.pipeline import is_picture_name
from tilework.jobs.object_keys import PICTURES, picture_key
from tilework.shown import bytes_shown, shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tilework.jobs.stores import ObjectVersion


def run(*, put: Path | None, name: str, json: bool) -> int:
    """List the pictures of the running system, or check a file and put it in place as one."""
    if put is None and name:
        raise UsageError("--name is what the picture of --set FILE is to be called.")
    if put is not None:
        _set(put, name or put.stem)
    found = [each for each in join_from_here().inputs.list(PICTURES) if each.key != PICTURES]
    _print_json(found) if json else _print_table(found)
    return statuses.ALL_DONE


def _print_json(found: Sequence[ObjectVersion]) -> None:
    told = [
        {"name": name, "version": each.version, "bytes": each.size, "usable": is_picture_name(name)}
        for each in found
        for name in [each.key.removeprefix(PICTURES)]
    ]
    consoles.print_json({"pictures": told})


def _print_table(found: Sequence[ObjectVersion]) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("picture", "bytes", "version"):
        table.add_column(column, overflow="fold")
    for each in found:
        name = each.key.removeprefix(PICTURES)
        told = Text(shown(name), "bold")
        if not is_picture_name(name):
            told = Text.assemble((shown(name), "dim"), (" (no pipeline can name it)", "yellow"))
        table.add_row(told, bytes_shown(each.size), shown(each.version))
    consoles.output().print(table)


def _set(file: Path, name: str) -> None:
    if not is_picture_name(name):
        raise UsageError(
            f"{name!r} is no name that a pipeline could use.",
            advice=f"Give it one of at most {MOST_NAME_CHARACTERS} letters, digits and _, beginning with a letter: --name NAME.",
        )
    limits = limits_of(None)
    try:
        check_stored(name, file.stat().st_size, limits)
        body = file.read_bytes()
    except OSError as error:
        raise UnreadableFileError(f"{file} cannot be read: {error.strerror}.") from error
    read_picture(name, body, limits)
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    join_from_here().inputs.put(picture_key(name), body, metadata={}, content_type=kind)
