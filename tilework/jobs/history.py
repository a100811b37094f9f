"""The history of a job, kept in its row: its attempts, and what the keeper or a user did between them.

It is written within the writes that happen anyway, so that knowing it costs none. It is bounded: the first entries go
when there are more than ``MOST``, and a reason is cut.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST = 20
"""Entries that a row keeps: as many as there are losses before the job ends, at some 100 bytes each."""

REASON_CHARACTERS = 160
"""Of a reason in the history; the row itself has the last one whole."""

NAME_CHARACTERS = 64


class Deed(StrEnum):
    """What an entry is about: an attempt of a worker, or what somebody else did to the job."""

    ATTEMPT = "attempt"
    QUEUED = "queued"  # the keeper, or a backfill, sent a message for it
    RETRIED = "retried"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """How an attempt ended."""

    DONE = "done"
    FAILED = "failed"  # and the job with it
    SKIPPED = "skipped"
    TRY_AGAIN = "try again"  # it failed, and another may follow
    HANDED_BACK = "handed back"  # a drain, or a host at fault: it costs nothing
    LOST = "lost"  # its lease ran out, and nobody said why
    CANCELLED = "cancelled"  # the job was called off under it


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a job's history. Times in seconds since the epoch; an ``end`` of 0: it is not over.

    ``number`` is the lease's, ``host`` the worker's name, ``rank`` the MPI rank that worked, from 1; 0 where nobody
    knows. ``reason`` says why, in short.
    """

    deed: Deed
    start: float
    end: float = 0.0
    number: int = 0
    host: str = ""
    rank: int = 0
    outcome: Outcome | None = None
    code: str = ""
    reason: str = ""


History = tuple[Entry, ...]
"""The oldest entry first."""


def begun(history: History, *, number: int, host: str, now: float) -> History:
    """``history`` with an attempt that begins now."""
    return _kept((*history, Entry(Deed.ATTEMPT, _rounded(now), number=number, host=host[:NAME_CHARACTERS])))


def over(
    history: History, outcome: Outcome, now: float, *, rank: int = 0, code: str = "", reason: str = ""
) -> History:
    """``history`` with its last attempt ended now; as it is where that has ended already."""
    if not history or not is_open(history[-1]):
        return history
    cut = reason if len(reason) <= REASON_CHARACTERS else f"{reason[: REASON_CHARACTERS - 1]}…"
    ended = replace(
        history[-1], end=_rounded(now), rank=rank, outcome=outcome, code=code[:NAME_CHARACTERS], reason=cut
    )
    return (*history[:-1], ended)


def noted(history: History, deed: Deed, now: float, reason: str = "") -> History:
    """``history`` with what somebody did to the job just now."""
    moment = _rounded(now)
    return _kept((*history, Entry(deed, moment, moment, reason=reason[:REASON_CHARACTERS])))


def is_open(entry: Entry) -> bool:
    """Whether the entry is an attempt that nobody has ended yet."""
    return entry.deed is Deed.ATTEMPT and entry.outcome is None


def to_text(history: History) -> str:
    """As a row holds it: a JSON list of lists, without the defaults at the end of each."""
    return json.dumps([_trimmed(entry) for entry in history], ensure_ascii=False, separators=(",", ":"))


def from_text(text: str) -> History:
    """The inverse of :func:`to_text`; fields of a newer version are passed over."""
    return tuple(_entry(values) for values in json.loads(text))


def _kept(entries: History) -> History:
    return entries[-MOST:]


def _rounded(moment: float) -> float:
    # milliseconds are more than enough, and shorter
    return round(moment, 3)


_NOTHING = (0, "", None)


def _trimmed(entry: Entry) -> list[object]:
    values = [getattr(entry, field.name) for field in fields(Entry)]
    # deed and start are there always, also of an entry that began at 0
    while len(values) > 2 and values[-1] in _NOTHING:  # noqa: PLR2004
        values.pop()
    return values


def _entry(values: Iterable[Any]) -> Entry:
    known: dict[str, Any] = dict(zip((field.name for field in fields(Entry)), values, strict=False))
    outcome = known.get("outcome")
    return Entry(**known | {"deed": Deed(known["deed"]), "outcome": Outcome(outcome) if outcome else None})
