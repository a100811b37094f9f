"""A job that this host holds: its message, its row under our lease, and how its work has gone so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tilework.jobs.job import Job
    from tilework.jobs.queues import Message
    from worker_image.task import Task


@dataclass(slots=True, eq=False)
class Held:
    """``renewed`` is when the lease was last taken or renewed (seconds of boottime).

    ``worlds`` counts those that ended with this job in them; ``deaths`` the times that the very process working on it
    ended, be it a rank or a guarded child.
    """

    message: Message
    job: Job
    task: Task
    renewed: float
    worlds: int = 0
    deaths: int = 0
