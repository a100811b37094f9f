"""A queue with SQS's rules that lives in this process."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.jobs import quotas
from tilework.jobs.queues import BATCH, Backlog, Message

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(slots=True)
class _Held:
    """A message in the queue. ``visible_at`` and ``sent`` in seconds since the epoch."""

    id: str
    body: str
    attributes: Mapping[str, str]
    sent: float
    visible_at: float
    receipt: str = ""
    receives: int = 0
    hidden_from: float = 0.0


class MemoryQueue:
    """The in-memory twin of an SQS standard queue. Thread-safe.

    ``visibility`` is the queue's own visibility time-out in seconds. A message that was received ``max_receives``
    times without being deleted goes to ``dead_letters`` instead of being received once more. ``clock`` tells the
    time; a receive really waits only where that is the real one, for nobody else can wake it at the right time.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        visibility: float = 30.0,
        max_receives: int = 0,
        dead_letters: MemoryQueue | None = None,
    ) -> None:
        self._clock = clock
        self._visibility = visibility
        self._max_receives = max_receives
        self._dead_letters = dead_letters
        self._changed = threading.Condition()
        self._numbers = itertools.count(1)
        self._held: dict[str, _Held] = {}
        self._order: list[tuple[float, int, str]] = []  # a heap; entries whose time has changed are stale

    def send(self, body: str, *, attributes: Mapping[str, str] | None = None, delay: float = 0.0) -> str:
        """Send one message, visible after ``delay`` seconds (at most 900); returns its id."""
        quotas.check_message(body, attributes or {}, delay)
        now = self._clock()
        with self._changed:
            identity = f"memory-{next(self._numbers):08x}"
            self._place(_Held(identity, body, dict(attributes or {}), now, now + delay))
        return identity

    def send_all(self, bodies: Sequence[str]) -> None:
        """Send any number of messages."""
        for body in bodies:
            self.send(body)

    def receive(
        self, limit: int = BATCH, wait: float = 0.0, visibility: float | None = None
    ) -> list[Message]:
        """Receive up to ``limit`` messages, waiting up to ``wait`` seconds for the first."""
        quotas.check_receive(limit, wait)
        hidden = self._visibility if visibility is None else visibility
        quotas.check_visibility(hidden)
        end = time.monotonic() + wait if self._clock is time.time else 0.0
        with self._changed:
            while True:
                received, dead = self._take(limit, hidden)
                left = end - time.monotonic()
                if received or dead or left <= 0:
                    break
                self._changed.wait(min(left, self._next_visible()))
        for message in dead:
            assert self._dead_letters is not None  # noqa: S101 -- there are no dead letters without their queue
            self._dead_letters._adopt(message)  # noqa: SLF001 -- the same class
        if not received and dead and left > 0:
            return self.receive(limit, min(left, wait), visibility)
        return received

    def set_visibility(self, message: Message, seconds: float) -> bool:
        """Make the message visible again ``seconds`` from now; False where the receipt has expired.

        False as well where that is more than 12 hours after its receive: SQS holds no message longer.
        """
        quotas.check_visibility(seconds)
        now = self._clock()
        with self._changed:
            held = self._held.get(message.id)
            if held is None or held.receipt != message.receipt or held.visible_at <= now:
                return False
            if now + seconds - held.hidden_from > quotas.VISIBILITY_SECONDS:
                return False
            held.visible_at = now + seconds
            self._place(held)
        return True

    def delete(self, messages: Sequence[Message]) -> None:
        """Delete the messages; one that was received again meanwhile stays, as in SQS."""
        with self._changed:
            for message in messages:
                held = self._held.get(message.id)
                if held is not None and held.receipt == message.receipt:
                    del self._held[message.id]

    def backlog(self) -> Backlog:
        """Count the messages, exactly."""
        now = self._clock()
        with self._changed:
            hidden = [held for held in self._held.values() if held.visible_at > now]
            in_flight = sum(1 for held in hidden if held.receives)
            oldest = min((held.sent for held in self._held.values()), default=None)
            return Backlog(
                visible=len(self._held) - len(hidden),
                in_flight=in_flight,
                delayed=len(hidden) - in_flight,
                oldest=None if oldest is None else now - oldest,
            )

    def _adopt(self, held: _Held) -> None:
        """Take over a dead letter with its id, its age and its receives."""
        with self._changed:
            held.visible_at = self._clock()
            held.receipt = ""
            self._place(held)

    def _place(self, held: _Held) -> None:
        self._held[held.id] = held
        heapq.heappush(self._order, (held.visible_at, next(self._numbers), held.id))
        self._changed.notify_all()  # also of one hidden for shorter than a sleeper sleeps

    def _next_visible(self) -> float:
        """Seconds until the next message becomes visible by itself; a day where there is none."""
        return max(0.0, self._order[0][0] - self._clock()) if self._order else 86_400.0

    def _take(self, limit: int, hidden: float) -> tuple[list[Message], list[_Held]]:
        """Take what is visible now: up to ``limit`` messages to work on, and the dead letters among them."""
        now = self._clock()
        taken: dict[str, _Held] = {}
        dead: list[_Held] = []
        while len(taken) < limit and self._order and self._order[0][0] <= now:
            when, _, identity = heapq.heappop(self._order)
            held = self._held.get(identity)
            if held is None or held.visible_at != when or identity in taken:
                continue
            if self._dead_letters is not None and 0 < self._max_receives <= held.receives:
                dead.append(self._held.pop(identity))
            else:
                taken[identity] = held
        return [self._hide(held, now, hidden) for held in taken.values()], dead

    def _hide(self, held: _Held, now: float, seconds: float) -> Message:
        held.receives += 1
        held.receipt = f"{held.id}-{held.receives}"
        held.hidden_from = now
        held.visible_at = now + seconds
        self._place(held)
        return Message(held.id, held.body, held.receipt, held.receives, held.sent, held.attributes)
