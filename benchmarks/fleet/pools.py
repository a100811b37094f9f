"""What a fleet shares, on SimPy's clock: services of a limited rate, and the ranks of all hosts."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simpy import Environment, Event


class Rate:
    """A service that does ``per_second`` and lets the rest queue, first come, first served."""

    def __init__(self, environment: Environment, per_second: float) -> None:
        self._environment = environment
        self.per_second = per_second
        self._free = 0.0
        self.served = 0.0

    @property
    def behind(self) -> float:
        """Seconds until it has served all that was asked so far."""
        return max(0.0, self._free - self._environment.now)

    def until(self, amount: float) -> float:
        """The time at which ``amount`` more is served, behind all that was asked before."""
        self._free = max(self._environment.now, self._free) + amount / self.per_second
        self.served += amount
        return self._free


class Ranks:
    """The ranks of all hosts, dealt evenly: the queue gives to whoever is free.

    While several kinds of work wait, the kind that holds least of its share is next. A kind may never hold more than
    its ``most``.
    """

    def __init__(
        self, environment: Environment, count: int, shares: dict[str, float], most: dict[str, int]
    ) -> None:
        self._environment = environment
        self.count = count
        self._free = count
        self._shares = shares
        self._most = {kind: min(count, most.get(kind, count)) for kind in shares}
        self._held = dict.fromkeys(shares, 0)
        self._waiting: dict[str, deque[tuple[int, Event]]] = {kind: deque() for kind in shares}

    def take(self, kind: str, count: int) -> Event:
        """An event for when ranks are this work's; its value is how many: 1 to ``count``, as are free by then."""
        event = self._environment.event()
        self._waiting[kind].append((count, event))
        self._deal()
        return event

    def give_back(self, kind: str, count: int) -> None:
        """Free ``count`` ranks."""
        self._free += count
        self._held[kind] -= count
        self._deal()

    def _deal(self) -> None:
        while self._free and (kinds := [kind for kind in self._waiting if self._may(kind)]):
            kind = min(kinds, key=lambda each: self._held[each] / self._shares[each])
            count, event = self._waiting[kind].popleft()
            given = min(count, self._free, self._most[kind] - self._held[kind])
            self._free -= given
            self._held[kind] += given
            event.succeed(given)

    def _may(self, kind: str) -> bool:
        return bool(self._waiting[kind]) and self._held[kind] < self._most[kind]
