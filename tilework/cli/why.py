"""``tilework why``: the story of a job."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from tilework.cli import consoles, statuses
from tilework.cli.joining import join_from_here
from tilework.cli.listing import STYLES, find_job, is_whole_id
from tilework.jobs.story import next_steps, story
from tilework.jobs.unheard import find_unheard
from tilework.shown import moment, shown

if TYPE_CHECKING:
    from tilework.jobs.job import Ask, Job


def run(job_id: str, *, json: bool) -> int:
    """Tell what happened to a job, and what can be done."""
    system, name = join_from_here(), job_id.strip().lower()
    if is_whole_id(name) and system.table.get(name) is None:
        ask = find_unheard(system, name)
        if ask is not None:
            _tell_unheard(ask, json=json)
            return statuses.ALL_DONE
    row = find_job(system.table, name)
    if json:
        consoles.print_json(document(row))
    else:
        _print(row)
    return statuses.ALL_DONE


def document(row: Job) -> dict[str, object]:
    """The row, its story as sentences, and what can be done, for programs."""
    return asdict(row) | {
        "story": [asdict(line) for line in story(row)],
        "next_steps": next_steps(row),
    }


def _tell_unheard(ask: Ask, *, json: bool) -> None:
    text = "No worker has taken it up yet: its message waits in the jobs queue, or is on its way there."
    if json:
        told = {"id": ask.job_id, "key": ask.drop.key, "version": ask.drop.version}
        consoles.print_json(told | {"story": [{"at": 0.0, "text": text}], "next_steps": []})
    else:
        consoles.output().print(f"{shown(ask.drop.key)}\n{text}", soft_wrap=True)


def _print(row: Job) -> None:
    console = consoles.output()
    console.print(Text.assemble((f"{row.state.value} ", STYLES[row.state]), shown(row.key), f"  {row.id}"))
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for line in story(row):
        table.add_row(moment(line.at), shown(line.text))
    console.print(table)
    if row.advice:
        console.print(shown(row.advice), style="dim", soft_wrap=True)
    for command in next_steps(row):
        console.print(f"  {command}", soft_wrap=True)
