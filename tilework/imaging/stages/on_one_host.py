"""All stages of a large image on the ranks of one host, from a source into one file.

The ranks take units from a :class:`~tilework.imaging.stages.walk.Walk` and append tiles to a
:class:`~tilework.imaging.stages.tile_file.TileFile`; whoever calls :func:`run` only sees to the order of the stages,
and writes the header, last.
"""

from __future__ import annotations

from concurrent.futures import FIRST_EXCEPTION, wait
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from tilework.imaging.stages.measuring import Measuring
from tilework.imaging.stages.rewriting import rewrite
from tilework.imaging.stages.tile_file import Appending, TileFile
from tilework.imaging.stages.walk import Walk
from tilework.imaging.stopwatch import watched

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    from tilework.imaging.formats import Header
    from tilework.imaging.sources import Source
    from tilework.imaging.stages.readers import Pieces
    from tilework.imaging.stages.rewriting import Rewritten
    from tilework.imaging.stages.work import Work
    from tilework.imaging.stages.writing import Writing
    from tilework.imaging.stopwatch import Profile

A = TypeVar("A")
T = TypeVar("T")

PROGRESS_SECONDS = 0.2
"""Between two looks at how many units are done."""


@dataclass(frozen=True, slots=True)
class Step:
    """How far a stage is: ``done`` of ``units``."""

    stage: str
    done: int
    units: int


class Bounded(Protocol):
    """What does work on an image within bounds."""

    def __call__(self, header: Header, encoded: int, work: Callable[[], Rewritten], /) -> Rewritten:
        """Do it."""
        ...


def _at_once(header: Header, encoded: int, work: Callable[[], Rewritten], /) -> Rewritten:  # noqa: ARG001
    return work()


@dataclass(frozen=True, slots=True)
class Ranks:
    """Who does the units: ``count`` processes of ``executor``, or without one the caller itself.

    ``rewrite`` bounds the streaming of an image, in each process: it is told the header, the bytes of the file, and what
    to do. It is picklable, and so is ``allow``.

    ``tell`` hears of progress. ``allow`` is told in each process, before each unit, how many seconds that may take.
    ``end`` ends all processes at once, and returns when they are gone. ``profiles``, if there is such a
    list, gets those of the ranks, stage by stage. ``hosts`` are the names of other hosts than the caller's that some of
    them are on, and which see the same files.
    """

    executor: Executor | None
    count: int
    tell: Callable[[Step], None]
    allow: Callable[[float], None]
    end: Callable[[], None]
    profiles: list[Profile] | None = None
    rewrite: Bounded = _at_once
    hosts: tuple[str, ...] = ()

    def ask(self, function: Callable[[A], T], argument: A) -> T:
        """What ``function`` says of ``argument``: in a rank, which has its libraries loaded already."""
        if self.executor is None:
            return function(argument)
        return self.executor.submit(function, argument).result()


def run(work: Work, file: TileFile, folder: Path, ranks: Ranks, seconds: float) -> set[str]:
    """Run all stages: afterwards every tile lies in ``file``, and its tables tell where. All as in :func:`measure`."""
    notes = measure(work, folder, ranks, seconds)
    for number in range(len(work.written)):
        writing = work.writing(number)
        notes |= _walked(Units(writing, file, _walk_of(writing, folder), ranks.allow, seconds), ranks)
    file.gather()
    file.append_first_tiles()
    return notes


def measure(work: Work, folder: Path, ranks: Ranks, seconds: float) -> set[str]:
    """Measure and reduce whatever must be known of the whole image.

    ``folder`` is for what the ranks share meanwhile, ``seconds`` is what any unit may take. Returns sentences about what
    was odd in the image, and raises what a unit raises.
    """
    notes: set[str] = set()
    for index in work.measured:
        measuring = work.measuring(index)
        notes |= _walked(Units(measuring, None, _walk_of(measuring, folder), ranks.allow, seconds), ranks)
        for level, grid in enumerate(measuring.levels()[1:], 1):
            for node in range(grid.count):
                measuring.reduce(level, node)
    return notes


def _walk_of(stage: Measuring | Writing, folder: Path) -> Walk:
    return Walk(folder / f"units-{stage.name}")


@dataclass(frozen=True, slots=True)
class Units:
    """The units of one stage, as each rank takes them; tiles go to ``file``. Picklable."""

    stage: Measuring | Writing
    file: TileFile | None
    walk: Walk
    allow: Callable[[float], None]
    seconds: float

    def do_watched(self, after_each: Callable[[], None]) -> tuple[tuple[str, ...], Profile]:
        """Do units as :meth:`do`; what was odd, and where the time went."""
        with watched() as watch:
            return self.do(after_each), watch.profile()

    def do(self, after_each: Callable[[], None]) -> tuple[str, ...]:
        """Do units until none is left; what was odd in what was read for them."""
        reader = self.stage.image.open()
        with nullcontext() if self.file is None else Appending(self.file) as sink:
            for position in self.walk.units():
                unit = self.stage.units.down_columns(position)
                self.allow(self.seconds)
                if isinstance(self.stage, Measuring):
                    self.stage.measure(reader, unit)
                elif sink is not None:
                    self.stage.write(reader, unit, sink)
                after_each()
        return reader.notes()


@dataclass(frozen=True, slots=True)
class Rewriting:
    """The rewriting of an image, as one rank does it. Picklable."""

    source: Source
    header: Header
    pieces: Pieces
    folder: Path
    walk: Walk
    bounded: Bounded

    def do(self, after_each: Callable[[], None]) -> Rewritten:
        """Stream it."""

        def told(index: int) -> None:
            self.walk.mark(index)
            after_each()

        def work() -> Rewritten:
            return rewrite(self.source, self.header, self.pieces, self.folder, told)

        return self.bounded(self.header, self.source.size, work)


def rewrite_on(ranks: Ranks, source: Source, header: Header, pieces: Pieces, folder: Path) -> Rewritten:
    """Have one rank rewrite an image, told of as a stage of its own."""
    walk = Walk(folder / "units-rewrite")
    walk.create(pieces.grid.count)
    task = Rewriting(source, header, pieces, folder, walk, ranks.rewrite)
    (rewritten,) = _together([task.do], walk, ranks, "rewrite", pieces.grid.count)
    return rewritten


def _walked(units: Units, ranks: Ranks) -> set[str]:
    count = units.stage.units.count
    units.walk.create(count)
    tasks = min(ranks.count, count)
    if ranks.profiles is None:
        found = _together([units.do] * tasks, units.walk, ranks, units.stage.name, count)
    else:
        told = _together([units.do_watched] * tasks, units.walk, ranks, units.stage.name, count)
        found = [notes for notes, _ in told]
        ranks.profiles.extend(profile for _, profile in told)
    return {note for notes in found for note in notes}


def _together(
    tasks: Sequence[Callable[[Callable[[], None]], T]], walk: Walk, ranks: Ranks, name: str, units: int
) -> list[T]:
    """Run tasks on the ranks, and tell how many units are done; without an executor one task does them all."""

    def tell() -> None:
        ranks.tell(Step(name, walk.done(), units))

    if ranks.executor is None:
        return [task(tell) for task in tasks[:1]]
    futures = [ranks.executor.submit(task, _nothing) for task in tasks]
    unfinished = set(futures)
    try:
        while unfinished:
            finished, unfinished = wait(unfinished, PROGRESS_SECONDS, FIRST_EXCEPTION)
            for future in finished:
                future.result()
            tell()
    except BaseException as error:
        # the others work on in a folder that is about to go
        walk.stop()
        if not isinstance(error, Exception):
            ranks.end()
        wait(futures)
        raise
    return [future.result() for future in futures]


def _nothing() -> None:
    """Whoever waits looks for itself."""
