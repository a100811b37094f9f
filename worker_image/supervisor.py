"""The supervisor of a worker host: leases messages, keeps them alive, feeds the world, survives its death.

One page of its life: two intake threads receive messages, of jobs and of units of large images; a few desk threads claim
them; the main thread feeds them to the MPI world, and starts a new world when one dies; the desk writes the ends; the leases thread renews
whatever takes longer. On SIGTERM nothing new is taken, what runs is finished, and what waits is handed back.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tilework.aws.connect import connect
from tilework.errors import LeaseLostError, ServiceError, TileworkError
from tilework.fleet.planning import Planned
from tilework.imaging.operations import load_extra
from tilework.jobs.life import JobLife
from tilework.jobs.preset_file import shipped_presets
from tilework.jobs.stage_life import StageLife
from tilework.jobs.unit_work import UnitTerms, UnitWork
from tilework.logs import about, log_to_stderr
from tilework.world import World
from tilework.world.fork_server import ForkServer
from worker_image import metrics
from worker_image.claims import Claims
from worker_image.endings import Endings, back_off
from worker_image.feed import Feed
from worker_image.held import Held, HeldUnit
from worker_image.intake import Intake
from worker_image.lease_board import LeaseBoard, board_path, boottime
from worker_image.leases import Leases, LeaseTerms
from worker_image.metrics import INTAKE_PAUSE, LEASE_LOSS, WORLD_RESTART, Meter
from worker_image.outbox import Outbox
from worker_image.settings import WorkerSettings
from worker_image.task import UnitOrder, UnitWorked
from worker_image.unit_endings import UnitEndings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.jobs.queues import Message
    from tilework.jobs.system import System
    from worker_image.held import Holding
    from worker_image.task import Worked

log = logging.getLogger(__name__)

DESK_THREADS = 16
"""Claims and ends at once, of jobs and as many of units; each is a few round trips to the services, a tenth of a second
for a photo in all."""

END_TRIES = 5
"""Times that an end is written anew while a service fails; then the lease runs out, and the result is found stored."""


class Supervisor:
    """One host's supervisor; :meth:`run` returns the exit status when it has drained."""

    def __init__(self, settings: WorkerSettings, system: System) -> None:
        settings.directory.mkdir(parents=True, exist_ok=True)
        self._settings = settings
        self._system = system
        life = JobLife(system.table, time.time)
        stages = StageLife(system, time.time)
        board = LeaseBoard(board_path(settings.directory), settings.leases, create=True)
        self._outbox = Outbox(system)
        self._claims = Claims(
            system, life, self._outbox, host=settings.host, lease_seconds=settings.lease_seconds,
            presets=shipped_presets(), default=settings.default_pipeline,
        )  # fmt: skip
        self._endings = Endings(system, life, self._outbox, settings.host)
        self._units = UnitWork(system, life, stages, UnitTerms(settings.lease_seconds, back_off))
        self._unit_endings = UnitEndings(stages, self._units, self._outbox, settings.host)
        terms = LeaseTerms(settings.lease_seconds)
        self._leases = Leases(system.jobs, life, board, terms, self._units)
        self._intake = Intake(
            system.jobs, places=settings.capacity, wait=settings.poll_seconds,
            visibility=settings.lease_seconds, take=self._receiver(self._claim), paused=self._paused,
        )  # fmt: skip
        self._unit_intake = Intake(
            system.units, places=settings.unit_capacity, first=settings.capacity, wait=settings.poll_seconds,
            visibility=settings.lease_seconds, take=self._receiver(self._take_up), paused=self._paused,
        )  # fmt: skip
        # apart, so that no photo waits while the last unit of a scan clears thousands of objects away
        self._desk = ThreadPoolExecutor(DESK_THREADS, thread_name_prefix="desk")
        self._unit_desk = ThreadPoolExecutor(DESK_THREADS, thread_name_prefix="unit desk")
        # what the main thread does next; threads and signal handlers only ever add to it
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._fork_server = ForkServer(settings.directory / "world", "worker_image.rank")
        self._feed = Feed(self._start_world, settings.shares, self, self._inbox.put)
        self._meter = Meter(
            self._outbox.tally, self._count_held, deployment=settings.deployment_name, host=settings.host
        )
        self._worlds = 0
        self._at_the_desk = 0
        self._draining = False

    # --- the main thread -----------------------------------------------------------------------------------------

    def run(self) -> int:
        """Work until a signal says stop, and everything held has ended or been handed back."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._signalled)
        self._feed.advance()
        self._leases.start()
        self._outbox.start()
        self._meter.start()
        self._intake.start()
        self._unit_intake.start()
        self._announce()
        while not (self._draining and not self._feed.busy and not self._at_the_desk):
            self._inbox.get()()
            if self._draining:
                self._hand_back()
            else:
                self._feed.advance()
        return self._leave()

    def _start_world(self) -> World:
        settings = self._settings
        world = World.start(
            ranks=settings.ranks,
            directory=settings.directory / "world",
            initializer="worker_image.rank:start_rank",
            initargs=(settings,),
            task_seconds=settings.limits.fetch_seconds,
            fork_server=self._fork_server,
        )
        log.info("A world of %d ranks is ready.", settings.ranks)
        self._worlds += 1
        if self._worlds > 1:
            self._outbox.tally.happened(WORLD_RESTART)
        return world

    def _announce(self) -> None:
        log.info("%s takes work: %d ranks, up to %d jobs at once.", *self._introduction())
        if self._settings.ready_file is not None:
            self._settings.ready_file.write_text(f"{os.getpid()}\n")

    def _introduction(self) -> tuple[str, int, int]:
        return self._settings.host, self._settings.ranks, self._settings.capacity

    def _signalled(self, number: int, _frame: object) -> None:
        if self._draining:
            # a second signal means at once: the leases run out by themselves, and nothing is lost
            os._exit(128 + number)
        self._draining = True
        self._intake.stop()
        self._unit_intake.stop()
        self._inbox.put(lambda: log.info("Draining: finishing what runs, taking nothing new."))

    def _hand_back(self) -> None:
        for held in self._feed.take_back():
            self._at_desk(held, self._endings_of(held).hand_back, held)

    def _leave(self) -> int:
        for intake in (self._intake, self._unit_intake):
            intake.join(self._settings.poll_seconds + 1)
        for desk in (self._desk, self._unit_desk):
            desk.shutdown(wait=True)
        self._outbox.stop()
        self._leases.stop()
        self._feed.stop()
        self._fork_server.close()
        self._meter.stop()
        log.info("%s has drained and leaves.", self._settings.host)
        return 0

    # --- verdicts, from the feed, on the main thread -----------------------------------------------------------------

    def done(self, held: Holding, worked: Worked | Planned | UnitWorked) -> None:
        """The result is stored, or the large image planned, or its unit made."""
        if not isinstance(worked, Planned):
            self._outbox.tally.worked(worked.seconds)
        end: Callable[..., None] = self._endings.done
        if isinstance(held, HeldUnit):
            end = self._unit_endings.done
        elif isinstance(worked, Planned):
            end = self._unit_endings.planned
        self._at_desk(held, end, held, worked)

    def failed(self, held: Holding, error: BaseException) -> None:
        """The attempt failed."""
        if isinstance(error, LeaseLostError):
            self._outbox.tally.happened(LEASE_LOSS)
        self._at_desk(held, self._endings_of(held).failed, held, error)

    def strike_out(self, held: Holding, failure: TileworkError) -> None:
        """The job, or the unit, goes beyond its bounds each time."""
        log.error("%s", failure.reason, extra=held.facts)
        self._at_desk(held, self._endings_of(held).strike_out, held, failure)

    def _endings_of(self, held: Holding) -> Endings | UnitEndings:
        return self._unit_endings if isinstance(held, HeldUnit) else self._endings

    # --- the desk: round trips to the services, off the main thread --------------------------------------------------

    def _at_desk(self, held: Holding, end: Callable[..., None], *arguments: object) -> None:
        """Write an end with all patience; only then the job's place is free."""
        self._at_the_desk += 1

        def write() -> None:
            try:
                with about(**held.facts):
                    _patiently(end, *arguments)
            except TileworkError as error:
                log.error("An end could not be written: %s", error.reason, extra=held.facts)
            finally:
                self._leases.drop(held)
                self._intake_of(held.place).give_back(held.place)
                self._inbox.put(self._left_the_desk)

        self._desk_of(held.place).submit(write)

    def _paused(self) -> None:
        self._outbox.tally.happened(INTAKE_PAUSE)

    def _count_held(self) -> metrics.Held:
        return metrics.Held(*self._leases.count())

    def _intake_of(self, place: int) -> Intake:
        return self._intake if place < self._settings.capacity else self._unit_intake

    def _desk_of(self, place: int) -> ThreadPoolExecutor:
        return self._desk if place < self._settings.capacity else self._unit_desk

    def _left_the_desk(self) -> None:
        self._at_the_desk -= 1

    def _receiver(self, claim: Callable[[Message, int], Holding | None]) -> Callable[[Message, int], None]:
        """What an intake thread does with a message: let the desk claim what it tells."""

        def received(message: Message, place: int) -> None:
            self._inbox.put(lambda: self._consider_at_desk(claim, message, place))

        return received

    def _consider_at_desk(
        self, claim: Callable[[Message, int], Holding | None], message: Message, place: int
    ) -> None:
        self._at_the_desk += 1
        self._desk_of(place).submit(self._consider, claim, message, place)

    def _consider(
        self, claim: Callable[[Message, int], Holding | None], message: Message, place: int
    ) -> None:
        held = None
        try:
            held = claim(message, place)
            if held is not None:
                self._leases.add(held)
        except TileworkError as error:
            log.warning("A message could not be claimed, it comes again: %s", error.reason)
        except Exception:
            log.exception("A message could not be claimed, it comes again.")
        finally:
            if held is None:
                self._intake_of(place).give_back(place)
            self._inbox.put(lambda: self._considered(held))

    def _claim(self, message: Message, place: int) -> Held | None:
        return self._claims.consider(message, place)

    def _take_up(self, message: Message, place: int) -> HeldUnit | None:
        began = boottime()
        task = self._units.consider(message)
        if task is None:
            return None
        held = HeldUnit(message, UnitOrder(task, place), began)
        log.debug("Claimed.", extra=held.facts)
        return held

    def _considered(self, held: Holding | None) -> None:
        self._at_the_desk -= 1
        if held is not None:
            self._feed.add(held)


def _patiently(end: Callable[..., None], *arguments: object) -> None:
    for attempt in range(1, END_TRIES):
        try:
            end(*arguments)
        except ServiceError as error:
            log.warning("Trying again to write an end: %s", error.reason)
            time.sleep(back_off(attempt))
        else:
            return
    end(*arguments)


def main() -> int:
    """Run a supervisor with the settings of the environment."""
    log_to_stderr("supervisor")
    try:
        settings = WorkerSettings.from_environment(os.environ)
        log_to_stderr("supervisor", settings.logs, host=settings.host)
        if settings.extra_operations:
            load_extra(settings.extra_operations)
        return Supervisor(settings, connect(settings.deployment)).run()
    except TileworkError as error:
        log.error("%s %s", error.reason, error.advice)
        return 3


if __name__ == "__main__":
    sys.exit(main())
