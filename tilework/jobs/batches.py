"""Batches: many jobs started together, seen as a whole.

Whoever starts a batch notes its name and how many jobs it will have. Where those stand is counted in the job table's
rows, which are the authority; how many have not been taken up yet is what is left of the size, since such a job has no
row. Nobody counts a large batch anew at each look: a job that is DONE or SKIPPED stays so, and so how many were at a time
that is a while ago is noted as well, once it has been counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from tilework.jobs.job import State, digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tilework.jobs.cursor import Cursor

FINAL = (State.DONE, State.SKIPPED)
"""States that a job never leaves (:data:`tilework.jobs.job.FOLLOWERS`); a retry takes it out of the other ends."""

SETTLED_SECONDS = 120.0
"""How long ago a time is of which nothing more will be heard: a row bears its writer's clock, which goes by the table's
own to some seconds, and reaches the index a moment later."""

WORTH_NOTING = 200
"""Rows that a look must have counted anew before the next one is spared them by a write: as many kilobytes, which cost
25 read units, while the write costs two."""

TITLE_CHARACTERS = 200

MOST = 100_000_000
"""Jobs in one batch: a bound on what a client can claim, far beyond what a deployment works through."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What was noted of a batch: ``size`` jobs, ``created`` in seconds since the epoch, ``owner`` empty for nobody.

    ``title`` is what a person calls it, where ``name`` is only an identity. ``final`` tells how many jobs had come to
    each state of ``FINAL`` until ``settled`` (seconds since the epoch, not included; 0 where nobody has counted yet).
    """

    name: str
    owner: str
    size: int
    title: str = ""
    created: float = 0.0
    settled: float = 0.0
    final: Mapping[State, int] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The note's identity: a name is its owner's alone."""
        return batch_id(self.owner, self.name)


def batch_id(owner: str, name: str) -> str:
    """The identity of the note of ``owner`` on the batch ``name``."""
    return digest("batch", owner, name)


def noted_again(there: Batch, later: Batch) -> Batch:
    """What is noted after a ``later`` note of the same batch: its size, and its title if it has one.

    Files are left out or called off while others are sent, so the size that is known at first may not be the last.
    """
    return replace(there, size=later.size, title=later.title or there.title)


class BatchNotes(Protocol):
    """What Tilework needs of where batches are noted. All methods raise ``ServiceError`` where the service fails for now."""

    def note(self, batch: Batch) -> Batch | None:
        """Note a batch: None where it is the first note of its owner and name, else what is noted now, by :func:`noted_again`.

        Of notes written at once the last one counts, and one of them is the first.
        """
        ...

    def get(self, name: str, *, owner: str = "") -> Batch | None:
        """The note of that owner and name (strongly consistent), or None."""
        ...

    def recent(
        self, limit: int | None = None, *, owner: str = "", before: Cursor | None = None
    ) -> Iterator[Batch]:
        """The notes of an owner, the latest created first (eventually consistent), at most ``limit``.

        ``before`` is a time, or a place behind a note: its ``job`` is then the note's id.
        """
        ...

    def settle(self, batch: Batch) -> None:
        """Keep ``settled`` and ``final`` of a note, unless a later ``settled`` is there already, or no note at all."""
        ...

    def count(
        self, name: str, since: Mapping[State, float], *, owner: str = "", until: float | None = None
    ) -> Mapping[State, int]:
        """How many jobs of the batch are in each state of ``since`` and came to it at that time or later, before ``until``.

        Times are those of the rows (eventually consistent). Of one owner, or of all where that is empty.
        """
        ...


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the jobs of a batch stand: how many of ``size`` are in which state, and when the rest may be over.

    ``size`` is None where nobody noted it, and at least as many as there are rows. ``waiting`` are those of the size that
    nobody has taken up yet. ``seconds_left`` is an estimate, None where nothing is known to go by.
    """

    name: str
    title: str
    size: int | None
    created: float
    states: Mapping[State, int]
    waiting: int
    seconds_left: float | None

    @property
    def ended(self) -> int:
        """Jobs that are over."""
        return sum(count for state, count in self.states.items() if state.is_end)

    @property
    def is_over(self) -> bool:
        """Whether every job of the noted size has ended."""
        return self.size is not None and self.ended >= self.size


def standing(
    notes: BatchNotes, name: str, now: float, *, owner: str = "", only: str | None = None
) -> Standing | None:
    """Where the batch that ``owner`` noted stands at ``now``; None where nothing of it is known, neither a note nor a job.

    Jobs of ``only`` this owner are counted, of all where it is empty; it is the note's where it is not given.
    """
    counted = owner if only is None else only
    batch = notes.get(name, owner=owner)
    since, before = (batch.settled, batch.final) if batch else (0.0, {})
    looked_at = {state: since if state in FINAL else 0.0 for state in State}
    fresh = notes.count(name, looked_at, owner=counted)
    states = {state: count + before.get(state, 0) for state, count in fresh.items()}
    known = sum(states.values())
    if batch is None and not known:
        return None
    if batch is not None:
        _settle(notes, batch, fresh, now, counted)
    size = max(batch.size, known) if batch else None
    told = Standing(
        name,
        batch.title if batch else "",
        size,
        batch.created if batch else 0.0,
        states,
        (size or known) - known,
        None,
    )
    rate_since = since or told.created
    ended = sum(count for state, count in fresh.items() if state in FINAL)
    return replace(told, seconds_left=_left(told, ended, now - rate_since if rate_since else 0.0))


def _settle(notes: BatchNotes, batch: Batch, fresh: Mapping[State, int], now: float, counted: str) -> None:
    """Note what was final a while ago, where the next look is spared much by it."""
    until = now - SETTLED_SECONDS
    if sum(fresh[state] for state in FINAL) < WORTH_NOTING or until <= batch.settled:
        return
    since = dict.fromkeys(FINAL, batch.settled)
    found = notes.count(batch.name, since, owner=counted, until=until)
    if any(found.values()):
        final = {state: batch.final.get(state, 0) + found[state] for state in FINAL}
        notes.settle(replace(batch, settled=until, final=final))


def _left(told: Standing, ended: int, seconds: float) -> float | None:
    """Seconds until the rest is over, if it goes on as the ``ended`` jobs of the last ``seconds`` did."""
    if told.size is None or not ended or seconds <= 0:
        return None
    return (told.size - told.ended) * seconds / ended
