"""The supervisor of a worker host: leases messages, keeps them alive, feeds the world, survives its death.

Its life is one page, :class:`Supervisor`. The host's parts are put together in :mod:`worker_image.host`: the desks
receive messages, of jobs and of units of large images, claim them, and write the ends; the main thread, which is this
module, feeds what was claimed to the MPI world, and starts a new world when one dies; the leases' thread renews whatever
takes longer. All that other threads and signals want of the main thread they put into its inbox.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import sys
from typing import TYPE_CHECKING

from tilework.aws.connect import build_clients, join, open_session
from tilework.aws.instance_metadata import InstanceMetadata
from tilework.aws.service_clock import ServiceClock
from tilework.boottime import boottime
from tilework.checks.machine import machine_checks
from tilework.checks.services import service_checks
from tilework.errors import TileworkError
from tilework.guard.memory import be_taken_first
from tilework.imaging.plugins import load_own_operations, warn_of_disabled
from tilework.logs import log_to_stderr
from worker_image.departure import HAND_BACK_SECONDS, Departure, be_gone_in_time, departure
from worker_image.host import put_together
from worker_image.host_notices import Notice, NoticeKind, Watch, signalled, wait_while_ordered
from worker_image.leases import RENEWERS, LeaseTerms
from worker_image.settings import WorkerSettings
from worker_image.start_checks import CannotStartError, make_sure, take_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.jobs.system import System

log = logging.getLogger(__name__)

TAKEN_LAST = -500
"""The kernel's out-of-memory killer takes ranks (500) and their children (1000) before this process and its mpiexec."""

CANNOT = 3
"""Exit status of a host whose settings, or whose world, will not do; docs/running.md lists all."""

UNFINISHED = 4
"""Exit status of a host that had to leave before all it held was handed back: leases bring that back."""


class Supervisor:
    """One host's supervisor; :meth:`run` returns the exit status when it has drained. ``renewals`` is the same system."""

    def __init__(
        self, settings: WorkerSettings, system: System, renewals: System, clock: ServiceClock
    ) -> None:
        settings.directory.mkdir(parents=True, exist_ok=True)
        self._settings = settings
        self._clock = clock
        # what the main thread does next; threads and signal handlers only ever add to it
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._host = put_together(settings, system, renewals, clock, self._inbox.put)
        self._departure: Departure | None = None
        self._signals = 0
        self._is_noticed = False

    def run(self) -> int:
        """Work until a notice says leave, and everything held has ended or been handed back.

        Raises SetupError where no world will start any more, once everything is handed back.
        """
        self._open()
        try:
            while self._departure is None:
                # a world may take a minute to start, or to fail to; who is to leave needs no other
                if not self._is_noticed:
                    self._host.feed.advance()
                self._inbox.get()()
        except Exception:
            self._take_no_more()
            self._drain(Departure(boottime(), boottime() + HAND_BACK_SECONDS))
            self._leave()
            raise
        self._drain(self._departure)
        return self._leave()

    def _open(self) -> None:
        host, settings = self._host, self._settings
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._signalled)
        host.sign.start()
        host.worlds.open()
        host.feed.advance()
        host.leases.start()
        host.outbox.start()
        host.meter.start()
        for desk in host.desks:
            desk.open(host.take)
        if host.membership is not None:
            host.membership.start()
        if host.metadata is not None:
            Watch(host.metadata, self._noticed).start()
        log.info(
            "%s takes work: %d ranks, up to %d jobs at once.",
            settings.host,
            settings.ranks,
            settings.capacity,
        )
        if settings.ready_file is not None:
            settings.ready_file.write_text(f"{os.getpid()}\n")

    # --- leaving: stop taking, finish what fits the time, hand back the rest, go -----------------------------------------

    def _signalled(self, number: int, _frame: object) -> None:
        self._signals += 1
        if self._signals > 1:
            # a second signal means at once: the leases run out by themselves, and nothing is lost
            os._exit(128 + number)
        self._noticed(signalled(number))

    def _noticed(self, notice: Notice) -> None:
        self._take_no_more()
        leaves = departure(
            notice, drain_seconds=self._settings.drain_seconds, boottime=boottime(), now=self._clock.now()
        )
        # the main thread may start a world, for up to a minute
        self._inbox.put(lambda: self._told_to_leave(notice, leaves))

    def _take_no_more(self) -> None:
        """At once, on whatever thread: the main thread may be busy."""
        if not self._is_noticed:
            self._is_noticed = True
            be_gone_in_time()
            self._host.sign.drain()
            for desk in self._host.desks:
                desk.close()

    def _told_to_leave(self, notice: Notice, leaves: Departure) -> None:
        log.info("This host leaves. %s", notice.why)
        self._departure = self._departure.sooner(leaves) if self._departure else leaves
        if self._host.membership is not None and notice.kind is NoticeKind.GROUP:
            self._host.membership.drain()

    def _drain(self, until: Departure) -> None:
        """Hand back what waits, and once the time is over what runs."""
        log.info("Draining: what runs has %.0f s, nothing new is taken.", until.work_until - boottime())
        self._hand_back()
        while self._host.busy and boottime() < until.wait_until:
            self._answer_until(until.work_until)
            until = self._departure or until
            if boottime() >= until.work_until:
                self._host.feed.give_up()
            self._hand_back()

    def _hand_back(self) -> None:
        for held in self._host.feed.take_back():
            self._host.settling.hand_back(held)

    def _answer_until(self, end: float) -> None:
        """Do what is in the inbox next, if anything comes before ``end`` (boottime), or within a second after it."""
        try:
            self._inbox.get(timeout=max(1.0, end - boottime()))()
        except queue.Empty:
            return

    def _leave(self) -> int:
        host = self._host
        if host.busy:
            log.error("This host leaves with work in hand, which comes back when its leases have run out.")
            if host.membership is not None:
                host.membership.leave()
            host.sign.stop()
            os._exit(UNFINISHED)
        for desk in host.desks:
            desk.join()
        host.outbox.stop()
        host.leases.stop()
        host.feed.stop()
        host.worlds.close()
        host.meter.stop()
        host.sign.stop()
        if host.membership is not None:
            host.membership.leave()
        log.info("%s has drained and leaves.", self._settings.host)
        return 0


def main() -> int:
    """Run a supervisor with the settings of the environment."""
    # until it takes work there is nothing to drain
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    log_to_stderr("supervisor")
    be_taken_first(TAKEN_LAST)
    try:
        settings = WorkerSettings.from_environment(os.environ)
        log_to_stderr("supervisor", settings.logs, host=settings.host)
        return _run(settings)
    except TileworkError as error:
        log.error("%s %s", error.reason, error.advice)
        return error.status if isinstance(error, CannotStartError) else CANNOT


def _run(settings: WorkerSettings) -> int:
    deployment = settings.deployment
    load_own_operations(settings.extra_operations)
    warn_of_disabled(log)
    if settings.metadata_url:
        wait_while_ordered(InstanceMetadata(settings.metadata_url).get)
    folder = take_folder(settings.directory)
    session, region, endpoint = open_session(deployment.region), deployment.region, deployment.endpoint_url
    clients = build_clients(region, endpoint, silence=deployment.silence_seconds, session=session)
    silence = min(deployment.silence_seconds, LeaseTerms(settings.lease_seconds).silence)
    renewals = build_clients(
        region, endpoint, connections=RENEWERS, attempts=1, silence=silence, session=session
    )
    clock = ServiceClock()
    clock.listen(clients.dynamodb)
    clock.listen(renewals.dynamodb)
    make_sure(machine_checks(settings.own_ranks, settings.directory, settings.limits), 0.0)
    make_sure(service_checks(clients, deployment, clock), settings.start_seconds)
    with folder:
        return Supervisor(settings, join(clients, deployment), join(renewals, deployment), clock).run()


if __name__ == "__main__":
    sys.exit(main())
