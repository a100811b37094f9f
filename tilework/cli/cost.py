"""``tilework cost``: what a deployment costs idle, what work costs, and a month of both."""

from __future__ import annotations

import json as documents
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table

from tilework.bill.deployment import read
from tilework.bill.reckoning import Load, Reckoning, reckon
from tilework.cli import consoles, statuses
from tilework.cli.statuses import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tilework.bill.usage import Line


def run(template: Path, load: Load, *, json: bool) -> int:
    """Reckon with the template of this file."""
    try:
        told: dict[str, Any] = documents.loads(template.read_text())
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{template} cannot be read as a template: {error}",
            advice="Run `make synth`, or name one by --template.",
        ) from error
    found = reckon(read(told), load)
    if json:
        consoles.print_json(found.as_json())
    else:
        _tell(found)
    return statuses.ALL_DONE


def _tell(found: Reckoning) -> None:
    console = consoles.output()
    for title, bill in found.bills().items():
        console.print(f"{title}", style="bold")
        console.print(_table(bill))
    for note in found.notes():
        console.print(note, style="dim")


def _table(bill: Sequence[Line]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for name in ("amount", "USD each", "free of it", "USD by list", "USD"):
        table.add_column(name, justify="right")
    for line in bill:
        table.add_row(
            line.label,
            f"{line.amount:,.4g}",
            f"{line.price:.4g}",
            f"{line.free:,.0f}",
            f"{line.listed:.4f}",
            f"{line.usd:.4f}",
        )
    table.add_row(
        "together", "", "", "", f"{sum(line.listed for line in bill):.4f}", f"{sum(line.usd for line in bill):.4f}",
        style="bold",
    )  # fmt: skip
    return table
