"""Feeds held jobs, and units of large images, to the MPI world, one world after another, and finds out whom to blame when one dies.

The world is disposable, and a job that was not being worked on when it died is innocent: it is fed again at once. The
job whose rank died is a suspect: it goes again in a guarded child of its rank, which it can end without harm to anybody,
and only ending that blames it. So neither a job beside a crasher nor one whose rank was killed from outside ever fails
for it. While many end their ranks, every job is guarded.
"""

from __future__ import annotations

import logging
import math
import signal
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from tilework.errors import CrashedError, OutOfMemoryError, SetupError, TooSlowError, WorldDiedError
from worker_image.held import HeldUnit
from worker_image.rank import work, work_unit
from worker_image.shares import Load, WorkKind
from worker_image.unrest import Unrest

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from tilework.errors import TileworkError
    from tilework.fleet.planning import Planned
    from tilework.world import World
    from tilework.world.slots import Slot
    from worker_image.held import Holding
    from worker_image.shares import Shares
    from worker_image.task import UnitWorked, Worked

log = logging.getLogger(__name__)

DEATHS = 2
"""Processes that a job may end before it is blamed, the last of them given to it alone: one more than chance explains."""

STOP_SECONDS = 10.0
"""How long a world with nothing left to do may take to leave; then it is killed."""

OUTGROWN_SECONDS = 5.0
"""How long what runs may take to end where another world would have a host more: its own ranks have nothing to do then,
one after the other. A photo ends meanwhile, and a unit most often; what takes longer is begun again if others wait."""

START_TRIES = 5
"""Worlds in a row that may fail to start before the host gives up."""

START_PAUSE = 1.0
"""Seconds between two of them."""

CROWD_DEATHS = 5
"""Worlds that may die under a job before it is suspect, whoever died in them: it may well be what takes their memory.
As many again, although it was guarded, and the attempt has failed: another host, or a later one, may do better."""

KILLED_CHILDREN = 2
"""Guarded children among them where the last was killed by SIGKILL: somebody may have ended the rank before it."""

STARVED_CHILDREN = 3
"""As many where the kernel has killed for want of memory meanwhile: then it may have chosen the innocent."""


@dataclass(frozen=True, slots=True)
class AtWork:
    """What a rank works on."""

    rank: int
    slot: Slot
    held: Holding


class Verdicts(Protocol):
    """Who writes the ends of jobs and units."""

    def done(self, held: Holding, worked: Worked | Planned | UnitWorked) -> None:
        """The work is done: the result is stored, or the large image planned, or the unit's objects are stored."""
        ...

    def failed(self, held: Holding, error: BaseException) -> None:
        """The attempt failed with ``error``."""
        ...

    def strike_out(self, held: Holding, failure: TileworkError) -> None:
        """The job ends its process whenever it is tried, or goes beyond its time or memory."""
        ...


def _call_later(seconds: float, call: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, call)
    timer.daemon = True
    timer.start()


class Feed:
    """As many tasks at once as ``shares`` allow, and one more in the queue of rank 0. All methods belong to the main thread.

    ``start_world`` starts a world; ``soon`` makes the main thread call a function, from whatever thread. Once a world is
    ``outgrown`` it has OUTGROWN_SECONDS to end what it works on, and another takes its place. The shares are those of the
    world that is there.
    """

    def __init__(
        self, start_world: Callable[[], World], shares: Shares, verdicts: Verdicts,
        soon: Callable[[Callable[[], None]], None], *, pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic, outgrown: Callable[[], bool] = lambda: False,
        later: Callable[[float, Callable[[], None]], None] = _call_later,
    ) -> None:  # fmt: skip
        self._start_world = start_world
        self._foreseen = shares
        self._shares = shares
        self._verdicts = verdicts
        self._soon = soon
        self._pause = pause
        self._world: World | None = None
        self._failed_starts = 0
        self._waiting: dict[WorkKind, deque[Holding]] = {kind: deque() for kind in WorkKind}
        self._running: dict[Holding, Future[Any]] = {}
        self._clock = clock
        self._outgrown = outgrown
        self._later = later
        self._ending: World | None = None
        self._last_job = -math.inf
        self._unrest = Unrest(clock)

    @property
    def busy(self) -> bool:
        """Whether anything is being worked on."""
        return bool(self._running)

    def add(self, held: Holding) -> None:
        """Queue a job or a unit."""
        self._waiting[_kind(held)].append(held)

    def take_back(self) -> list[Holding]:
        """What no rank works on; it is not fed any more."""
        left = [held for waiting in self._waiting.values() for held in waiting]
        for waiting in self._waiting.values():
            waiting.clear()
        return left

    def advance(self) -> None:
        """See to it that a world lives, and give it what it can take. Raises SetupError where none will start."""
        world = self._living_world()
        if world is None:
            return
        while (kind := self._shares.next_kind(self._load())) is not None:
            self._submit(world, self._waiting[kind].popleft())

    def at_work(self) -> list[AtWork]:
        """What each rank works on now."""
        if self._world is None:
            return []
        held_by = {future: held for held, future in self._running.items()}
        told = self._world.at_work()
        return [AtWork(rank, slot, held_by[future]) for rank, slot, future in told if future in held_by]

    def give_up(self) -> None:
        """End what is being worked on; as after any world's death it waits then, and can be taken back."""
        if self._world is not None and self._running:
            self._world.kill()

    def stop(self) -> None:
        """Let the world leave in order."""
        if self._world is not None:
            self._world.shutdown(wait=True, timeout=STOP_SECONDS)

    def _living_world(self) -> World | None:
        if self._world is not None and self._world.alive:
            if not self._outgrown():
                self._ending = None
                return self._world
            self._make_way(self._world)
        if self._running:
            # the futures of the dead world are about to fail; until then nobody knows whom its death concerns
            return None
        try:
            self._world = self._start_world()
        except SetupError as error:
            self._failed_starts += 1
            if self._failed_starts >= START_TRIES:
                raise
            log.warning("No world could be started, trying again: %s", error.reason)
            self._pause(START_PAUSE)
            self._soon(lambda: None)
            return None
        self._failed_starts = 0
        self._shares = self._foreseen.in_world_of(len(self._world.pids) - 1)
        return self._world

    def _make_way(self, world: World) -> None:
        if not self._running:
            world.shutdown(wait=True, timeout=STOP_SECONDS)
        elif self._ending is not world:
            self._ending = world
            self._later(OUTGROWN_SECONDS, lambda: self._soon(self._end_outgrown))

    def _end_outgrown(self) -> None:
        ending, self._ending = self._ending, None
        # the host that was back may be lost again, and nobody else may need its ranks
        if ending is self._world and ending is not None and self._outgrown() and any(self._waiting.values()):
            ending.kill()

    def _submit(self, world: World, held: Holding) -> None:
        suspect = self._is_suspect(held) or self._unrest.lasts
        log.debug("Fed to the world.", extra=held.facts)
        future: Future[Any]
        if isinstance(held, HeldUnit):
            future = world.submit(work_unit, held.order, suspect=suspect)
        else:
            self._last_job = self._clock()
            future = world.submit(work, held.task, suspect=suspect)
        # to a world that has died just now the future fails like those that were in it
        self._running[held] = future
        future.add_done_callback(lambda ended: self._soon(lambda: self._ended(held, ended)))

    def _load(self) -> Load:
        units = sum(isinstance(held, HeldUnit) for held in self._running)
        return Load(
            jobs=len(self._running) - units,
            units=units,
            jobs_waiting=len(self._waiting[WorkKind.JOB]),
            units_waiting=len(self._waiting[WorkKind.UNIT]),
            quiet=self._clock() - self._last_job,
        )

    @staticmethod
    def _is_suspect(held: Holding) -> bool:
        return held.deaths > 0 or held.worlds >= CROWD_DEATHS

    def _ended(self, held: Holding, future: Future[Any]) -> None:
        self._running.pop(held, None)
        error = future.exception()
        if error is None:
            self._verdicts.done(held, future.result())
        elif isinstance(error, WorldDiedError):
            self._world_died(held, error)
        elif isinstance(error, CrashedError):
            self._crashed(held, error)
        elif isinstance(error, (TooSlowError, OutOfMemoryError)):
            self._verdicts.strike_out(held, error)
        else:
            self._verdicts.failed(held, error)

    def _world_died(self, held: Holding, error: WorldDiedError) -> None:
        held.worlds += 1
        log.info("Is fed again, as its world has died: %s", error.reason, extra=held.facts)
        if error.suspect:
            held.deaths += 1
            self._unrest.note()
            log.warning("Suspected of ending its world: %s", error.reason, extra=held.facts)
        if held.worlds < 2 * CROWD_DEATHS:
            self._waiting[_kind(held)].appendleft(held)
        else:
            self._verdicts.failed(held, error)

    def _crashed(self, held: Holding, error: CrashedError) -> None:
        """The job has ended a guarded child."""
        held.deaths += 1
        held.children += 1
        self._unrest.note()
        if held.deaths < DEATHS or held.children < _children_of(error):
            log.warning("Trying once more: %s", error.reason, extra=held.facts)
            self._waiting[_kind(held)].appendleft(held)
        else:
            self._verdicts.strike_out(held, error)


def _children_of(error: CrashedError) -> int:
    """How many guarded children must have ended before their work is blamed."""
    if error.signal != signal.SIGKILL:
        return 1
    return STARVED_CHILDREN if error.short_of_memory else KILLED_CHILDREN


def _kind(held: Holding) -> WorkKind:
    return WorkKind.UNIT if isinstance(held, HeldUnit) else WorkKind.JOB
