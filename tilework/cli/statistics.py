"""``tilework statistics``: what ended, a day and a pipeline."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from tilework.cli import consoles, statuses
from tilework.cli.joining import join_from_here
from tilework.jobs.statistics import days
from tilework.shown import bytes_shown, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tilework.jobs.statistics import Day, Tally


def run(count: int, *, json: bool) -> int:
    """Tell the last ``count`` days."""
    found = days(join_from_here().table, time.time(), count)
    if json:
        consoles.print_json_list(map(asdict, found))
    elif found:
        consoles.output().print(_table(found))
    else:
        consoles.talk().print("Nothing has ended in these days.")
    return statuses.ALL_DONE


def _table(found: Sequence[Day]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("day (UTC)")
    table.add_column("pipeline", overflow="fold")
    for name in ("done", "failed", "megapixels", "CPU s", "in", "out"):
        table.add_column(name, justify="right")
    table.add_column("failed by code", overflow="fold")
    for day in found:
        table.add_row(day.day, "all", *_numbers(day.total), style="bold")
        for pipeline, tally in day.pipelines.items():
            table.add_row("", shown(pipeline), *_numbers(tally))
    return table


def _numbers(tally: Tally) -> list[str]:
    codes = ", ".join(f"{count} {shown(code)}" for code, count in tally.codes.items())
    return [
        f"{tally.done:,}", f"{tally.failed:,}", f"{tally.megapixels:,.1f}", f"{tally.cpu_seconds:,.1f}",
        bytes_shown(tally.source_bytes), bytes_shown(tally.result_bytes), codes,
    ]  # fmt: skip
