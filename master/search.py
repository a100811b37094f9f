"""What of a list of jobs somebody looks for, and how far one request goes for it.

No index knows the words of keys and pipelines. So a search goes through the rows in the order of the list, a bounded number
of them a request, and says how many it looked at and where the next one goes on. It is the same over any table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.jobs import cursor
from tilework.jobs.job import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tilework.jobs.cursor import Cursor
    from tilework.jobs.job import Job
    from tilework.jobs.table import JobTable
    from tilework.sign_in import Who

LOOKED_AT = 2000
"""Rows that one request looks at: of a kilobyte each, they are read from the shelves of an index in well under a second, for
0.0001 USD."""


@dataclass(frozen=True, slots=True)
class Found:
    """A page: its rows, how many were looked at, and where the next page begins; None where there is none."""

    rows: Sequence[Job]
    searched: int
    place: Cursor | None


@dataclass(frozen=True, slots=True)
class Search:
    """Rows of a failure's ``code``, whose key and pipeline have all words of ``text``."""

    code: str = ""
    text: str = ""

    @property
    def picks(self) -> bool:
        """Whether rows are left out in between, and not only at the end."""
        return bool(self.code or self.text.split())

    def page(self, rows: Iterable[Job], limit: int) -> Found:
        """Up to ``limit`` of ``rows``, which are the latest changed first, and one more than may be looked at."""
        words = self.text.casefold().split()
        return picked(rows, limit, lambda row: self._fits(row, words))

    def _fits(self, row: Job, words: list[str]) -> bool:
        if self.code and row.code != self.code:
            return False
        text = f"{row.key}\n{row.pipeline}".casefold()
        return all(word in text for word in words)


def failed(
    table: JobTable,
    who: Who,
    fits: Callable[[Job], bool],
    *,
    batch: str,
    before: str,
    limit: int | None = None,
) -> Found:
    """The FAILED jobs that ``fits`` picks of those that ``who`` may see, of one batch or all, as :func:`picked`.

    ``before`` is the place of the page before, or empty. Raises CursorError.
    """
    place = cursor.place(before)
    rows = table.list(State.FAILED, LOOKED_AT + 1, batch=batch, owner=who.only, before=place)
    return picked(rows, limit, fits)


def picked(rows: Iterable[Job], limit: int | None, fits: Callable[[Job], bool]) -> Found:
    """Up to ``limit`` (None: all) of the ``rows`` that ``fits`` picks, out of at most :data:`LOOKED_AT`.

    Of ``rows``, the latest changed first, one more tells whether there are more.
    """
    told: list[Job] = []
    last: Job | None = None
    searched = 0
    for row in rows:
        if last is not None and (len(told) == limit or searched == LOOKED_AT):
            return Found(told, searched, cursor.after(last))
        searched += 1
        last = row
        if fits(row):
            told.append(row)
    return Found(told, searched, None)
