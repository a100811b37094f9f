"""What waits for hosts: two queues, and the traces that fill them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(slots=True)
class Batch:
    """``count`` messages that came at once, of which each takes ``seconds`` of one whole host."""

    count: int
    seconds: float
    done: Callable[[int], None] | None = None


@dataclass(slots=True)
class Queue:
    """As SQS shows it: ``visible`` and ``in_flight``."""

    waiting: deque[Batch] = field(default_factory=deque)
    visible: int = 0
    in_flight: int = 0

    @property
    def outstanding(self) -> int:
        """Messages that are not done."""
        return self.visible + self.in_flight

    def put(self, batch: Batch, *, first: bool = False) -> None:
        """Make messages visible; ``first``: handed back, and so before the others."""
        self.visible += batch.count
        (self.waiting.appendleft if first else self.waiting.append)(batch)

    def take(self, seconds: float) -> Batch | None:
        """Lease messages worth ``seconds`` of a host, at least one."""
        if not self.waiting:
            return None
        head = self.waiting[0]
        count = min(head.count, max(1, int(seconds / head.seconds)))
        head.count -= count
        if not head.count:
            self.waiting.popleft()
        self.visible -= count
        self.in_flight += count
        return Batch(count, head.seconds, head.done)

    def finish(self, batch: Batch) -> None:
        """Delete messages that are done."""
        self.in_flight -= batch.count
        if batch.done is not None:
            batch.done(batch.count)

    def hand_back(self, batch: Batch) -> None:
        """Make leased messages visible again."""
        self.in_flight -= batch.count
        self.put(batch, first=True)


@dataclass(slots=True)
class Queues:
    """The two of a deployment."""

    jobs: Queue = field(default_factory=Queue)
    units: Queue = field(default_factory=Queue)

    @property
    def outstanding(self) -> int:
        """Messages that are not done, of both."""
        return self.jobs.outstanding + self.units.outstanding

    def of(self, name: str) -> Queue:
        """The one of that name."""
        return {"jobs": self.jobs, "units": self.units}[name]
