"""The keeper's rounds where it has a process to live in: notices all the time, dead letters often, the rest hourly."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from tilework.errors import TileworkError

if TYPE_CHECKING:
    from collections.abc import Callable

    from master.keeper import Keeper
    from master.settings import MasterSettings

log = logging.getLogger(__name__)

DEAD_LETTER_SECONDS = 5.0

LONGEST_PAUSE = 30.0
"""Seconds between two tries while a service cannot be reached."""


class Rounds:
    """A thread that lets ``keeper`` do its work until it is stopped. It is a daemon: every step may be cut off."""

    def __init__(self, keeper: Keeper, settings: MasterSettings) -> None:
        self._keeper = keeper
        self._settings = settings
        self._stopping = threading.Event()
        self._due: dict[str, float] = {}
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Begin nothing more, and wait at most ``seconds`` for what is under way."""
        self._stopping.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        pause = 1.0
        while not self._stopping.is_set():
            try:
                self._round()
                pause = 1.0
            except TileworkError as error:
                log.warning("The keeper tries again in %.0f s: %s", pause, error.reason)
                self._stopping.wait(pause)
                pause = min(LONGEST_PAUSE, 2 * pause)
            except Exception:
                # the keeper must outlive its own faults: nobody else finds what was lost
                log.exception("The keeper met an error that it did not expect; trying again in %.0f s", pause)
                self._stopping.wait(pause)
                pause = min(LONGEST_PAUSE, 2 * pause)

    def _round(self) -> None:
        hourly = self._settings.reconcile_seconds
        self._now_and_then("begin", hourly, self._keeper.begin)
        self._now_and_then("dead letters", DEAD_LETTER_SECONDS, self._keeper.dead_letters)
        self._now_and_then("sweep", hourly, self._keeper.sweep)
        self._now_and_then("reconcile", hourly, self._keeper.reconcile)
        self._keeper.fold_notices(self._settings.notice_wait_seconds)

    def _now_and_then(self, name: str, seconds: float, work: Callable[[], object]) -> None:
        now = time.monotonic()
        if now >= self._due.get(name, 0.0) and not self._stopping.is_set():
            # a failed step is due again at once
            work()
            self._due[name] = now + seconds
