"""CloudWatch as it is late: metrics a minute after they were true.

It would be silent for queues that nobody uses, but the waker asks them each minute, which keeps them active ("Available
CloudWatch metrics for Amazon SQS", SQS developer guide: any action counts).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

    from simpy import Environment

    from benchmarks.scaling.template import Numbers, Tracking
    from benchmarks.scaling.work import Queues

MINUTE: Final = 60.0

DELAY_MINUTES: Final = 1
"""Datapoints of a minute are there a minute after its end."""

TRACKED_MINUTES: Final = 3
"""Target tracking adds hosts after three minutes above its target (its alarm is AWS's own, and looks so)."""


class Metrics:
    """The datapoints of each minute; ``hosts`` tells how many are in service."""

    def __init__(self, environment: Environment, queues: Queues, hosts: Callable[[], int]) -> None:
        self._environment = environment
        self._queues = queues
        self._hosts = hosts
        self._points: dict[str, dict[int, float]] = defaultdict(dict)

    def run(self) -> Generator[Any, Any, None]:
        """Write down each minute what is true at its end."""
        while True:
            yield self._environment.timeout(MINUTE)
            minute = int(self._environment.now // MINUTE) - 1
            self._points["GroupInServiceInstances"][minute] = self._hosts()
            for name in ("jobs", "units"):
                queue = self._queues.of(name)
                self._points[f"{name} ApproximateNumberOfMessagesVisible"][minute] = queue.visible
                self._points[f"{name} ApproximateNumberOfMessagesNotVisible"][minute] = queue.in_flight

    def latest(self, count: int) -> list[Callable[[str], float | None]]:
        """A reader of each of the last ``count`` minutes that can be known now, the oldest first."""
        newest = int(self._environment.now // MINUTE) - 1 - DELAY_MINUTES
        return [
            lambda source, minute=minute: self._points[source].get(minute)
            for minute in range(newest - count + 1, newest + 1)
        ]


class Policies:
    """The target tracking of ``numbers``, each minute; ``set_capacity`` is told what it wants."""

    def __init__(
        self, environment: Environment, numbers: Numbers, metrics: Metrics,
        capacity: Callable[[], int], set_capacity: Callable[[int], None],
    ) -> None:  # fmt: skip
        self._environment = environment
        self._numbers = numbers
        self._metrics = metrics
        self._capacity = capacity
        self._set_capacity = set_capacity

    def run(self) -> Generator[Any, Any, None]:
        """Each minute, half a minute after the datapoints."""
        yield self._environment.timeout(MINUTE / 2)
        while True:
            for tracking in self._numbers.tracking:
                wanted = self._tracked(tracking)
                if wanted > self._capacity():
                    self._set_capacity(wanted)
            yield self._environment.timeout(MINUTE)

    def _tracked(self, tracking: Tracking) -> int:
        readers = self._metrics.latest(TRACKED_MINUTES)
        values = [tracking.expression.value(read) for read in readers]
        if any(value is None or value <= tracking.target for value in values):
            return 0
        hosts = readers[-1]("GroupInServiceInstances") or 0.0
        return -int(-hosts * (values[-1] or 0.0) // tracking.target)
