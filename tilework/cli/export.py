"""``tilework export``: the failed jobs as a table, to stdout; how many of how many, to stderr."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

from tilework.cli import consoles, statuses
from tilework.cli.joining import join_from_here
from tilework.jobs.export import Format, lines
from tilework.jobs.job import State
from tilework.remedies import may_succeed
from tilework.shown import shell_word, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tilework.jobs.job import Job


def run(written: str, *, code: str, batch: str) -> int:
    """Print the table."""
    table = join_from_here().table
    codes: Counter[str] = Counter()
    rows = (row for row in table.list(State.FAILED, batch=batch) if not code or row.code == code)
    for piece in lines(_counted(rows, codes), Format(written)):
        sys.stdout.write(piece)
    sys.stdout.flush()
    # only within a batch is it worth counting all
    total = sum(1 for _ in table.list(batch=batch)) if batch else None
    _summarize(codes, total, batch, code)
    return statuses.ALL_DONE


def _counted(rows: Iterable[Job], codes: Counter[str]) -> Iterator[Job]:
    for row in rows:
        codes[row.code] += 1
        yield row


def _summarize(codes: Counter[str], total: int | None, batch: str, code: str) -> None:
    of = f" of {total:,}" if total is not None else ""
    by_code = ", ".join(f"{count:,} {shown(name)}" for name, count in codes.most_common())
    talk = consoles.talk()
    talk.print(f"{codes.total():,}{of} jobs failed{': ' if by_code else ''}{by_code}.", soft_wrap=True)
    if any(map(may_succeed, codes)):
        chosen = "".join(
            f" {name} {shell_word(value)}" for name, value in (("--code", code), ("--batch", batch)) if value
        )
        talk.print(f"To try them again: tilework retry --failed{chosen}", soft_wrap=True)
