"""The keeper's rounds where it has a process to live in: notices all the time, dead letters often, the rest hourly."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from master.fleet_steps import LOOK_SECONDS
from master.keeper import NOTICES_AT_ONCE
from tilework.errors import TileworkError
from tilework.logs import about

if TYPE_CHECKING:
    from collections.abc import Callable

    from master.keeper import Keeper
    from master.settings import MasterSettings
    from master.waker import Waker

log = logging.getLogger(__name__)

DEAD_LETTER_SECONDS = 5.0

GATHER_SECONDS = 1.0
"""Between two looks at notices that keep coming: folding many at once costs hardly more than folding one."""

REVIVE_SECONDS = 60.0

GO_ON_SECONDS = 10.0
"""After a reconciliation that was cut short, for what waits meanwhile."""

LONGEST_PAUSE = 30.0
"""Seconds between two tries of a step that fails."""


@dataclass(slots=True)
class Step:
    """A part of the round. ``work`` returns in how many seconds it is due again; ``due`` is on the monotonic clock."""

    name: str
    work: Callable[[], float]
    due: float = 0.0
    pause: float = 1.0


class Rounds:
    """A thread that lets ``keeper`` do its work until it is stopped. It is a daemon: every step may be cut off.

    Where there is a fleet, its ``waker`` looks each minute as well.
    """

    def __init__(self, keeper: Keeper, settings: MasterSettings, waker: Waker | None = None) -> None:
        self._keeper = keeper
        self._waker = waker
        self._settings = settings
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Begin nothing more, and wait at most ``seconds`` for what is under way."""
        self._stopping.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        with about(process="keeper"):
            self._go_round()

    def _go_round(self) -> None:
        steps = [
            Step("begin", self._begin),
            Step("dead letters", self._judge),
            Step("stages", self._revive),
            Step("sweep", self._sweep),
            Step("reconcile", self._reconcile),
            Step("notices", self._fold),
        ]
        if self._waker is not None:
            steps.insert(0, Step("fleet", partial(self._watch, self._waker)))
        while not self._stopping.is_set():
            for step in steps:
                if time.monotonic() >= step.due and not self._stopping.is_set():
                    self._take(step)
            self._stopping.wait(max(0.0, min(step.due for step in steps) - time.monotonic()))

    def _take(self, step: Step) -> None:
        """Take a step; one that fails is tried again after a pause, and keeps no other from its turn."""
        try:
            seconds = step.work()
        except TileworkError as error:
            log.warning("The keeper tries again in %.0f s (%s): %s", step.pause, step.name, error.reason)
        except Exception:
            # the keeper must outlive its own faults: nobody else finds what was lost
            log.exception("The keeper met an error that it did not expect (%s)", step.name)
        else:
            step.due, step.pause = time.monotonic() + seconds, 1.0
            return
        step.due, step.pause = time.monotonic() + step.pause, min(LONGEST_PAUSE, 2 * step.pause)

    def _begin(self) -> float:
        self._keeper.begin()
        return self._settings.reconcile_seconds

    def _judge(self) -> float:
        self._keeper.dead_letters()
        return DEAD_LETTER_SECONDS

    def _revive(self) -> float:
        self._keeper.revive()
        return REVIVE_SECONDS

    def _sweep(self) -> float:
        self._keeper.sweep()
        return self._settings.reconcile_seconds

    def _reconcile(self) -> float:
        hourly = self._settings.reconcile_seconds
        return min(hourly, GO_ON_SECONDS) if self._keeper.reconcile().cut_short else hourly

    def _watch(self, waker: Waker) -> float:
        waker.look()
        return LOOK_SECONDS

    def _fold(self) -> float:
        folded = self._keeper.fold_notices(self._settings.notice_wait_seconds)
        if folded >= NOTICES_AT_ONCE:
            return 0.0
        # a look that neither found nor waited must not be taken again at once
        return GATHER_SECONDS if folded or not self._settings.notice_wait_seconds else 0.0
