"""Where a rank does units: it keeps image and reader between them, so that the next one finds what this one has decoded."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError, ImageError, LeaseLostError, OperationFailedError
from tilework.fleet.assembly import Assembly
from tilework.fleet.blueprint import Cells, block_named
from tilework.fleet.bundles import CONTENT_TYPE, Bundle
from tilework.fleet.image import LargeImage
from tilework.fleet.made import COLUMNS, Made, arrays_name, first_name, made_text, tiles_name
from tilework.fleet.pictures import Gallery
from tilework.fleet.reporting import Reporting
from tilework.fleet.rewritten import rewrite_image
from tilework.imaging.costs import rewriting_seconds, transfer_seconds, unit_seconds
from tilework.imaging.stages.measuring import Measuring
from tilework.imaging.stopwatch import timed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tilework.fleet.assembly import Stored
    from tilework.imaging.formats import Header
    from tilework.imaging.formats.contract import WindowReader
    from tilework.imaging.limits import Limits
    from tilework.imaging.stages.work import Work
    from tilework.imaging.stages.writing import Writing
    from tilework.jobs.stores import ObjectStore
    from tilework.jobs.units import UnitTask

ARRAYS_BYTES = 8 * 2**20
"""Of an object of arrays."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an attempt at a unit is bound by: ``holds`` tells whether its lease does, ``allow`` moves its deadline."""

    holds: Callable[[], bool]
    allow: Callable[[float], None]


@dataclass(slots=True)
class Tiles:
    """A sink of the tiles of one unit."""

    outputs: ObjectStore
    task: UnitTask
    bundle: Bundle
    firsts: dict[int, int] = field(default_factory=dict)
    _indexes: list[tuple[int, int]] = field(default_factory=list)

    def append(self, level: int, index: int, data: bytes) -> None:
        """Take a tile; the first of a level has an object of its own, for all others must lie before it."""
        if index == 0:
            key = self.task.object_key(first_name(level))
            self.outputs.put(key, data, metadata={}, content_type=CONTENT_TYPE)
            self.firsts[level] = len(data)
        else:
            self._indexes.append((level, index))
            self.bundle.add(data)

    def rows(self) -> list[tuple[int, int, int, int, int]]:
        """Store what is left; the table of tiles."""
        self.bundle.close()
        return [
            (level, index, place.item, place.offset, place.length)
            for (level, index), place in zip(self._indexes, self.bundle.places, strict=True)
        ]


@dataclass(slots=True)
class _Bench:
    """What is open of a job's epoch, and of the stage that runs."""

    epoch: tuple[str, int]
    image: LargeImage
    label: str = ""
    stage: Measuring | Writing | None = None
    reader: WindowReader | None = None


class Workshop:
    """Does units, one after the other, in one process.

    ``folder`` is on a disk, for images that are only read in sequence; None is the system's own for such. ``gallery`` holds
    the pictures that pipelines name, where other work in this process names some, too.
    """

    def __init__(
        self, inputs: ObjectStore, outputs: ObjectStore, limits: Limits, folder: Path | None = None,
        gallery: Gallery | None = None,
    ) -> None:  # fmt: skip
        self._folder = folder
        self._inputs = inputs
        self._outputs = outputs
        self._limits = limits
        self._gallery = gallery or Gallery(inputs, limits)
        self._bench: _Bench | None = None

    def tidy(self) -> None:
        """Give back the memory of decoded pixels, which other work may need; the next unit decodes them anew.

        No thread of the workshop is left, so that the process may fork.
        """
        if self._bench is not None:
            self._bench.stage = self._bench.reader = None
            self._bench.image.source.rest()

    def rewritten_by(self, task: UnitTask) -> Header | None:
        """The header of the image that a unit is to rewrite; None where it does anything else. Raises as :meth:`make`."""
        if task.plan.stages[task.unit.stage].name != "rewrite":
            return None
        with naming(task):
            return self._bench_for(task).image.header

    def make(self, task: UnitTask, around: Surroundings) -> str:
        """Do a unit, and return what its manifest is to tell.

        Raises what the image, the operations and the stores raise, with the block named, and LeaseLostError where the
        lease ends meanwhile.
        """
        began = time.perf_counter()
        with naming(task):
            bench = self._bench_for(task)
            image = bench.image
            tiles = Tiles(self._outputs, task, _bundle(self._outputs, task, image.blueprint.bundle_bytes))
            image.scratch.begin(
                Bundle(self._outputs, lambda item: task.object_key(arrays_name(item)), ARRAYS_BYTES)
            )
            seconds = unit_seconds(image.work, self._limits) + transfer_seconds(
                4 * image.blueprint.bundle_bytes, self._limits
            )
            stage = task.plan.stages[task.unit.stage]
            notes: tuple[str, ...] = ()
            if stage.name == "rewrite":
                # it may all be fetched before the first row is there
                seconds += rewriting_seconds(image.header, self._limits)
                seconds += transfer_seconds(task.source_bytes, self._limits)
                notes = rewrite_image(image, self._folder, partial(_go_on, task, around, seconds))
            else:
                for cell in Cells.read(stage.what).of_unit(task.unit.number):
                    _go_on(task, around, seconds)
                    self._do(bench, task, cell, tiles)
            around.allow(seconds)
            return made_text(_made(bench, tiles, notes, time.perf_counter() - began))

    @timed("assemble")
    def assemble(self, task: UnitTask, around: Surroundings, made_by: str) -> Stored:
        """Join all tiles into the result, or write the report, and store it. Raises as :meth:`make` does."""
        with naming(task):
            image = self._bench_for(task).image
            if task.plan.reports:
                return Reporting(image, self._outputs, task, around, self._limits).store(made_by)
            return Assembly(image, self._outputs, task, around, self._limits).store(made_by)

    @timed("read")
    def _bench_for(self, task: UnitTask) -> _Bench:
        epoch = (task.job, task.unit.epoch)
        if self._bench is None or self._bench.epoch != epoch:
            self.tidy()
            self._bench = None
            image = LargeImage.of(task, self._inputs, self._outputs, self._limits, self._gallery)
            self._bench = _Bench(epoch, image)
        return self._bench

    @staticmethod
    def _do(bench: _Bench, task: UnitTask, cell: int, tiles: Tiles) -> None:
        name = task.plan.stages[task.unit.stage].name
        if bench.label != task.label or bench.stage is None:
            bench.reader = None
            bench.stage, bench.label = _stage(bench.image.work, name), task.label
        if isinstance(bench.stage, Measuring) and name.startswith("reduce-"):
            bench.stage.reduce(int(name.rpartition("-")[2]), cell)
            return
        if bench.reader is None:
            bench.reader = bench.stage.image.open()
        if isinstance(bench.stage, Measuring):
            bench.stage.measure(bench.reader, cell)
        else:
            bench.stage.write(bench.reader, cell, tiles)


def _stage(work: Work, name: str) -> Measuring | Writing:
    """A stage by its name in the plan; only what it needs is looked up and settled."""
    if name == "write":
        return work.writing(0)
    kind, number = name.split("-")[:2]
    if kind in {"measure", "reduce"}:
        return work.measuring(int(number))
    bases = [base for base, _ in work.written[1:]]
    return work.writing(1 + bases.index(int(number)))


def _bundle(outputs: ObjectStore, task: UnitTask, least: int) -> Bundle:
    return Bundle(outputs, lambda item: task.object_key(tiles_name(item)), least)


def _go_on(task: UnitTask, around: Surroundings, seconds: float) -> None:
    """Let the next part of the work take ``seconds``, unless the lease has ended."""
    if not around.holds():
        raise LeaseLostError(f"The lease of a unit of job {task.job} has ended.")
    around.allow(seconds)


def _made(bench: _Bench, tiles: Tiles, notes: tuple[str, ...], seconds: float) -> Made:
    import numpy as np

    table = np.array(tiles.rows(), np.uint64).reshape(-1, COLUMNS)
    if bench.reader is not None and bench.label == tiles.task.label:
        notes += bench.reader.notes()
    arrays = bench.image.scratch.end()
    return Made(table, tuple(tiles.bundle.sizes), tiles.firsts, arrays, notes, seconds)


@contextlib.contextmanager
def naming(task: UnitTask) -> Iterator[None]:
    """Say of a failure where it lies; one of a damaged image names its strip or tile already."""
    try:
        yield
    except DamagedImageError:
        raise
    except (ImageError, OperationFailedError) as error:
        stage = task.plan.stages[task.unit.stage]
        error.reason = f"{error.reason.rstrip('.')}, {block_named(stage, task.unit.number)}."
        error.args = (error.reason,)
        raise
