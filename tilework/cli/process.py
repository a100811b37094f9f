"""``tilework process``: a file to a file, or a folder to a folder. No AWS on this path."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from tilework.cli import consoles, profiles, statuses
from tilework.cli.files import Errand, errand_to, errands_between, files_below
from tilework.cli.large import LargeFiles
from tilework.cli.pipelines import pipeline_of
from tilework.cli.progress import Progress
from tilework.cli.ranks import run_errand
from tilework.cli.statuses import UsageError
from tilework.cli.worlds import Worlds
from tilework.imaging.pictures import in_folder, show
from tilework.imaging.run import prepare_process
from tilework.shown import shown

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

    from tilework.cli.interrupts import Interrupts
    from tilework.cli.living_world import LivingWorld
    from tilework.errors import TileworkError
    from tilework.imaging.limits import Limits
    from tilework.imaging.pipeline import Pipeline
    from tilework.imaging.run import FileOutcome
    from tilework.imaging.stages.planning import Wishes
    from tilework.imaging.stopwatch import Profile


@dataclass(frozen=True, slots=True)
class Ways:
    """How it is to be done: within which limits, large results how, in which world, and until when.

    ``profiled`` says that where the time goes is wanted to be known; ``pictures`` is the folder of those that the pipeline
    names.
    """

    limits: Limits
    wishes: Wishes
    living: LivingWorld
    interrupts: Interrupts
    profiled: bool = False
    pictures: Path | None = None


def run(source: Path, destination: Path, pipeline: str, ways: Ways, *, json: bool) -> int:
    """Process it all; the exit status."""
    chosen = show(pipeline_of(pipeline), in_folder(ways.pictures, ways.limits), ways.limits)
    errands = _errands(source, destination, chosen, ways.limits)
    if not errands:
        consoles.talk().print(f"There are no files in {shown(str(source))}.")
    tally = Tally(json=json, profiled=ways.profiled)
    with (
        _seen_by_all(ways, source, destination),
        closing(_outcomes(errands, chosen, ways)) as outcomes,
        Progress("Processing", len(errands)) as bar,
    ):
        for outcome in outcomes:
            tally.add(outcome)
            bar.advance()
    tally.close(destination)
    if ways.interrupts.asked and tally.count < len(errands):
        return statuses.INTERRUPTED
    return statuses.SOME_FAILED if tally.failed else statuses.ALL_DONE


def _seen_by_all(ways: Ways, source: Path, destination: Path) -> AbstractContextManager[None]:
    if ways.living.hosts is None:
        return nullcontext()
    from tilework.cli.several_hosts import shared_between  # noqa: PLC0415 - for several hosts only

    return shared_between(ways.living.hosts, source, destination, ways.pictures)


def _errands(source: Path, destination: Path, pipeline: Pipeline, limits: Limits) -> list[Errand]:
    if not source.is_dir():
        return [_single_errand(source, destination, pipeline, limits)]
    if destination.exists() and not destination.is_dir():
        raise UsageError(
            f"{source} is a folder and {destination} is a file.", advice="Name a folder for the results."
        )
    if destination.exists() and destination.samefile(source):
        raise UsageError(
            "The results would overwrite their sources.", advice="Name another folder for the results."
        )
    sources = list(files_below(source, without=destination))
    errands = errands_between(sources, source, destination, pipeline, limits)
    _check_no_source_is_overwritten(errands)
    return errands


def _single_errand(source: Path, destination: Path, pipeline: Pipeline, limits: Limits) -> Errand:
    if not source.is_file():
        raise UsageError(
            f"{source} is neither a file nor a folder.", advice="Name an image, or a folder of images."
        )
    into_folder = destination.is_dir()
    wanted = destination / source.name if into_folder else destination
    errand = errand_to(source, wanted, pipeline, limits)
    target = errand.target
    if target != wanted and not into_folder:
        if target.exists():
            raise UsageError(
                f"The result is no {wanted.suffix} file, and {target} exists.",
                advice="Choose another name."
                if target.samefile(source)
                else f"Name {target} outright to overwrite it, or choose another name.",
            )
        consoles.talk().print(
            f"The result is no {shown(wanted.suffix)} file: written to {shown(str(target))}."
        )
    _check_no_source_is_overwritten([errand])
    return errand


def _check_no_source_is_overwritten(errands: Sequence[Errand]) -> None:
    """Raise UsageError where a result would take the place of any source, under whatever name."""
    sources = {_identity(errand.source) for errand in errands if errand.source.exists()}
    for errand in errands:
        if errand.target.exists() and _identity(errand.target) in sources:
            raise UsageError(
                f"The result {errand.target} would overwrite a source.",
                advice="Choose another name, or another folder for the results.",
            )


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _outcomes(
    errands: Sequence[Errand], pipeline: Pipeline, ways: Ways
) -> Generator[FileOutcome, None, None]:
    """Those of ordinary files, then those of large ones."""
    large = [errand for errand in errands if errand.large]
    others = [errand for errand in errands if not errand.large]
    if ways.living.wanted:
        yield from Worlds(pipeline, ways.limits, ways.living, ways.interrupts).run(others)
    elif others:
        prepare_process()
        yield from _one_by_one(others, pipeline, ways)
    yield from LargeFiles(
        pipeline, ways.limits, ways.wishes,
        living=ways.living, interrupts=ways.interrupts, profiled=ways.profiled,
    ).run(large)  # fmt: skip


def _one_by_one(errands: Sequence[Errand], pipeline: Pipeline, ways: Ways) -> Iterator[FileOutcome]:
    for errand in errands:
        if ways.interrupts.asked:
            return
        # there is no other process that could go on after this one
        yield run_errand(errand, pipeline, ways.limits, suspect=True)


class Tally:
    """Tells each outcome as it comes, and their sum at the end."""

    def __init__(self, *, json: bool, profiled: bool) -> None:
        self._json = json
        self._profiled = profiled
        self._profiles: list[Profile] = []
        self._console = consoles.talk()
        self._began = time.perf_counter()
        self._advised: set[str] = set()
        self._last_result: Path | None = None
        self.done = 0
        self.failed = 0

    @property
    def count(self) -> int:
        """How many have ended."""
        return self.done + self.failed

    def add(self, outcome: FileOutcome) -> None:
        """One file has ended."""
        error = outcome.error
        self.done += error is None
        self._last_result = outcome.result or self._last_result
        self.failed += error is not None
        self._profiles += outcome.profiles
        if self._json:
            consoles.print_json_line(as_json(outcome, profiled=self._profiled))
        elif error is not None:
            self._tell(outcome.source, error)

    def _tell(self, source: Path, error: TileworkError) -> None:
        line = Text.assemble(("FAILED ", "red"), f"{shown(str(source))}: {shown(error.reason)}")
        if error.code not in self._advised:
            # once is enough for a folder of a thousand such files
            self._advised.add(error.code)
            line.append(f" {error.advice}", style="dim")
        self._console.print(line, soft_wrap=True)

    def close(self, destination: Path) -> None:
        """All have ended."""
        if not self._json:
            consoles.output().print(self._sum(destination), soft_wrap=True)
        if self._profiled:
            elapsed = time.perf_counter() - self._began
            self._console.print(profiles.table(self._profiles, elapsed))

    def _sum(self, destination: Path) -> str:
        seconds = time.perf_counter() - self._began
        failed = f", {self.failed} failed" if self.failed else ""
        # a single result may have another suffix than it was asked to have
        named = self._last_result if self.count == 1 and self._last_result else destination
        where = f" {'Result' if self.count == 1 else 'Results'} in {shown(str(named))}." if self.done else ""
        return f"{self.done} done{failed} in {seconds:.1f} s.{where}"


def as_json(outcome: FileOutcome, *, profiled: bool) -> dict[str, object]:
    """An outcome as the line that ``--json`` prints; ``seconds`` is the work alone, without any start-up."""
    error = outcome.error
    profile = {"profile": profiles.as_json(outcome.profiles)} if profiled else {}
    return {
        "source": str(outcome.source),
        "result": None if outcome.result is None else str(outcome.result),
        "state": "DONE" if error is None else "FAILED",
        "code": "" if error is None else error.code,
        "reason": "" if error is None else error.reason,
        "width": outcome.width,
        "height": outcome.height,
        "dtype": outcome.dtype,
        "blocks": outcome.blocks,
        "seconds": round(outcome.seconds, 4),
        "note": " ".join(outcome.notes),
        **profile,
    }
