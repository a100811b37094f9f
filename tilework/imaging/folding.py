"""Steps on single samples in a row become one look-up in one table.

A sample of 8 bits has 256 values, one of 16 bits 65,536. The table holds what the steps themselves make of each of them,
one step after the other, whatever depth there is in between; so its pixels are theirs. What is known of the whole image
stands in the steps' arguments by then, and a measured operation may be the first of a row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from tilework.imaging.blaming import blaming
from tilework.imaging.operations import LocalOperation, Pixels
from tilework.imaging.operations.contract import NO_ALIGNMENT
from tilework.imaging.operations.depths import VALUES
from tilework.imaging.operations.tabled import every_value, looked_up, smallest
from tilework.imaging.pipeline import Pipeline, Step

if TYPE_CHECKING:
    from tilework.imaging.operations import Site
    from tilework.imaging.operations.contract import Image
    from tilework.imaging.operations.parameters import Arguments
    from tilework.imaging.windows import Size

WORTH = 4
"""Pixels for an entry from which on a table that is used once is quicker than its steps (docs/decisions/folding.md)."""


def first_of(steps: tuple[Step, ...], pixels: Pixels) -> tuple[Step, tuple[Step, ...]]:
    """Return the first of some steps, at least one, with all that fold into it; and the steps that are left.

    ``pixels`` are what comes to it. It folds with others if one of them costs a table anyway, which then does for all:
    alone, the negative or a threshold are ten times as quick as any table.
    """
    row = _row(steps, pixels)
    if len(row) > 1 and any(_local(step).tabled for step in row):
        return Step(Folded(row, pixels), {}), steps[len(row) :]
    return steps[0], steps[1:]


class Short(NamedTuple):
    """A pipeline in as few steps as it has to have; its image's sizes and pixels before each step, and at the end."""

    pipeline: Pipeline
    sizes: tuple[Size, ...]
    kinds: tuple[Pixels, ...]


def folded(pipeline: Pipeline, size: Size, pixels: Pixels) -> Short:
    """Return a pipeline that gives the same in fewer steps; nothing in it is left to be measured.

    Asked for the same pipeline again, as for each tile of an image, it gives the same again, with its tables. Raises
    :class:`~tilework.errors.UnsupportedPixelsError` for a step that does not take what comes to it.
    """
    global _last  # noqa: PLW0603 - see there
    given, image, short = _last
    # the pipeline not by value: two of one text may know different things of two images; in a tuple what is the same
    # object is equal without a look into it
    if given is not pipeline or image != (size, pixels):
        short = _folded(pipeline, size, pixels)
        _last = (pipeline, (size, pixels), short)
    return short


_last: tuple[Pipeline | None, tuple[Size, Pixels] | None, Short] = (None, None, Short(Pipeline(()), (), ()))
"""What was folded last in this process, for an image of which size and pixels, and what came of it."""


def _folded(pipeline: Pipeline, size: Size, pixels: Pixels) -> Short:
    pipeline.kinds(pixels)
    first = pixels
    steps, left = [], pipeline.steps
    while left:
        step, left = first_of(left, pixels)
        pixels = step.operation.output_pixels(pixels, step.arguments)
        steps.append(step)
    result = replace(pipeline, steps=tuple(steps))
    return Short(result, result.sizes(size), result.kinds(first))


def _row(steps: tuple[Step, ...], pixels: Pixels) -> tuple[Step, ...]:
    """The steps on single samples with which some steps begin; an operation that measures its input can only begin."""
    count = 0
    for step in steps if pixels.dtype in VALUES else ():
        operation = step.operation
        if not isinstance(operation, LocalOperation) or not operation.pointwise(pixels):
            break
        if count and step.measures(pixels):
            break
        count += 1
        pixels = operation.output_pixels(pixels, step.arguments)
    return steps[:count]


def _local(step: Step) -> LocalOperation:
    assert isinstance(step.operation, LocalOperation)  # noqa: S101 - rows are made of no others
    return step.operation


@dataclass(frozen=True)
class Folded(LocalOperation):
    """Several steps on single samples as one; ``pixels`` are those of its input."""

    steps: tuple[Step, ...]
    pixels: Pixels

    name = "folded"
    family = "point"
    summary = "Several operations on single samples, in one table."
    formula = "table[v]"
    dtypes = tuple(VALUES)

    def output_pixels(self, pixels: Pixels, arguments: Arguments) -> Pixels:  # noqa: ARG002
        """What the last step makes."""
        for step in self.steps:
            pixels = step.operation.output_pixels(pixels, step.arguments)
        return pixels

    def alignment(self, pixels: Pixels) -> Size:  # noqa: ARG002
        """A table has no vectors."""
        return NO_ALIGNMENT

    def kernel(self, image: Image, arguments: Arguments) -> Image:  # noqa: ARG002
        """Look samples up in what the steps make of each value; few of them go through the steps themselves."""
        if image.shape[0] * image.shape[1] < WORTH * VALUES[self.pixels.dtype]:
            return self._through(image)
        return looked_up(image, self._table)

    def carry(self, alpha: Image, site: Site, arguments: Arguments) -> Image:  # noqa: ARG002
        """Each step carries it on; all of them do, or the engine does not ask."""
        for step in self.steps:
            with blaming(step.operation):
                alpha = step.operation.carry(alpha, site, step.arguments)
        return alpha

    @cached_property
    def _table(self) -> Image:
        table = self._through(every_value(self.pixels.dtype, self.pixels.channels))
        return table if self.pixels.channels == 1 else smallest(table)

    def _through(self, image: Image) -> Image:
        for step in self.steps:
            with blaming(step.operation):
                image = _local(step).kernel(image, step.arguments)
        return image
