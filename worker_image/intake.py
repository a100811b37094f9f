"""Takes messages from a queue, never more than the host has places for."""

from __future__ import annotations

import logging
import queue
import random
import threading
from typing import TYPE_CHECKING

from tilework.jobs.queues import BATCH

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.jobs.queues import Message, Queue

log = logging.getLogger(__name__)

LONGEST_PAUSE = 30.0
"""Seconds between two tries while the queue cannot be reached."""


def _nothing() -> None:
    """Nobody counts."""


class Intake:
    """A thread that long-polls. ``take`` gets each message together with the number of its place, from ``first`` on.

    ``paused`` is called whenever the queue could not be reached.
    """

    def __init__(
        self,
        queue_: Queue,
        *,
        places: int,
        first: int = 0,
        wait: float,
        visibility: float,
        take: Callable[[Message, int], None],
        paused: Callable[[], None] = _nothing,
    ) -> None:
        self._queue = queue_
        self._wait = wait
        self._visibility = visibility
        self._take = take
        self._paused = paused
        self._free: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        for place in range(first, first + places):
            self._free.put(place)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)

    def start(self) -> None:
        """Begin to take messages."""
        self._thread.start()

    def give_back(self, place: int) -> None:
        """Free a place that ``take`` was given."""
        self._free.put(place)

    def stop(self) -> None:
        """Take nothing more; what a receive under way still brings is handed back at once."""
        self._stopping.set()
        self._free.put(None)

    def join(self, seconds: float) -> None:
        """Wait for the last receive to return."""
        self._thread.join(seconds)

    def _run(self) -> None:
        pause = 1.0
        while not self._stopping.is_set():
            places = self._free_places()
            messages: list[Message] = []
            try:
                if places:
                    messages = self._queue.receive(len(places), self._wait, self._visibility)
                self._deal(messages, places)
                pause = 1.0
            except Exception as error:  # noqa: BLE001 - whatever it is, a host that takes nothing must not look alive
                log.warning("A queue gave no messages, trying again: %s", error)
                self._paused()
                # jitter, so that a fleet does not come back as one
                self._stopping.wait(pause * random.uniform(0.5, 1.5))  # noqa: S311
                pause = min(LONGEST_PAUSE, 2 * pause)
            for place in places[len(messages) :]:
                self._free.put(place)

    def _free_places(self) -> list[int]:
        """Wait for a free place, and take all others that are free by now, up to a batch. Empty when stopping."""
        first = self._free.get()
        places = [] if first is None else [first]
        while len(places) < BATCH:
            try:
                place = self._free.get_nowait()
            except queue.Empty:
                break
            if place is not None:
                places.append(place)
        return places

    def _deal(self, messages: list[Message], places: list[int]) -> None:
        for message, place in zip(messages, places, strict=False):
            if self._stopping.is_set():
                self._queue.set_visibility(message, 0)
            else:
                self._take(message, place)
