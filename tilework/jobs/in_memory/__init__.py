"""The whole system in this process: twins of the AWS services that keep the promises that matter.

They are product code: whoever wants to run jobs without any service, in a test or in a program of their own, makes
a :func:`memory_system`. One contract suite holds them and the AWS ones to the same behaviour.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tilework.jobs.in_memory.batches import MemoryBatches
from tilework.jobs.in_memory.events import object_created
from tilework.jobs.in_memory.queue import MemoryQueue
from tilework.jobs.in_memory.store import MemoryStore
from tilework.jobs.in_memory.table import MemoryTable
from tilework.jobs.system import System

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MemoryBatches", "MemoryQueue", "MemoryStore", "MemoryTable", "memory_system", "object_created"]


def memory_system(
    clock: Callable[[], float] = time.time,
    *,
    visibility: float = 120.0,
    max_receives: int = 20,
    announce: bool = True,
) -> System:
    """Make a system that forgets everything with this process.

    ``clock`` gives seconds since the epoch. ``visibility`` (seconds) and ``max_receives`` are those of the jobs and
    the units queue. With ``announce`` each object put into the input bucket sends its S3 event to the jobs queue.
    """
    dead_letters = MemoryQueue(clock=clock)
    jobs, units = (
        MemoryQueue(clock=clock, visibility=visibility, max_receives=max_receives, dead_letters=dead_letters)
        for _ in range(2)
    )
    table = MemoryTable()
    return System(
        inputs=MemoryStore("memory-input", clock=clock, announce=jobs.send if announce else None),
        outputs=MemoryStore("memory-output", clock=clock),
        table=table,
        jobs=jobs,
        units=units,
        results=MemoryQueue(clock=clock),
        dead_letters=dead_letters,
        batches=MemoryBatches(table),
    )
