"""Failed jobs as a table for people and programs: which, why, and the command line that tries each again."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING

from tilework.jobs.story import next_steps

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tilework.jobs.job import Job


class Format(Enum):
    """How the table is written."""

    CSV = "csv"  # RFC 4180, with a head
    JSONL = "jsonl"  # a JSON object a line


MEDIA_TYPES = {Format.CSV: "text/csv; charset=utf-8", Format.JSONL: "application/x-ndjson"}

COLUMNS = (
    "id", "state", "code", "reason", "advice", "key", "version", "pipeline", "attempts", "losses", "host", "owner",
    "batch", "created", "ended", "command",
)  # fmt: skip

_FORMULA = tuple("=+-@\t\r")
"""What a spreadsheet takes for the beginning of a formula ("CSV Injection", OWASP)."""


def record(job: Job) -> dict[str, str | int]:
    """One row: times in ISO 8601, UTC; ``host`` is the last worker; ``command`` is ready to be used."""
    told: dict[str, str | int] = {name: getattr(job, name) for name in COLUMNS if hasattr(job, name)}
    attempts = [entry for entry in job.history if entry.host]
    return {name: told.get(name, "") for name in COLUMNS} | {
        "state": job.state.value,
        "host": attempts[-1].host if attempts else job.lease_owner,
        "created": _moment(job.created),
        "ended": _moment(job.ended),
        "command": next(iter(next_steps(job)), ""),
    }


def lines(jobs: Iterable[Job], written: Format) -> Iterator[str]:
    """The table, piece by piece, as the jobs come."""
    if written is Format.JSONL:
        # ASCII: no key can play with the terminal that it is printed on
        yield from (json.dumps(record(job)) + "\n" for job in jobs)
        return
    yield _csv_line(COLUMNS)
    yield from (_csv_line(map(_cell, record(job).values())) for job in jobs)


def _csv_line(cells: Iterable[str | int]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _cell(value: str | int) -> str | int:
    """As it is, or with an apostrophe before what a spreadsheet would compute."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if seconds else ""
