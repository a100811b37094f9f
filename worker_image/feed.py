"""Feeds held jobs to the MPI world, one world after another, and finds out whom to blame when one dies.

The world is disposable, and a job that was not being worked on when it died is innocent: it is fed again at once. The
job whose rank died is a suspect: it goes again in a guarded child of its rank, which it can end without harm to anybody,
and only ending that blames it. So neither a job beside a crasher nor one whose rank was killed from outside ever fails
for it. While many end their ranks, every job is guarded.
"""

from __future__ import annotations

import logging
import signal
import time
from collections import deque
from typing import TYPE_CHECKING, Protocol

from tilework.errors import CrashedError, OutOfMemoryError, SetupError, TooSlowError, WorldDiedError
from worker_image.rank import work
from worker_image.unrest import Unrest

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from tilework.errors import TileworkError
    from tilework.world import World
    from worker_image.held import Held
    from worker_image.task import Worked

log = logging.getLogger(__name__)

DEATHS = 2
"""Processes that a job may end before it is blamed, the last of them given to it alone: one more than chance explains."""

STOP_SECONDS = 10.0
"""How long a world with nothing left to do may take to leave; then it is killed."""

START_TRIES = 5
"""Worlds in a row that may fail to start before the host gives up."""

START_PAUSE = 1.0
"""Seconds between two of them."""

CROWD_DEATHS = 5
"""Worlds that may die under a job before it is suspect, whoever died in them: it may well be what takes their memory.
As many again, although it was guarded, and the attempt has failed: another host, or a later one, may do better."""


KILLED_DEATHS = 4
"""As many where the last came by SIGKILL, which a kernel without memory sends to the innocent as well."""


class Verdicts(Protocol):
    """Who writes the ends of jobs."""

    def done(self, held: Held, worked: Worked) -> None:
        """The work is done and the result stored."""
        ...

    def failed(self, held: Held, error: BaseException) -> None:
        """The attempt failed with ``error``."""
        ...

    def strike_out(self, held: Held, failure: TileworkError) -> None:
        """The job ends its process whenever it is tried, or goes beyond its time or memory."""
        ...


class Feed:
    """``ranks`` tasks at once and one more in the queue of rank 0. All methods belong to the main thread.

    ``start_world`` starts a world; ``soon`` makes the main thread call a function, from whatever thread.
    """

    def __init__(
        self, start_world: Callable[[], World], ranks: int, verdicts: Verdicts,
        soon: Callable[[Callable[[], None]], None], *, pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._start_world = start_world
        self._ranks = ranks
        self._verdicts = verdicts
        self._soon = soon
        self._pause = pause
        self._world: World | None = None
        self._failed_starts = 0
        self._waiting: deque[Held] = deque()
        self._running: set[Held] = set()
        self._unrest = Unrest(clock)

    @property
    def busy(self) -> bool:
        """Whether anything is being worked on."""
        return bool(self._running)

    def add(self, held: Held) -> None:
        """Queue a job."""
        self._waiting.append(held)

    def take_back(self) -> list[Held]:
        """The jobs that no rank works on; they are not fed any more."""
        left = list(self._waiting)
        self._waiting.clear()
        return left

    def advance(self) -> None:
        """See to it that a world lives, and give it what it can take. Raises SetupError where none will start."""
        world = self._living_world()
        if world is None:
            return
        while self._waiting and len(self._running) <= self._ranks:
            self._submit(world, self._waiting.popleft())

    def stop(self) -> None:
        """Let the world leave in order."""
        if self._world is not None:
            self._world.shutdown(wait=True, timeout=STOP_SECONDS)

    def _living_world(self) -> World | None:
        if self._world is not None and self._world.alive:
            return self._world
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
        return self._world

    def _submit(self, world: World, held: Held) -> None:
        # to a world that has died just now the future fails like those that were in it
        self._running.add(held)
        future = world.submit(work, held.task, suspect=self._is_suspect(held) or self._unrest.lasts)
        future.add_done_callback(lambda ended: self._soon(lambda: self._ended(held, ended)))

    @staticmethod
    def _is_suspect(held: Held) -> bool:
        return held.deaths > 0 or held.worlds >= CROWD_DEATHS

    def _ended(self, held: Held, future: Future[Worked]) -> None:
        self._running.discard(held)
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

    def _world_died(self, held: Held, error: WorldDiedError) -> None:
        held.worlds += 1
        if error.suspect:
            held.deaths += 1
            self._unrest.note()
            log.warning("Suspected of ending its world: %s", error.reason, extra={"job": held.job.id})
        if held.worlds < 2 * CROWD_DEATHS:
            self._waiting.appendleft(held)
        else:
            self._verdicts.failed(held, error)

    def _crashed(self, held: Held, error: CrashedError) -> None:
        """The job has ended a guarded child."""
        held.deaths += 1
        self._unrest.note()
        if held.deaths < (KILLED_DEATHS if error.signal == signal.SIGKILL else DEATHS):
            log.warning("Trying once more: %s", error.reason, extra={"job": held.job.id})
            self._waiting.appendleft(held)
        else:
            self._verdicts.strike_out(held, error)
