"""What may wait a moment for company: deletions of messages whose jobs have ended, and notices; ten go in one request.

A host that ends twelve photos a second saves twenty requests a second. Who dies before a deletion sees the message
again, and finds its job at an end; a lost notice loses nothing but a moment's display.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from tilework.jobs.queues import BATCH
from worker_image.tally import Tally

if TYPE_CHECKING:
    from tilework.jobs.queues import Message
    from tilework.jobs.system import System

log = logging.getLogger(__name__)

GATHER_SECONDS = 0.25
"""How long the first waits for others, unless told otherwise."""

MOST = 1000
"""Messages that wait to be deleted."""

STOP_SECONDS = 20.0
"""How long the last may take: what is not deleted by then comes again, to another host."""

PAUSE_SECONDS = 2.0
"""Before what could not be deleted is tried again."""


class Outbox:
    """Of one host. The first that comes waits ``seconds`` for others. ``tally`` counts what is told."""

    def __init__(self, system: System, seconds: float = GATHER_SECONDS) -> None:
        self.tally = Tally()
        self._system = system
        self._seconds = seconds
        self._changing = threading.Lock()
        self._messages: list[Message] = []
        self._notices: list[str] = []
        self._filled = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Send what there is, and be done."""
        self._stopping.set()
        self._filled.set()
        self._thread.join(STOP_SECONDS)

    def delete(self, message: Message) -> None:
        """Delete a message of the jobs queue."""
        with self._changing:
            self._messages.append(message)
        self._filled.set()

    def tell(self, notice: str) -> None:
        """Send a notice to the results queue."""
        with self._changing:
            self._notices.append(notice)
        self._filled.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._filled.wait()
            self._stopping.wait(self._seconds)
            if not self.flush():
                self._stopping.wait(PAUSE_SECONDS)
        self.flush()

    def flush(self) -> bool:
        """Send everything now; whether nothing is left."""
        self._filled.clear()
        with self._changing:
            messages, self._messages = self._messages, []
            notices, self._notices = self._notices, []
        if notices:
            self._send(notices)
        left = [
            one
            for start in range(0, len(messages), BATCH)
            for one in self._refused(messages[start : start + BATCH])
        ]
        if left:
            with self._changing:
                # the oldest come again by themselves before they are tried again
                self._messages = [*left, *self._messages][-MOST:]
            self._filled.set()
        return not left

    def _refused(self, messages: list[Message]) -> list[Message]:
        """Delete some; those that could not be."""
        try:
            self._system.jobs.delete(messages)
        except Exception as error:  # noqa: BLE001 - whatever it is, this thread must go on
            log.warning("Messages could not be removed, trying again: %s", error)
            return messages
        return []

    def _send(self, notices: list[str]) -> None:
        try:
            self._system.results.send_all(notices)
        except Exception as error:  # noqa: BLE001 - a notice is worth no more
            log.info("Notices were lost: %s", error)
