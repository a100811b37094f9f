"""A large image's work as its stages see it: which stages there are, and what each needs of those before it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tilework.imaging.formats import Format
from tilework.imaging.pipeline import Pipeline
from tilework.imaging.stages.measuring import Measuring
from tilework.imaging.stages.painted import Painted
from tilework.imaging.stages.writing import Writing, leftover
from tilework.imaging.windows import Grid, Size

if TYPE_CHECKING:
    from tilework.imaging.formats import Header, Metadata
    from tilework.imaging.formats.cog import CogLayout
    from tilework.imaging.stages.readers import Openable
    from tilework.imaging.stages.scratch import Scratch

CELL_WIDTH = 4096
"""Columns of what is measured at once, one row of tiles high: its labels and masks are some 25 MiB."""


@dataclass(frozen=True, slots=True)
class Work:
    """An image, a pipeline and the layout of the result; picklable.

    A unit is ``columns`` wide, a multiple of the width of ``2 ** overviews`` tiles, and so many tiles high.
    ``overviews`` is how many of them a unit makes of what it writes. The result's pixels, and the bytes of its tiles,
    depend on neither.
    """

    image: Openable
    pipeline: Pipeline
    layout: CogLayout
    scratch: Scratch
    columns: int
    overviews: int

    def kept(self, metadata: Metadata, header: Header) -> Metadata:
        """What the result may carry of the metadata of the image that ``header`` is of."""
        same_colour = self.layout.pixels.channels == header.pixels.channels
        return metadata.for_result(
            header,
            self.layout.size,
            same_format=header.format is Format.TIFF,
            same_colour=same_colour and not self.pipeline.is_lossless,
            place=self.pipeline.place,
        )

    @property
    def measured(self) -> tuple[int, ...]:
        """The steps that are measured, in their order; each is a stage of measuring and its reducing."""
        return self.pipeline.measured(self.image.pixels)

    @property
    def written(self) -> list[tuple[int, int]]:
        """The stages of writing, as the levels (base, top) between which each works; a report is not written by any."""
        if self.pipeline.is_report:
            return []
        last, step = len(self.layout.levels) - 1, max(1, self.overviews)
        begins = range(min(self.overviews, last), last, step)
        return [(0, min(self.overviews, last)), *((base, min(base + step, last)) for base in begins)]

    def measuring(self, index: int) -> Measuring:
        """The measuring of step ``index``; what the steps before it had to know has been reduced."""
        return self._measuring(index, *self._input_of(index))

    def measured_units(self, index: int) -> tuple[Grid, Grid]:
        """How the input of step ``index`` is cut into units, and finer into cells; nothing need be known for that."""
        size = self.pipeline.sizes(self.image.size)[index]
        width = self.columns // CELL_WIDTH * CELL_WIDTH or self.columns
        units = Grid(size, Size(width, self.layout.tile << self.overviews))
        return units, Grid(size, Size(min(width, CELL_WIDTH), self.layout.tile))

    @property
    def reporting(self) -> Measuring:
        """The measuring whose report is the result; all before it is done, and it is reduced."""
        return self.measuring(len(self.pipeline.steps) - 1)

    def writing(self, stage: int) -> Writing:
        """A stage of :attr:`written`; all before it is done."""
        base, top = self.written[stage]
        image, pipeline = (
            self._input_of(len(self.pipeline.steps))
            if stage == 0
            else (self._left_by(stage - 1), Pipeline(()))
        )
        return Writing(
            image=image,
            pipeline=pipeline,
            layout=self.layout,
            scratch=self.scratch,
            units=self.written_units(stage),
            base=base,
            top=top,
            writes_base=stage == 0,
        )

    def written_units(self, stage: int) -> Grid:
        """How the base of a stage of :attr:`written` is cut into units."""
        base, top = self.written[stage]
        height = self.layout.tile << top - base
        return Grid(self.layout.levels[base], Size(-(-self.columns // height) * height, height))

    def _left_by(self, stage: int) -> Openable:
        base, top = self.written[stage]
        return leftover(self.layout, self.scratch, self.written_units(stage).cell, base=base, top=top)

    def _measuring(self, index: int, image: Openable, before: Pipeline) -> Measuring:
        units, cells = self.measured_units(index)
        return Measuring(
            name=f"measure-{index}",
            image=image,
            pipeline=replace(before, steps=(*before.steps, self.pipeline.steps[index])),
            scratch=self.scratch,
            units=units,
            cells=cells,
            reporting=self.pipeline.is_report and index == len(self.pipeline.steps) - 1,
        )

    def _input_of(self, end: int) -> tuple[Openable, Pipeline]:
        """An image, and which of the first ``end`` steps are left to be run on it, with all they must know."""
        image, pipeline = self.image, self.pipeline.up_to(0)
        # each measuring knows what those before it found out: nothing is settled twice, however many there are
        measured = [index for index in self.measured if index < end]
        for index, step in enumerate(self.pipeline.steps[:end]):
            if index not in measured:
                pipeline = replace(pipeline, steps=(*pipeline.steps, step))
                continue
            measuring = self._measuring(index, image, pipeline)
            if measuring.operation.paints:
                image, pipeline = Painted(measuring), Pipeline(())
            else:
                pipeline = replace(pipeline, steps=(*pipeline.steps, step.knowing(measuring.known_whole())))
        return image, pipeline
