"""All stages of a large image on the ranks of one host, from a source into one file.

The ranks take units from a :class:`~tilework.imaging.stages.walk.Walk` and append tiles to a
:class:`~tilework.imaging.stages.tile_file.TileFile`; whoever calls :func:`run` only sees to the order of the stages,
and writes the header, last.
"""

from __future__ import annotations

from concurrent.futures import FIRST_EXCEPTION, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.imaging.stages.measuring import Measuring
from tilework.imaging.stages.tile_file import Appending, TileFile
from tilework.imaging.stages.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor
    from pathlib import Path

    from tilework.imaging.stages.work import Work
    from tilework.imaging.stages.writing import Writing

PROGRESS_SECONDS = 0.2
"""Between two looks at how many units are done."""


@dataclass(frozen=True, slots=True)
class Step:
    """How far a stage is: ``done`` of ``units``."""

    stage: str
    done: int
    units: int


@dataclass(frozen=True, slots=True)
class Ranks:
    """Who does the units: ``count`` processes of ``executor``, or without one the caller itself.

    ``tell`` hears of progress. ``allow`` is told in each process, before each unit, how many seconds that may take; it
    is picklable.
    """

    executor: Executor | None
    count: int
    tell: Callable[[Step], None]
    allow: Callable[[float], None]


def run(work: Work, file: TileFile, folder: Path, ranks: Ranks, seconds: float) -> None:
    """Run all stages: afterwards every tile lies in ``file``, and its tables tell where.

    ``folder`` is for what the ranks share meanwhile, ``seconds`` is what any unit may take. Raises what a unit raises.
    """

    def walk(stage: Measuring | Writing) -> None:
        units = Units(stage, file, Walk(folder / f"units-{stage.name}"), ranks.allow, seconds)
        units.walk.create(stage.units.count)
        _walk(units, ranks)

    for index in work.measured:
        measuring = work.measuring(index)
        walk(measuring)
        for level, grid in enumerate(measuring.levels()[1:], 1):
            for node in range(grid.count):
                measuring.reduce(level, node)
    for stage in range(len(work.written)):
        walk(work.writing(stage))
    file.append_first_tiles()


@dataclass(frozen=True, slots=True)
class Units:
    """The units of one stage, as each rank takes them. Picklable."""

    stage: Measuring | Writing
    file: TileFile
    walk: Walk
    allow: Callable[[float], None]
    seconds: float

    def do(self) -> Iterator[int]:
        """Do units until none is left; gives how many this process has done, after each."""
        reader = self.stage.image.open()
        with Appending(self.file) as sink:
            for done, position in enumerate(self.walk.units(), 1):
                unit = self.stage.units.down_columns(position)
                self.allow(self.seconds)
                if isinstance(self.stage, Measuring):
                    self.stage.measure(reader, unit)
                else:
                    self.stage.write(reader, unit, sink)
                yield done


def do_all(units: Units) -> None:
    """What each rank does of a stage."""
    for _ in units.do():
        pass


def _walk(units: Units, ranks: Ranks) -> None:
    name, count = units.stage.name, units.stage.units.count
    if ranks.executor is None:
        for done in units.do():
            ranks.tell(Step(name, done, count))
        return
    unfinished = {ranks.executor.submit(do_all, units) for _ in range(min(ranks.count, count))}
    while unfinished:
        finished, unfinished = wait(unfinished, PROGRESS_SECONDS, FIRST_EXCEPTION)
        for future in finished:
            future.result()
        ranks.tell(Step(name, units.walk.done(), count))
