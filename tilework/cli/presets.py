"""``tilework presets``: which folders name a pipeline, and the file that says so checked and put in place."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from tilework.cli import consoles, statuses
from tilework.cli.joining import NOT_FOUND, join_from_here
from tilework.cli.pipelines import load_operations
from tilework.cli.statuses import UsageError
from tilework.errors import PresetsError, SettingsError, UnreadableFileError
from tilework.jobs.bucket_presets import BucketPresets
from tilework.jobs.object_keys import DROPS, PRESETS
from tilework.jobs.preset_file import MOST_BYTES, read_presets, shipped_presets
from tilework.jobs.presets import Presets
from tilework.shown import shown

if TYPE_CHECKING:
    from pathlib import Path

CORRECT = "Correct the file, then try again: nothing was changed."


def run(*, check: Path | None, put: Path | None, json: bool) -> int:
    """List the presets of the running system, or check a file of them, and put it in place."""
    load_operations()
    if check is not None and put is not None:
        raise UsageError("--check and --set exclude each other: --set checks the file, too.")
    file = check or put
    body = _body(file) if file is not None else b""
    found = _checked(file, body) if file is not None else _listed()
    if put is not None:
        join_from_here().inputs.put(PRESETS, body, metadata={}, content_type="application/toml")
    if json:
        consoles.print_json(
            {"fault": found.fault, "presets": [asdict(one) for one in found.by_name.values()]}
        )
    else:
        _print(found)
    return statuses.SOME_FAILED if found.faults else statuses.ALL_DONE


def _listed() -> Presets:
    """The presets of the running system; without one, those that come with Tilework."""
    shipped = Presets.shipped(shipped_presets())
    try:
        inputs = join_from_here().inputs
    except SettingsError as error:
        if error.reason != NOT_FOUND:
            raise
        consoles.talk().print("No Tilework was found: these are the presets that come with it.", style="dim")
        return shipped
    return BucketPresets(inputs, shipped, time.time).latest()


def _body(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise UnreadableFileError(f"{file} cannot be read: {error.strerror}.") from error


def _checked(file: Path, body: bytes) -> Presets:
    """What the file says. Raises PresetsError with all that is wrong with it."""
    found = read_presets(body, str(file))
    if found.faults:
        raise PresetsError("\n".join(found.faults), advice=CORRECT)
    return found


def _print(found: Presets) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("folder", "pipeline", "from"):
        table.add_column(column, overflow="fold")
    for one in found.by_name.values():
        folder = Text(shown(f"{DROPS}{one.name}/"), "red" if one.fault else "bold")
        table.add_row(folder, shown(one.text), "Tilework" if one.shipped else "the bucket")
    consoles.output().print(table)
    for fault in found.faults:
        consoles.talk().print(Text.assemble(("Error: ", "bold red"), shown(fault)))
