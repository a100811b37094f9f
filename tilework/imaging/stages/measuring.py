"""Measure and reduce: what an operation must know of the whole image, found out by units and a tree of nodes.

A *unit* measures the cells of a block, row by row, and joins them. A *node* joins up to :data:`FAN` squared units or nodes of
the level below. The node at the top has the image's partial. What a cell must know is then told down the tree by
whoever asks for it: from the top's partial by the joints above the cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from tilework.imaging.blaming import blaming
from tilework.imaging.operations import MeasuredOperation, Part
from tilework.imaging.stages.bands import made
from tilework.imaging.stages.readers import Band
from tilework.imaging.stopwatch import timed
from tilework.imaging.windows import Grid, Size, Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tilework.imaging.formats.contract import Reader
    from tilework.imaging.operations import Reduced
    from tilework.imaging.operations.contract import Arrays
    from tilework.imaging.pipeline import Pipeline, Step
    from tilework.imaging.stages.readers import Openable
    from tilework.imaging.stages.scratch import Scratch

FAN = 8
"""Nodes across and down that are joined at once: four levels for a million units, and few borders in memory."""


def levels_of(units: Grid) -> list[Grid]:
    """The grid of ``units``, then of each level of nodes above them; the last has one cell."""
    grids = [units]
    while grids[-1].count > 1:
        below = grids[-1].cell
        grids.append(Grid(units.size, Size(below.width * FAN, below.height * FAN)))
    return grids


@dataclass(frozen=True, slots=True)
class Measuring:
    """The measuring of the last step of ``pipeline``, whose input the steps before it make of ``image``.

    ``units`` cut that input, and ``cells`` cut it finer: a unit is made of whole cells. ``name`` begins the names of
    what lies in the scratch. ``reporting``: what is wanted is the step's report, and not its result.
    """

    name: str
    image: Openable
    pipeline: Pipeline
    scratch: Scratch
    units: Grid
    cells: Grid
    reporting: bool = False

    @property
    def step(self) -> Step:
        """The step that is measured."""
        return self.pipeline.steps[-1]

    @property
    def operation(self) -> MeasuredOperation:
        """Its operation."""
        return cast("MeasuredOperation", self.step.operation)

    def levels(self) -> list[Grid]:
        """The grid of the units, then of each level of nodes; the last has one cell."""
        return levels_of(self.units)

    @timed("kernels")
    def measure(self, reader: Reader, index: int) -> None:
        """Do unit ``index``: leave its partial, its joint, and what is kept of its cells."""
        unit = self.units.window(index)
        parts: list[Part] = []
        for top in range(unit.top, unit.bottom, self.cells.cell.height):
            row = Window(unit.left, top, unit.right, min(unit.bottom, top + self.cells.cell.height))
            parts += self._measure_row(reader, row)
        self._leave(0, index, self._reduced(parts))

    def reduce(self, level: int, index: int) -> None:
        """Do node ``index`` of a level, from 1: leave its partial and its joint."""
        grids = self.levels()
        below = grids[level - 1]
        children = list(below.meeting(grids[level].window(index)))
        partials = self.scratch.get_all([self._named("partial", level - 1, child) for child in children])
        parts = [Part(below.window(child), found) for child, found in zip(children, partials, strict=True)]
        self._leave(level, index, self._reduced(parts))

    def known_whole(self) -> Arrays:
        """What the top's partial tells."""
        top = len(self.levels()) - 1
        with blaming(self.operation):
            return self.operation.settle(
                self.scratch.get(self._named("partial", top, 0)), self.step.arguments
            )

    def joint(self, level: int, index: int) -> Arrays:
        """How a node, or at level 0 a unit, was joined."""
        return self.scratch.get(self._named("joint", level, index))

    def joints(self, level: int, indexes: Sequence[int]) -> list[Arrays]:
        """How each of some nodes, or at level 0 units, was joined."""
        return self.scratch.get_all([self._named("joint", level, index) for index in indexes])

    def kept(self, cells: Sequence[int]) -> list[Arrays]:
        """What is kept of each of some cells: what its result is painted from, or the rows of its report."""
        return self.scratch.get_all([f"{self.name}-kept-{cell}" for cell in cells])

    def _measure_row(self, reader: Reader, row: Window) -> list[Part]:
        """Measure a row of cells, whose pixels are read at once."""
        index = len(self.pipeline.steps) - 1
        before = self.pipeline.up_to(index)
        site = self.pipeline.measured_site(index, row, reader.size, reader.pixels)
        band = Band(site.source_size, site.source, made(reader, before, site.source, self.cells.cell.height))
        parts = []
        for cell in self.cells.meeting(row):
            window = self.cells.window(cell)
            place = self.pipeline.measured_site(index, window, reader.size, reader.pixels)
            with blaming(self.operation):
                measured = self.operation.measure(band.read(place.source).colour, place, self.step.arguments)
            if self.operation.lists if self.reporting else self.operation.paints:
                kept = measured.listed if self.reporting else measured.kept
                self.scratch.put(f"{self.name}-kept-{cell}", kept)
            parts.append(Part(window, measured.partial))
        return parts

    def _reduced(self, parts: Sequence[Part]) -> Reduced:
        with blaming(self.operation):
            return self.operation.reduce(parts, self.step.arguments)

    def _leave(self, level: int, index: int, reduced: Reduced) -> None:
        self.scratch.put(self._named("joint", level, index), reduced.joint)
        self.scratch.put(self._named("partial", level, index), reduced.partial)

    def _named(self, what: str, level: int, index: int) -> str:
        return f"{self.name}-{what}-{level}-{index}"
