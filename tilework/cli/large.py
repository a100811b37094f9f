"""Files too large for one rank, one after the other, each by all ranks together."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING

from tilework.cli.progress import Progress
from tilework.cli.ranks import not_done, unexpected, unwritable
from tilework.errors import CrashedError, WorldDiedError
from tilework.guard.images import rewrite_guarded
from tilework.imaging.large_file import LargeFile, process_large_file
from tilework.imaging.sources import OpenableFile
from tilework.imaging.stages.on_one_host import Ranks
from tilework.shown import shown
from tilework.world.deadline import allow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tilework.cli.files import Errand
    from tilework.cli.interrupts import Interrupts
    from tilework.cli.living_world import LivingWorld
    from tilework.imaging.limits import Limits
    from tilework.imaging.pipeline import Pipeline
    from tilework.imaging.run import FileOutcome
    from tilework.imaging.stages.on_one_host import Step
    from tilework.imaging.stages.planning import Wishes
    from tilework.imaging.stopwatch import Profile

WORLDS = 2
"""Worlds that may die of a file before it is to blame."""


class LargeFiles:
    """Processes large files with one pipeline on the ranks of a world, be it one: none can end this process."""

    def __init__(
        self, pipeline: Pipeline, limits: Limits, wishes: Wishes, *, living: LivingWorld, interrupts: Interrupts,
        profiled: bool,
    ) -> None:  # fmt: skip
        self._pipeline = pipeline
        self._limits = limits
        self._wishes = wishes
        self._interrupts = interrupts
        self._living = living
        self._profiled = profiled

    def run(self, errands: Sequence[Errand]) -> Iterator[FileOutcome]:
        """The outcomes, as they come. To be run in the main thread; an interrupt leaves off at once."""
        for errand in errands:
            if self._interrupts.asked:
                return
            outcome = None
            with contextlib.suppress(KeyboardInterrupt), self._interrupts.waiting():
                outcome = self._outcome(errand)
            if outcome is not None:
                yield outcome

    def _outcome(self, errand: Errand) -> FileOutcome:
        source = OpenableFile(errand.source)
        wanted = LargeFile(source, errand.target, self._pipeline, self._limits, self._wishes)
        try:
            with Progress(f"Processing {shown(errand.source.name)}", 0) as bar:
                return self._process(errand.source, wanted, bar)
        except OSError as error:
            return not_done(errand, unwritable(errand, error))
        except Exception as error:  # noqa: BLE001 - an operation may raise anything; it is told as this file's failure
            return not_done(errand, unexpected(error))

    def _process(self, source: Path, wanted: LargeFile, bar: Progress) -> FileOutcome:
        def tell(step: Step) -> None:
            bar.show(step.done, step.units, step.stage)

        reason = ""
        deaths = 0
        while deaths < WORLDS:
            ranks = Ranks(
                self._living.get(), self._living.ranks, tell, allow, self._living.end, self._profiles(),
                partial(rewrite_guarded, self._limits), self._living.other_hosts,
            )  # fmt: skip
            try:
                return process_large_file(source, wanted, ranks)
            except WorldDiedError as error:
                reason = error.reason
                deaths += not error.host_lost
            except BaseException:
                # its ranks may be at work on it still
                self._living.end()
                raise
        raise CrashedError(f"A rank ended each time: {reason}")

    def _profiles(self) -> list[Profile] | None:
        return [] if self._profiled else None
