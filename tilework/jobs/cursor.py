"""Where a list of jobs goes on: after a row, or before a time.

Rows are listed the latest updated first, those of one moment by their id. A cursor names a place in that order, not a
number of rows, so that the next page begins where the last one ended, whatever came or went meanwhile. A row that
changes between two pages moves to the front: it is told again on the first page, and never on a later one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tilework.errors import CursorError
from tilework.jobs.job import CALENDAR_END

if TYPE_CHECKING:
    from tilework.jobs.job import Job


def order(job: Job) -> tuple[float, str]:
    """What lists are sorted by."""
    return -job.updated, job.id


LATEST = CALENDAR_END - 86_400
"""Seconds since the epoch: by then it is not yet the year 10,000 anywhere on earth. Milliseconds, which somebody may give for
seconds, are far beyond."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """After the row ``job`` that was ``updated`` then (seconds since the epoch); without a job: before that time."""

    updated: float
    job: str = ""

    def passed(self, row: Job) -> bool:
        """Whether ``row`` comes before this place, or is it: it was told already."""
        return self.passes(row.updated, row.id)

    def passes(self, moment: float, identity: str) -> bool:
        """Whether what is of this ``moment`` and ``identity`` comes before this place, or is it."""
        if moment == self.updated:
            return not self.job or identity <= self.job
        return moment > self.updated

    def __str__(self) -> str:
        return f"{self.updated!r}_{self.job}" if self.job else repr(self.updated)


def after(job: Job) -> Cursor:
    """The place behind ``job``."""
    return Cursor(job.updated, job.id)


def place(text: str) -> Cursor | None:
    """The cursor of a text, None of an empty one: where a list begins that somebody asks for. Raises CursorError."""
    return parse(text) if text else None


def parse(text: str) -> Cursor:
    """The cursor that ``str`` made, or a time: seconds since the epoch, or ISO 8601, local where it names no zone.

    Raises CursorError.
    """
    moment, _, job = text.strip().partition("_")
    try:
        return Cursor(_seconds(moment), job)
    except (ValueError, OverflowError, OSError):
        raise CursorError(f"{text[:80]!r} is neither a place in a list of jobs nor a time.") from None


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = datetime.fromisoformat(text).astimezone().timestamp()
    if not 0 <= seconds <= LATEST:
        raise ValueError(text)
    return seconds
