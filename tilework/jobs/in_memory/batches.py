"""Notes of batches that live in this process."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from tilework.jobs.batches import batch_id, noted_again

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tilework.jobs.batches import Batch
    from tilework.jobs.cursor import Cursor
    from tilework.jobs.in_memory.table import MemoryTable
    from tilework.jobs.job import State


class MemoryBatches:
    """The in-memory twin of the notes in DynamoDB; the jobs are those of ``table``. Thread-safe."""

    def __init__(self, table: MemoryTable) -> None:
        self._table = table
        self._lock = threading.Lock()
        self._notes: dict[str, Batch] = {}

    def note(self, batch: Batch) -> Batch | None:
        """Note a batch: None where it is the first note of its owner and name, else what is noted now."""
        with self._lock:
            there = self._notes.get(batch.id)
            now = noted_again(there, batch) if there else batch
            self._notes[batch.id] = now
            return now if there else None

    def get(self, name: str, *, owner: str = "") -> Batch | None:
        """Return the note of that owner and name, or None."""
        with self._lock:
            return self._notes.get(batch_id(owner, name))

    def recent(
        self, limit: int | None = None, *, owner: str = "", before: Cursor | None = None
    ) -> Iterator[Batch]:
        """The notes of an owner, the latest created first."""
        with self._lock:
            notes = [note for note in self._notes.values() if note.owner == owner]
        wanted = (note for note in notes if before is None or not before.passes(note.created, note.id))
        return islice(sorted(wanted, key=lambda note: (-note.created, note.id)), limit)

    def settle(self, batch: Batch) -> None:
        """Keep ``settled`` and ``final`` of a note, unless a later ``settled`` is there already, or no note."""
        with self._lock:
            there = self._notes.get(batch.id)
            if there is not None and there.settled < batch.settled:
                self._notes[batch.id] = replace(there, settled=batch.settled, final=dict(batch.final))

    def count(
        self, name: str, since: Mapping[State, float], *, owner: str = "", until: float | None = None
    ) -> Mapping[State, int]:
        """How many jobs of the batch are in each state of ``since`` and came to it at that time or later."""
        found = Counter(
            row.state
            for row in self._table.list(batch=name)
            if row.state in since
            and row.updated >= since[row.state]
            and (until is None or row.updated < until)
            and (not owner or row.owner == owner)
        )
        return {state: found[state] for state in since}
