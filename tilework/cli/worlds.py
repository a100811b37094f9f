"""Files through one MPI world after another, until each has an outcome."""

from __future__ import annotations

import glob
from collections import deque
from concurrent.futures import FIRST_COMPLETED, wait
from typing import TYPE_CHECKING

from tilework.cli.ranks import not_done, run_errand, unexpected
from tilework.errors import CrashedError, SetupError, WorldDiedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

    from tilework.cli.files import Errand
    from tilework.cli.interrupts import Interrupts
    from tilework.cli.living_world import LivingWorld
    from tilework.imaging.limits import Limits
    from tilework.imaging.pipeline import Pipeline
    from tilework.imaging.run import FileOutcome
    from tilework.world import World

FRUITLESS_WORLDS = 3
"""Worlds in a row that may die with nothing done and no file to blame; then the machine is at fault."""

OUTGROWN_SECONDS = 5.0
"""How long the ranks of a world may wait for what still runs, where the next world has a host more; that begins again."""


class Worlds:
    """Runs errands in one world after another, one lasting as long as nothing happens to it.

    The file that a rank died of is suspect: it goes again in guarded children, which end no rank, and that is its
    outcome.
    """

    def __init__(
        self, pipeline: Pipeline, limits: Limits, living: LivingWorld, interrupts: Interrupts
    ) -> None:
        self._pipeline = pipeline
        self._limits = limits
        self._living = living
        self._waiting: deque[Errand] = deque()
        self._suspects: set[Errand] = set()
        self._running: dict[Future[FileOutcome], Errand] = {}
        self._fruitless = 0
        self._interrupts = interrupts

    def run(self, errands: Sequence[Errand]) -> Iterator[FileOutcome]:
        """The outcomes, as they come. To be run in the main thread.

        After an interrupt the ranks finish what they work on, and those outcomes still come; the rest has none.
        Raises SetupError where no world can be started, or none lives.
        """
        self._waiting.extend(errands)
        try:
            while self._waiting and not self._interrupts.asked:
                if self._fruitless >= FRUITLESS_WORLDS:
                    raise SetupError(f"{FRUITLESS_WORLDS} MPI worlds died in a row, and no file is to blame.")
                self._fruitless += 1
                yield from self._live(self._living.get())
        finally:
            if self._running:
                self._living.end()
                self._sweep()

    def _live(self, world: World) -> Iterator[FileOutcome]:
        """Outcomes until all is done, or the world is dead."""
        while self._feed(world):
            for future in self._done():
                yield from self._ended(self._running.pop(future), future)

    def _done(self) -> set[Future[FileOutcome]]:
        """Wait for what is done, or for an interrupt: then nothing."""
        patience = OUTGROWN_SECONDS if self._waiting and self._living.outgrown else None
        try:
            with self._interrupts.waiting():
                done = wait(self._running, patience, FIRST_COMPLETED).done
        except KeyboardInterrupt:
            if self._interrupts.asked_twice:
                raise
            return set()
        if not done:
            self._fruitless = 0
            self._living.end()
        return done

    def _feed(self, world: World) -> bool:
        """Give the world what it can take; whether anything is being worked on."""
        if self._interrupts.asked:
            self._give_up()
        # a host is back: what runs ends, or is ended, and the next world has it
        while world.alive and self._waiting and not self._living.outgrown and len(self._running) < self._most:
            self._submit(world, self._waiting.popleft())
        return bool(self._running)

    @property
    def _most(self) -> int:
        return 2 * self._living.ranks

    def _submit(self, world: World, errand: Errand) -> None:
        suspect = errand in self._suspects
        future = world.submit(run_errand, errand, self._pipeline, self._limits, suspect=suspect)
        self._running[future] = errand

    def _ended(self, errand: Errand, future: Future[FileOutcome]) -> Iterator[FileOutcome]:
        """The errand's outcome, if it has one already."""
        error = future.exception()
        if isinstance(error, WorldDiedError):
            yield from self._died(errand, error)
            return
        self._fruitless = 0
        yield future.result() if error is None else not_done(errand, unexpected(error))

    def _died(self, errand: Errand, error: WorldDiedError) -> Iterator[FileOutcome]:
        _remove_partial(errand)
        if error.host_lost:
            self._fruitless = 0
        if not error.suspect:
            self._waiting.appendleft(errand)
        elif errand not in self._suspects:
            self._fruitless = 0
            self._suspects.add(errand)
            self._waiting.appendleft(errand)
        else:
            # nothing of the work was done in the rank itself: it was the reading or the writing, or somebody's kill
            yield not_done(
                errand, CrashedError(f"The process with this file ended each time: {error.reason}")
            )

    def _give_up(self) -> None:
        """Let nothing new begin."""
        self._waiting.clear()
        self._running = {future: errand for future, errand in self._running.items() if not future.cancel()}

    def _sweep(self) -> None:
        """Remove what the ranks of a killed world had begun to write."""
        for errand in self._running.values():
            _remove_partial(errand)


def _remove_partial(errand: Errand) -> None:
    target = errand.target
    for partial in target.parent.glob(f".{glob.escape(target.name)}.*.part"):
        partial.unlink(missing_ok=True)
