"""The services of one deployment, as every process that joins it gets them: built once, at its start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tilework.jobs.batches import BatchNotes
    from tilework.jobs.queues import Queue
    from tilework.jobs.stores import ObjectStore
    from tilework.jobs.table import JobTable


@dataclass(frozen=True, slots=True)
class System:
    """Two buckets, four queues, one table, and what was noted of batches."""

    inputs: ObjectStore
    outputs: ObjectStore
    table: JobTable
    jobs: Queue
    units: Queue
    results: Queue
    dead_letters: Queue
    batches: BatchNotes
