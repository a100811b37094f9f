"""What this host holds, a job or a unit of a large image: its message, its lease, and how its work has gone so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tilework.jobs.job import Job
    from tilework.jobs.queues import Message
    from tilework.jobs.units import UnitTask
    from worker_image.task import Task, UnitOrder


@dataclass(slots=True, eq=False)
class Held:
    """A job, its row under our lease. ``renewed`` is when that was last taken or renewed (seconds of boottime).

    ``worlds`` counts those that ended with this job in them; ``deaths`` the times that the very process working on it
    ended, be it a rank or a guarded child, ``children`` the latter. ``carried`` is when its last delayed message was
    sent (seconds of boottime; None: the one that it was claimed with carries it), ``taken`` when its lease was first kept.
    """

    message: Message
    job: Job
    task: Task
    renewed: float
    worlds: int = 0
    deaths: int = 0
    children: int = 0
    carried: float | None = None
    taken: float = 0.0

    @property
    def place(self) -> int:
        """Its lease's on the board."""
        return self.task.place

    @property
    def facts(self) -> Mapping[str, str | int]:
        """What log lines about it bear."""
        return self.task.facts


@dataclass(slots=True, eq=False)
class HeldUnit:
    """An attempt at a unit; all as for a job, and its lease is its message's."""

    message: Message
    order: UnitOrder
    renewed: float
    worlds: int = 0
    deaths: int = 0
    children: int = 0

    @property
    def task(self) -> UnitTask:
        """The attempt."""
        return self.order.task

    @property
    def place(self) -> int:
        """Its lease's on the board."""
        return self.order.place

    @property
    def facts(self) -> Mapping[str, str | int]:
        """What log lines about it bear."""
        return self.order.facts


Holding: TypeAlias = Held | HeldUnit
