"""``tilework jobs`` and ``tilework job``: what the job table says."""

from __future__ import annotations

import heapq
import re
import time
from dataclasses import asdict
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

from tilework.cli import consoles, statuses
from tilework.cli.joining import join_from_here
from tilework.cli.statuses import UsageError
from tilework.jobs import cursor
from tilework.jobs.job import ID_HEX_DIGITS, Job, State
from tilework.jobs.pictures import pictures_of
from tilework.jobs.staged import progress
from tilework.shown import bytes_shown, moment, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tilework.jobs.table import JobTable

STYLES = {
    State.QUEUED: "dim",
    State.RUNNING: "cyan",
    State.DONE: "green",
    State.FAILED: "red",
    State.SKIPPED: "yellow",
    State.CANCELLED: "yellow",
}

SHORT_ID = 8
"""Digits of an id in a table; `tilework job` takes them as they are."""

LEAST_PREFIX = 4

_ID = re.compile(r"[0-9a-f]+")


def run_jobs(states: Sequence[State], *, limit: int | None, before: str, batch: str, json: bool) -> int:
    """List the jobs, the latest changed first."""
    place = cursor.place(before)
    # one more tells whether there are more
    most = None if limit is None else limit + 1
    table = join_from_here().table
    lists = [table.list(state, most, batch=batch, before=place) for state in dict.fromkeys(states) or [None]]
    rows = _bounded(heapq.merge(*lists, key=cursor.order), limit)
    if json:
        consoles.print_json_list(map(_document, rows))
    else:
        _print_table(list(rows))
    return statuses.ALL_DONE


def _bounded(rows: Iterator[Job], limit: int | None) -> Iterator[Job]:
    """At most ``limit`` rows; where there are more, how to see them is told at the end."""
    last = None
    for last in islice(rows, limit):
        yield last
    if last is not None and next(rows, None) is not None:
        consoles.talk().print(f"There are more: --before {cursor.after(last)}", soft_wrap=True)


def _print_table(rows: Sequence[Job]) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("job", "state", "image", "pipeline"):
        table.add_column(name, overflow="fold")
    table.add_column("seconds", justify="right")
    table.add_column("changed")
    table.add_column("result, or why not", overflow="fold")
    for row in rows:
        table.add_row(
            row.id[:SHORT_ID], Text(row.state.value, STYLES[row.state]), _image(row), shown(row.pipeline),
            f"{row.seconds:.2f}" if row.seconds else "", moment(row.updated),
            shown(row.result_key or row.reason or _progress(row)),
        )  # fmt: skip
    if rows:
        consoles.output().print(table)
    else:
        consoles.talk().print("There are no such jobs.")


def _image(row: Job) -> str:
    return shown(row.key) if row.key else "(a message that nobody can read)"


def _document(row: Job) -> dict[str, Any]:
    """The row for programs, and how far a job in stages has come; null for any other."""
    reached = progress(row, time.time())
    return asdict(row) | {"progress": None if reached is None else asdict(reached)}


def _progress(row: Job) -> str:
    """The same for people; empty for any other."""
    reached = progress(row, time.time())
    if reached is None:
        return ""
    left = (
        ""
        if reached.seconds_left is None
        else f", about {timedelta(seconds=round(reached.seconds_left))} left"
    )
    return f"{reached.done} of {reached.total} units{left}"


def run_job(job_id: str, *, json: bool) -> int:
    """Tell everything about one job."""
    row = find_job(join_from_here().table, job_id)
    if json:
        consoles.print_json(_document(row))
    else:
        _print_job(row)
    return statuses.ALL_DONE


def is_whole_id(text: str) -> bool:
    """Whether ``text`` is all the digits of a job's id."""
    return len(text) == ID_HEX_DIGITS and _ID.fullmatch(text) is not None


def no_such_job(text: str) -> UsageError:
    """The failure of asking for a job that is not there."""
    return UsageError(
        f"There is no job {text}, or no worker has taken it up yet.",
        advice="See `tilework jobs`; `tilework why` with the whole id also finds what waits.",
    )


def find_job(table: JobTable, job_id: str) -> Job:
    """The row of an id, or of the only one that begins with ``job_id``. Raises UsageError."""
    text = job_id.strip().lower()
    if not _ID.fullmatch(text) or len(text) > ID_HEX_DIGITS:
        raise UsageError(
            f"{text!r} is no job id: those have {ID_HEX_DIGITS} hexadecimal digits.",
            advice="See `tilework jobs`.",
        )
    if is_whole_id(text):
        found = table.get(text)
        rows = [found] if found else []
    elif len(text) < LEAST_PREFIX:
        raise UsageError(f"Give at least {LEAST_PREFIX} digits of a job's id.", advice="See `tilework jobs`.")
    else:
        rows = list(table.of_id(text))
    if len(rows) == 1:
        return rows[0]
    if not rows:
        raise no_such_job(text)
    raise UsageError(
        f"{len(rows)} jobs begin with {text}: {', '.join(row.id for row in rows[:5])}.",
        advice="Give more digits.",
    )


def _print_job(row: Job) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in _facts(row):
        if value:
            table.add_row(name, value if isinstance(value, Text) else shown(value))
    consoles.output().print(table)


def _facts(row: Job) -> Iterator[tuple[str, str | Text]]:
    yield "job", row.id
    yield "state", Text(row.state.value, STYLES[row.state])
    yield "progress", _progress(row)
    yield "reason", f"{row.reason} ({row.code})" if row.code else ""
    yield "advice", row.advice
    yield "note", row.note
    yield "image", row.key
    yield "version", row.version
    yield "pipeline", row.pipeline
    pictures = pictures_of(row.pictures)
    yield "pictures", ", ".join(f"{name} ({each.version})" for name, each in pictures.items())
    size = f"{row.width} x {row.height} {row.dtype}, " if row.width else ""
    yield "size", f"{size}{bytes_shown(row.source_bytes)}" if row.source_bytes else ""
    yield "result", row.result_key
    yield "seconds of work", f"{row.seconds:.2f}" if row.seconds else ""
    yield "attempts", f"{row.attempts}" + (f", {row.losses} lost with their host" if row.losses else "")
    yield "worker", row.lease_owner
    yield "owner", row.owner
    yield "batch", row.batch
    for name in ("created", "started", "updated", "ended"):
        yield name, moment(getattr(row, name))
