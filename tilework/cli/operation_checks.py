"""``tilework operations --check``: operations held to what every operation promises."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from tilework.cli import consoles, statuses
from tilework.cli.operations import named, tell_of_disabled
from tilework.cli.pipelines import load_operations
from tilework.cli.progress import Progress
from tilework.imaging.operations import registry
from tilework.imaging.plugins import origin_of
from tilework.shown import shown
from tilework.testing import PROMISES, check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tilework.testing import Findings


def run(names: Sequence[str], seconds: float, *, json: bool) -> int:
    """Try the operations of these names, or all, each for some seconds."""
    load_operations()
    chosen = [named(name) for name in names] or list(registry().values())
    found: list[Findings] = []
    with Progress("Trying", len(chosen)) as progress:
        for operation in chosen:
            progress.show(len(found), len(chosen), operation.name)
            found.append(check(operation, seconds=seconds, speed=True))
    if json:
        consoles.print_json([_document(one) for one in found])
    else:
        _print(found)
    tell_of_disabled()
    return statuses.SOME_FAILED if any(found) else statuses.ALL_DONE


def _document(found: Findings) -> dict[str, object]:
    told = asdict(found)
    if found.speed is not None:
        told["speed"]["ratio"] = found.speed.ratio
    return told


def _print(found: Sequence[Findings]) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("operation", "from", "trials", "of OpenCV's speed", "promises"):
        table.add_column(column)
    for one in found:
        table.add_row(
            Text(one.operation, "bold"),
            shown(str(origin_of(one.operation))),
            str(one.tried),
            "" if one.speed is None else f"{one.speed.ratio:.2f}",
            Text(f"{len(one.broken)} broken", "bold red") if one else Text(_kept(one), "green"),
        )
    console = consoles.output()
    console.print(table)
    for one in found:
        for finding in one:
            promise = PROMISES[finding.promise]
            console.print(Text.assemble((one.operation, "bold"), f": {promise}\n  ", shown(finding.sentence)))


def _kept(found: Findings) -> str:
    return f"kept; tiles differ by up to {found.unlike:g}" if found.unlike else "kept"
