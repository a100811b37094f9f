"""Tells those who look at the page what this host is doing: a row of its own in the job table, written again and again.

The host writes it itself, because that costs least: a quarter of what a notice and its folding by the keeper would. Often
while it works, seldom while it is idle, and at once when one becomes the other; what that costs stands in docs/fleet.md.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.jobs.signs import HostSign, HostState, RankWork, last, tell
from worker_image.busy_book import BusyBook
from worker_image.held import HeldUnit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tilework.jobs.system import System
    from tilework.world.slots import Slot
    from worker_image.feed import AtWork
    from worker_image.metrics import HeldCount

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""Between two looks at the ranks, some microseconds each."""

IDLE_TIMES = 4
"""Times as long between two signs of a host that is idle."""

CHANGE_SHARE = 1 / 3
"""Of the time between two signs, after which a change of the state is told at once: photos that drop in one by one would
otherwise have each told twice."""

QUEUE_SECONDS = 60.0
"""Between two looks at how much waits, of a host at work: two requests, 0.00005 USD an hour."""

MAIN_SECONDS = 2.0
"""How long the main thread may take to say what is worked on; while it starts a world it takes longer, and nothing is."""

STEP_SECONDS = 0.05
"""Between two looks, while it waits for that, at whether the host leaves."""

STOP_SECONDS = 2.0
"""How long the last word may take: a host that leaves has no time for more."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the host is: as for :class:`~tilework.jobs.signs.HostSign`."""

    host: str
    since: float
    instance: str = ""
    kind: str = ""
    spot: bool = False


@dataclass(frozen=True, slots=True)
class Glances:
    """What is looked at: ``slots`` of all ranks (from any thread), what is worked on (asked of the main thread), and counts."""

    slots: Callable[[], Sequence[Slot]]
    at_work: Callable[[], list[AtWork]]
    held: Callable[[], HeldCount]
    ended: Callable[[], int]


class SignOfLife:
    """A thread; ``seconds`` between two signs of a host at work, 0: it tells nothing.

    ``find`` says who the host is, ``soon`` makes the main thread call a function, ``clock`` gives seconds since the epoch.
    """

    def __init__(
        self, system: System, find: Callable[[], Identity], glances: Glances, *, ranks: int, seconds: float,
        soon: Callable[[Callable[[], None]], None], clock: Callable[[], float],
    ) -> None:  # fmt: skip
        self._system = system
        self._find = find
        self._glances = glances
        self._ranks = ranks
        self._seconds = seconds
        self._soon = soon
        self._clock = clock
        self._book = BusyBook()
        self._waited = 0.0
        self._state = HostState.STARTING
        self._told_at = self._asked_at = float("-inf")
        self._told_state: HostState | None = None
        self._draining = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sign of life", daemon=True)

    def start(self) -> None:
        """Begin to tell."""
        if self._seconds:
            self._thread.start()

    def took(self, sent: float) -> None:
        """A message has been taken that was sent then (seconds since the epoch); for the main thread."""
        self._waited = max(0.0, self._clock() - sent)

    def drain(self) -> None:
        """The host leaves."""
        self._draining.set()

    def stop(self) -> None:
        """Say that the host is gone, and be done."""
        self._stopping.set()
        if self._seconds:
            self._thread.join(STOP_SECONDS)

    # --- the thread ----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        identity = self._find()
        self._resume(identity)
        while not self._stopping.is_set():
            self._attempt(identity)
            self._stopping.wait(min(LOOK_SECONDS, self._seconds))
        self._state = HostState.GONE
        self._tell(identity, [])

    def _resume(self, identity: Identity) -> None:
        """Go on where an earlier process of this host ended: its next sign takes the place of that one's last."""
        try:
            if before := last(self._system.table, identity.instance or identity.host):
                self._book.resume(self._clock(), before.past, before.ranks)
        except Exception as error:  # noqa: BLE001 - only the last hour's picture is the poorer
            log.info("What this host told before is not known: %s", error)

    def _attempt(self, identity: Identity) -> None:
        try:
            self._look()
            if self._is_due():
                self._tell(identity, self._asked())
        except Exception:
            # whatever it is, nothing depends on it, and the next one may be told
            log.exception("A sign of life met an error that was not expected")

    def _look(self) -> None:
        now, slots = self._clock(), self._glances.slots()
        busy = sum(slot.running for slot in slots)
        self._book.look(now, busy, len(slots) - 1 if slots else self._ranks)
        self._book.count(now, self._glances.ended())
        if self._draining.is_set():
            self._state = HostState.DRAINING
        elif not slots:
            self._state = HostState.STARTING
        else:
            held = self._glances.held()
            self._state = HostState.WORKING if busy or held.jobs or held.units else HostState.IDLE

    def _is_due(self) -> bool:
        passed = time.monotonic() - self._told_at
        changed = self._state is not self._told_state
        return passed >= (CHANGE_SHARE * self._seconds if changed else self._again)

    @property
    def _again(self) -> float:
        return self._seconds * (IDLE_TIMES if self._state is HostState.IDLE else 1)

    def _asked(self) -> list[AtWork]:
        """What is worked on, as the main thread knows it."""
        answer: Future[list[AtWork]] = Future()
        self._soon(lambda: answer.set_result(self._glances.at_work()))
        deadline = time.monotonic() + MAIN_SECONDS
        # a main thread that leaves answers no more, and waits for this one
        while not self._stopping.is_set() and time.monotonic() < deadline:
            with contextlib.suppress(TimeoutError):
                return answer.result(STEP_SECONDS)
        return []

    def _tell(self, identity: Identity, work: list[AtWork]) -> None:
        now, monotonic = self._clock(), time.monotonic_ns()
        self._told_at, self._told_state = time.monotonic(), self._state
        try:
            if self._state is HostState.WORKING:
                self._look_at_queues(now)
            held, slots = self._glances.held(), self._glances.slots()
            sign = HostSign(
                host=identity.host, instance=identity.instance, kind=identity.kind, spot=identity.spot,
                state=self._state, since=identity.since, at=now, again=self._again,
                ranks=len(slots) - 1 if slots else self._ranks, busy=self._book.share,
                work=tuple(_work(each, now, monotonic) for each in work),
                jobs=held.jobs, units=held.units, waited=self._waited, past=self._book.past,
            )  # fmt: skip
            tell(self._system.table, sign)
        except Exception as error:  # noqa: BLE001 - a sign is worth no more
            log.info("A sign of life was lost: %s", error)

    def _look_at_queues(self, now: float) -> None:
        if time.monotonic() - self._asked_at < min(QUEUE_SECONDS, 4 * self._seconds):
            return
        self._asked_at = time.monotonic()
        backlogs = (self._system.jobs.backlog(), self._system.units.backlog())
        self._book.waiting(now, sum(each.visible + each.delayed for each in backlogs))


def _work(each: AtWork, now: float, monotonic: int) -> RankWork:
    held, slot = each.held, each.slot
    since = now - max(0.0, (monotonic - slot.started) / 1e9)
    if isinstance(held, HeldUnit):
        return RankWork(each.rank, slot.phase, held.task.job, str(held.facts["unit"]), since)
    return RankWork(each.rank, slot.phase, held.job.id, "", since)
