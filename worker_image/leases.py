"""Keeps what this host holds: renews each message's visibility and its row's lease together, ahead of time.

A thread of the supervisor does it, which no busy rank can block. Renewal starts at a third of the lease, so two tries
may fail before anything is lost; an ordinary photo ends long before its first one.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tilework.boottime import boottime
from tilework.errors import LeaseLostError, TileworkError
from tilework.jobs.quotas import DELAY_SECONDS
from worker_image.held import HeldUnit

if TYPE_CHECKING:
    from tilework.jobs.life import JobLife
    from tilework.jobs.queues import Queue
    from tilework.jobs.unit_work import UnitWork
    from worker_image.held import Held, Holding
    from worker_image.lease_board import LeaseBoard

log = logging.getLogger(__name__)

CARRIED_FROM = 11.5 * 3600.0
"""Seconds after which a message that cannot be hidden any more has come to SQS's twelve hours. One that cannot be hidden
before has been seen again, because a renewal came late: whoever receives it is refused, and hides it. Were it replaced by
a delayed one, a job whose lease is lost in the same moment would wait for that, a quarter of an hour."""

RENEWERS = 64
"""Renewals at once: those of two hundred leases, each two requests of a second, are through in seven seconds, and some that
hang hold up no other. A thread is made only when none is idle."""

LEAST_SILENCE = 1.0
"""Seconds: services that are busy may take so long, however short a lease is."""


@dataclass(frozen=True, slots=True)
class LeaseTerms:
    """``seconds`` a lease lasts, from the moment before it was asked for.

    ``delay`` is that of the messages that carry a job whose own is out of reach.
    """

    seconds: float
    delay: float = DELAY_SECONDS

    @property
    def renewal(self) -> float:
        """Seconds after which a lease is renewed."""
        return self.seconds / 3

    @property
    def silence(self) -> float:
        """Seconds after which a request of a renewal is given up: so there is time for several renewals anew."""
        return max(LEAST_SILENCE, self.seconds / 20)

    @property
    def relay(self) -> float:
        """Seconds after which a delayed message is replaced by the next one."""
        return self.delay * 2 / 3


class Leases:
    """The leases this host holds, posted on ``board`` for the ranks.

    What it asks of the services should fail sooner than a lease runs out, rather than be tried again: it is renewed anew.
    """

    def __init__(
        self, jobs: Queue, life: JobLife, board: LeaseBoard, terms: LeaseTerms, units: UnitWork
    ) -> None:
        self._jobs = jobs
        self._life = life
        self._units = units
        self._board = board
        self._terms = terms
        self._held: set[Holding] = set()
        self._renewals: dict[Holding, Future[None]] = {}
        self._renewers = ThreadPoolExecutor(RENEWERS, thread_name_prefix="renewer")
        self._changing = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leases", daemon=True)

    def start(self) -> None:
        """Begin to renew."""
        self._thread.start()

    def stop(self) -> None:
        """Renew nothing any more."""
        with self._changing:
            self._stopping.set()
            self._renewers.shutdown(wait=False, cancel_futures=True)

    def add(self, held: Holding) -> None:
        """Post a lease that was just taken, and keep it."""
        with self._changing:
            if not isinstance(held, HeldUnit):
                held.taken = boottime()
            self._held.add(held)
            self._board.post(held.place, held.renewed + self._terms.seconds)

    def drop(self, held: Holding) -> None:
        """Keep the lease no longer: the job has ended or was given back."""
        with self._changing:
            if held in self._held:
                # after that the place may be another job's
                self._held.discard(held)
                self._board.post(held.place, 0.0)

    def let_go(self, held: Holding) -> None:
        """Keep the lease no longer, and wait for a renewal under way: it would hide again what is handed back now."""
        self.drop(held)
        with self._changing:
            renewal = self._renewals.get(held)
        if renewal is not None and not renewal.cancel():
            wait([renewal])

    def count(self) -> tuple[int, int]:
        """How many jobs, and how many units, are held."""
        with self._changing:
            units = sum(isinstance(held, HeldUnit) for held in self._held)
            return len(self._held) - units, units

    def _run(self) -> None:
        while not self._stopping.wait(self._terms.renewal / 4):
            self._renew_due(boottime() - self._terms.renewal)

    def _renew_due(self, due: float) -> None:
        with self._changing:
            if self._stopping.is_set():
                return
            self._renewals = {held: future for held, future in self._renewals.items() if not future.done()}
            for held in self._held:
                if held.renewed <= due and held not in self._renewals:
                    self._renewals[held] = self._renewers.submit(self._renew_in_turn, held)

    def _renew_in_turn(self, held: Holding) -> None:
        try:
            self._renew(held)
        except Exception:
            log.exception("A lease could not be renewed, trying again.", extra=held.facts)

    def _renew(self, held: Holding) -> None:
        now = boottime()
        try:
            if isinstance(held, HeldUnit):
                self._units.renew(held.message, held.task)
                self._post(held, now)
            else:
                # the row first: it is what others look at, and a message that comes early is only hidden again
                held.job = self._life.renew(held.job, self._terms.seconds)
                # and a result may be stored by it, also where the queue does not answer
                self._post(held, now)
                self._keep_message(held, now)
        except LeaseLostError as error:
            log.warning("%s", error.reason, extra=held.facts)
            self.drop(held)
        except TileworkError as error:
            log.warning("A lease could not be renewed, trying again: %s", error.reason, extra=held.facts)
        else:
            held.renewed = now

    def _post(self, held: Holding, renewed: float) -> None:
        with self._changing:
            if held in self._held:
                self._board.post(held.place, renewed + self._terms.seconds)

    def _keep_message(self, held: Held, now: float) -> None:
        """See to it that a message comes for the job if this host should die, and not before.

        SQS hides none for longer than 12 hours. Then delayed messages with the same body carry the job, one after the
        other: each is replaced in the row by the next before it is seen, and whoever receives it then finds another
        message named there, and deletes it.
        """
        if held.carried is None and (
            self._jobs.set_visibility(held.message, self._terms.seconds) or now - held.taken < CARRIED_FROM
        ):
            return
        if held.carried is not None and now - held.carried < self._terms.relay:
            return
        before = held.message
        carrier = self._jobs.send(before.body, delay=self._terms.delay)
        held.job = self._life.renew(held.job, self._terms.seconds, message=carrier)
        held.message = replace(before, id=carrier, receipt="")
        held.carried = now
        if before.receipt:
            log.info("A delayed message carries the job from now on.", extra=held.facts)
            self._jobs.delete([before])
