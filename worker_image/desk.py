"""The desk of a queue: its threads claim what the queue's intake brings, and write the ends of what was claimed.

Each is a few round trips to the services, which the main thread must not wait for. A place is free for the next message
only when the end of what was in it is written, or given up.
"""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tilework.errors import ServiceError, ThrottledError, TileworkError
from tilework.logs import about
from worker_image.endings import back_off
from worker_image.intake import Intake

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.jobs.queues import Message, Queue
    from worker_image.held import Holding
    from worker_image.leases import Leases
    from worker_image.pace import Pace
    from worker_image.settings import WorkerSettings

log = logging.getLogger(__name__)

DESK_THREADS = 16
"""Claims and ends at once, of jobs and as many of units; each is a few round trips to the services, a tenth of a second
for a photo in all."""

END_TRIES = 5
"""Times that an end is written anew while a service fails; then the lease runs out, and the result is found stored."""


class Desk:
    """Of ``queue``, with ``places`` from ``first`` on.

    ``claim`` makes of a message what this host holds, None where there is nothing to do; ``soon`` has the main thread call
    a function, from whatever thread; ``paused`` is called whenever the queue could not be reached.
    """

    def __init__(
        self, queue: Queue, claim: Callable[[Message, int], Holding | None], *,
        places: int, first: int, settings: WorkerSettings, leases: Leases, pace: Pace,
        soon: Callable[[Callable[[], None]], None], paused: Callable[[], None],
    ) -> None:  # fmt: skip
        self._queue = queue
        self._claim = claim
        self._deliver: Callable[[Holding], None] = lambda _: None
        self._leases = leases
        self._pace = pace
        self._soon = soon
        self._last_wait = settings.poll_seconds + 1
        self._intake = Intake(
            queue, places=places, first=first, wait=settings.poll_seconds, visibility=settings.lease_seconds,
            take=self._received, pace=pace, paused=paused,
        )  # fmt: skip
        self._threads = ThreadPoolExecutor(DESK_THREADS, thread_name_prefix="desk")
        # counted from the receive on, by the intake's thread: what lies in the inbox of the main thread is work, too
        self._in_hand = 0
        self._counting = threading.Lock()
        self._closed = threading.Event()

    @property
    def busy(self) -> bool:
        """Whether a claim or an end is being written; for the main thread."""
        return bool(self._in_hand)

    def open(self, claimed: Callable[[Holding], None]) -> None:
        """Begin to take messages; ``claimed`` gets what this host then holds, on the main thread."""
        self._deliver = claimed
        self._intake.start()

    def close(self) -> None:
        """Claim nothing more: what comes yet goes back to the queue at once. Ends are still written."""
        self._closed.set()
        self._intake.stop()

    def join(self) -> None:
        """Wait for the last receive, and for the threads."""
        self._intake.join(self._last_wait)
        self._threads.shutdown(wait=True)

    def write_end(self, held: Holding, write: Callable[..., None], *arguments: object) -> None:
        """Have ``write(held, *arguments)`` called with all patience; only then the place is free. Main thread."""
        self._count_in()
        self._threads.submit(self._write_end, held, write, *arguments)

    def _write_end(self, held: Holding, write: Callable[..., None], *arguments: object) -> None:
        try:
            with about(**held.facts):
                self._patiently(write, held, *arguments)
        except TileworkError as error:
            log.error("An end could not be written: %s", error.reason, extra=held.facts)
        except Exception:
            log.exception("An end could not be written.", extra=held.facts)
        finally:
            self._leases.drop(held)
            self._intake.give_back(held.place)
            self._soon(self._count_out)

    def _patiently(self, write: Callable[..., None], *arguments: object) -> None:
        for attempt in range(1, END_TRIES):
            try:
                write(*arguments)
            except ServiceError as error:
                self._slow_down_if_throttled(error)
                log.warning("Trying again to write an end: %s", error.reason)
                time.sleep(back_off(attempt))
            else:
                return
        write(*arguments)

    def _received(self, message: Message, place: int) -> None:
        self._count_in()
        self._soon(lambda: self._assign(message, place))

    def _assign(self, message: Message, place: int) -> None:
        self._threads.submit(self._consider, message, place)

    def _consider(self, message: Message, place: int) -> None:
        held = None
        try:
            if self._closed.is_set():
                self._queue.set_visibility(message, 0)
            else:
                held = self._claim(message, place)
            if held is not None:
                self._leases.add(held)
        except TileworkError as error:
            self._slow_down_if_throttled(error)
            log.warning("A message could not be claimed, it comes again: %s", error.reason)
        except Exception:
            log.exception("A message could not be claimed, it comes again.")
        finally:
            if held is None:
                self._intake.give_back(place)
            self._soon(lambda: self._considered(held))

    def _considered(self, held: Holding | None) -> None:
        self._count_out()
        if held is not None:
            self._deliver(held)

    def _count_in(self) -> None:
        with self._counting:
            self._in_hand += 1

    def _count_out(self) -> None:
        with self._counting:
            self._in_hand -= 1

    def _slow_down_if_throttled(self, error: TileworkError) -> None:
        if isinstance(error, ThrottledError):
            self._pace.throttled()
