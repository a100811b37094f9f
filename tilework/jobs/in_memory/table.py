"""A job table that lives in this process."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from tilework.jobs.cursor import order
from tilework.jobs.table import check_follows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from tilework.jobs.cursor import Cursor
    from tilework.jobs.job import Job, State


class MemoryTable:
    """The in-memory twin of the DynamoDB table. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[str, Job] = {}
        self._counters: dict[str, Counter[str]] = {}
        self._groups: dict[str, set[str]] = {}
        self._texts: dict[str, str] = {}

    def get(self, job_id: str) -> Job | None:
        """Return the row as it is now, or None."""
        with self._lock:
            return self._rows.get(job_id)

    def create(self, job: Job) -> Job | None:
        """Write the row if there is none of its id: None when written, else the row that is there."""
        with self._lock:
            there = self._rows.get(job.id)
            if there is None:
                self._rows[job.id] = job
            return there

    def replace(self, job: Job, *, seen: Job) -> Job | None:
        """Write ``job`` if the row's serial is still ``seen.serial``: None when written, else the row there."""
        check_follows(job, seen)
        with self._lock:
            there = self._rows[job.id]
            if there.serial != seen.serial:
                return there
            self._rows[job.id] = job
            return None

    def mark_done(
        self, job_id: str, units: Collection[int], *, epoch: int, stage: str, now: float
    ) -> Job | None:
        """Add ``units`` to the row's set of done ones if it runs in this epoch and stage: the row then, else None."""
        with self._lock:
            there = self._rows.get(job_id)
            if there is None or not there.runs(epoch, stage):
                return None
            done = there.units_done | frozenset(units)
            self._rows[job_id] = replace(there, units_done=done, touched=now, serial=there.serial + 1)
            return self._rows[job_id]

    def delete(self, job_id: str) -> None:
        """Forget the row."""
        with self._lock:
            self._rows.pop(job_id, None)

    def list(
        self,
        state: State | None = None,
        limit: int | None = None,
        *,
        batch: str = "",
        owner: str = "",
        before: Cursor | None = None,
        since: float = 0.0,
    ) -> Iterator[Job]:
        """List rows, the latest updated first, of one state, batch, owner or all, from ``before`` on, at most ``limit``."""
        with self._lock:
            rows = list(self._rows.values())
        wanted = (
            row
            for row in rows
            if (state is None or row.state is state)
            and (not batch or row.batch == batch)
            and (not owner or row.owner == owner)
            and (before is None or not before.passed(row))
            and row.updated >= since
        )
        return islice(sorted(wanted, key=order), limit)

    def of_id(self, digits: str) -> Iterator[Job]:
        """Every row whose id begins with ``digits``."""
        with self._lock:
            return iter([row for row in self._rows.values() if row.id.startswith(digits)])

    def of_key(self, key: str) -> Iterator[Job]:
        """Every row about a version of the object ``key``."""
        with self._lock:
            return iter([row for row in self._rows.values() if row.key == key])

    def add(self, name: str, amounts: Mapping[str, float], *, group: str = "") -> None:
        """Add ``amounts`` to the counters of the statistics row called ``name``, which then is of ``group``."""
        with self._lock:
            counter = self._counters.setdefault(name, Counter())
            for what, amount in amounts.items():
                counter[what] += amount  # type: ignore[assignment]  # Counter's stub knows int only
            if group:
                self._groups.setdefault(group, set()).add(name)

    def group(self, group: str) -> Mapping[str, Mapping[str, float]]:
        """Return the counters of all statistics rows of ``group``, by their names."""
        with self._lock:
            return {name: dict(self._counters[name]) for name in sorted(self._groups.get(group, ()))}

    def counters(self, name: str) -> Mapping[str, float]:
        """Return the counters of the statistics row called ``name``."""
        with self._lock:
            return dict(self._counters.get(name, {}))

    def count(self, name: str, *, expires: float) -> int:  # noqa: ARG002 - it keeps all
        """Add one to the counter called ``name``, and tell how many it then is."""
        with self._lock:
            counter = self._counters.setdefault(name, Counter())
            counter["count"] += 1
            return counter["count"]

    def remember(self, name: str, text: str, *, group: str = "", expires: float = 0.0) -> None:  # noqa: ARG002
        """Keep ``text`` under ``name``, in the place of what was there, as long as this process lives."""
        with self._lock:
            self._texts[name] = text
            if group:
                self._groups.setdefault(group, set()).add(name)

    def remembered(self, group: str) -> Mapping[str, str]:
        """Return all that was remembered with ``group``, by name."""
        with self._lock:
            return {name: self._texts[name] for name in sorted(self._groups.get(group, ()))}

    def recall(self, name: str) -> str:
        """Return what was last remembered under ``name``; empty where nothing was."""
        with self._lock:
            return self._texts.get(name, "")
