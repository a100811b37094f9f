"""A host's sign of life: a small text that it keeps in the job table, in the place of its last one, for people to look at.

Nothing is decided by it, and losing one loses a moment's display. It tells what the host is, what each rank does, and how busy
the ranks were; so the pictures of the last hour need nobody who writes them down. An idle host's row has
half a kilobyte, that of a host of four processors that has worked for an hour a kilobyte: one write unit or two, and as many of
the index that all signs are read from.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from tilework.jobs.job import CALENDAR_END

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tilework.jobs.table import JobTable

GROUP: Final = "hosts"
"""Under which the table finds the signs of all hosts."""

SPAN_SECONDS: Final = 120
"""Of one point of a host's history: shorter, and a sign would cost more than it is worth."""

SPANS: Final = 30
"""Points of a history: an hour."""

MEMORY_SECONDS: Final = 2 * 86_400.0
"""How long the table keeps the last sign of a host: what today has cost is reckoned from those that are gone, too."""

MOST_RANKS: Final = 256
"""Of a host, whose work is told: the rest would make the text long, and nobody reads it."""

LATE: Final = 3.0
"""Times that a host may let its next sign wait before it counts as silent."""

LOST_SECONDS: Final = 600.0
"""Of silence, after which a host counts as gone."""

_LONGEST: Final = 200


class HostState(StrEnum):
    """What a host is at. ``silent`` is what a reader makes of one whose sign is overdue."""

    STARTING = "starting"
    WORKING = "working"
    IDLE = "idle"
    DRAINING = "draining"
    SILENT = "silent"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class RankWork:
    """What a rank works on: ``job``, and the ``unit`` of it if that is a large image (`stage/number`); ``since`` in seconds since the epoch.

    ``phase`` is what it was at just then (:mod:`tilework.imaging.phase`).
    """

    rank: int
    phase: str
    job: str
    unit: str
    since: float


@dataclass(frozen=True, slots=True)
class Past:
    """The last hour in spans of SPAN_SECONDS, the oldest first; ``first`` is the number of the first one since the epoch.

    ``busy`` in percent of the ranks' time, ``ended`` jobs, ``waiting`` the most messages that were seen in both queues.
    """

    first: int = 0
    busy: tuple[int, ...] = ()
    ended: tuple[int, ...] = ()
    waiting: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSign:
    """What a host tells of itself at ``at``, and again within ``again`` seconds. Times in seconds since the epoch.

    ``instance`` and ``kind`` (the instance type) are empty where it is no EC2 instance, ``spot`` says that it is a spot one.
    ``since`` is when it started, ``busy`` the share (0 to 1) of its ranks' time in the last minute that was work.
    ``waited`` is how many seconds the message that it took last had waited in its queue.
    """

    host: str
    state: HostState
    since: float
    at: float
    again: float
    ranks: int
    busy: float = 0.0
    instance: str = ""
    kind: str = ""
    spot: bool = False
    work: tuple[RankWork, ...] = ()
    jobs: int = 0
    units: int = 0
    waited: float = 0.0
    past: Past = field(default_factory=Past)

    @property
    def name(self) -> str:
        """What the table keeps it under."""
        return self.instance or self.host

    def state_at(self, now: float) -> HostState:
        """What to think of the host at ``now``: one that should have told by then is silent, and in the end gone."""
        late = now - self.at - self.again
        if self.state is HostState.GONE or late > LOST_SECONDS:
            return HostState.GONE
        return HostState.SILENT if late > (LATE - 1) * self.again else self.state


def tell(table: JobTable, sign: HostSign) -> None:
    """Keep the sign in the place of the host's last one. Raises ServiceError and the like."""
    table.remember(_row(sign.name), to_text(sign), group=GROUP, expires=sign.at + MEMORY_SECONDS)


def last(table: JobTable, name: str) -> HostSign | None:
    """What the host called ``name`` told last; None where it never did. Raises ServiceError and the like."""
    return _read(table.recall(_row(name)))


def _row(name: str) -> str:
    return f"host {name}"


def told(table: JobTable) -> list[HostSign]:
    """The last sign of every host that has told within two days, by host; what cannot be read is left out."""
    found = (_read(text) for text in table.remembered(GROUP).values())
    return sorted((sign for sign in found if sign is not None), key=lambda sign: (sign.host, sign.since))


def to_text(sign: HostSign) -> str:
    """The sign as the table keeps it."""
    document = asdict(sign) | {
        "work": [
            [each.rank, each.phase, each.job, each.unit, round(each.since, 1)]
            for each in sign.work[:MOST_RANKS]
        ],
        "since": round(sign.since),
        "at": round(sign.at, 1),
        "busy": round(sign.busy, 2),
        "waited": round(sign.waited, 1),
    }
    return json.dumps({name: value for name, value in document.items() if value}, separators=(",", ":"))


def from_text(text: str) -> HostSign:
    """The inverse of :func:`to_text`. Raises ValueError for what is no sign: whoever can write rows can write anything."""
    try:
        return _sign(json.loads(text))
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"This is no sign of life: {error!r:.100}") from error


def _read(text: str) -> HostSign | None:
    try:
        return from_text(text)
    except ValueError:
        return None


def _sign(document: Mapping[str, Any]) -> HostSign:
    past = document.get("past", {})
    series = {name: _counts(past.get(name, ())) for name in ("busy", "ended", "waiting")}
    return HostSign(
        host=_short(document["host"]),
        state=HostState(document["state"]),
        since=_number(document["since"]),
        at=_number(document["at"]),
        again=_number(document["again"]),
        ranks=int(_number(document.get("ranks", 0), 1e6)),
        busy=min(1.0, _number(document.get("busy", 0.0))),
        instance=_short(document.get("instance", "")),
        kind=_short(document.get("kind", "")),
        spot=document.get("spot", False) is True,
        work=tuple(_work(*each) for each in document.get("work", ())[:MOST_RANKS]),
        jobs=int(_number(document.get("jobs", 0), 1e6)),
        units=int(_number(document.get("units", 0), 1e6)),
        waited=_number(document.get("waited", 0.0)),
        past=Past(int(_number(past.get("first", 0))), **series),
    )


def _work(rank: object, phase: object, job: object, unit: object, since: object) -> RankWork:
    return RankWork(int(_number(rank, 1e6)), _short(phase), _short(job), _short(unit), _number(since))


def _counts(values: Iterable[object]) -> tuple[int, ...]:
    return tuple(int(_number(each)) for each in list(values)[-SPANS:])


def _number(value: object, most: float = CALENDAR_END) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(value)
    if not (math.isfinite(value) and 0 <= value <= most):
        raise ValueError(f"This is no sign of life: {value!r:.40} in it cannot be.")
    return float(value)


def _short(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    # what no text can be is left out of it, for a page must be able to send it
    return value.encode(errors="ignore").decode()[:_LONGEST]
