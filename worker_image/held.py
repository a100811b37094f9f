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

    ``deaths`` counts the worlds that ended with this job in them, ``lone_deaths`` those that ran nothing else.
    """

    message: Message
    job: Job
    task: Task
    renewed: float
    deaths: int = 0
    lone_deaths: int = 0
