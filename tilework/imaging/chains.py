"""Steps of a pipeline that are quicker together, strip by strip, than one after the other on the whole image.

What is between two steps then is a strip that stays in a core's cache, and has no memory of the image's size, of which
each page would have to be cleared first (docs/decisions/chains.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.imaging.operations import MeasuredOperation
from tilework.imaging.pipeline import Pipeline
from tilework.imaging.windows import Size, Window, tiles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.imaging.operations import Pixels
    from tilework.imaging.pipeline import Step

STRIP_BYTES = 1 << 20
"""Of the deepest of what the steps take and make, so that what a step takes and makes lie in a core's cache together."""

ROWS_A_MARGIN_ROW = 16
"""Rows of a strip for each that it needs around it: what is made twice costs a sixteenth at most."""

LARGEST_STRIP = 4 << 20
"""Bytes. Strips that their margins make higher leave the cache as the whole does, and were slower: floats, whose margins are
whole vectors."""

LEAST_STRIPS = 4
"""An image of fewer gains nothing; and a strip with all that is made of it is small beside the image."""

STEP = 8
"""Rows: strips begin at multiples, as :data:`~tilework.imaging.operations.contract.VECTOR_ALIGNMENT` has it."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Steps, at least two, for strips of so many rows of their result of ``size`` and ``pixels``."""

    pipeline: Pipeline
    rows: int
    size: Size
    pixels: Pixels

    def strips(self) -> Iterator[Window]:
        """The strips from the top to the bottom, as wide as the result."""
        return tiles(self.size, Size(self.size.width, self.rows))


def first_chain(steps: tuple[Step, ...], size: Size, pixels: Pixels) -> Chain | None:
    """Return the longest chain with which ``steps`` begin, on an image of ``size`` and ``pixels``, if there is one.

    An operation that measures its input can only begin one, knowing what it must.
    """
    for count in range(_joinable(steps, pixels), 1, -1):
        pipeline = Pipeline(steps[:count])
        chain = Chain(
            pipeline, _rows(pipeline, size, pixels), pipeline.sizes(size)[-1], pipeline.kinds(pixels)[-1]
        )
        if chain.rows * LEAST_STRIPS <= chain.size.height:
            return chain
    return None


def _joinable(steps: tuple[Step, ...], pixels: Pixels) -> int:
    """How many steps at the beginning need nothing but their windows."""
    for index, step in enumerate(steps):
        operation = step.operation
        # the first knows by now what it must, unless it is one that paints, and needs it all
        if (index and step.measures(pixels)) or (
            isinstance(operation, MeasuredOperation) and operation.paints
        ):
            return index
        pixels = operation.output_pixels(pixels, step.arguments)
    return len(steps)


def _rows(pipeline: Pipeline, size: Size, pixels: Pixels) -> int:
    """Rows of a strip: as many as the cache holds, and many beside those around it, told by the middle of the image.

    All rows where no cache would hold so many.
    """
    sizes, kinds = pipeline.sizes(size), pipeline.kinds(pixels)
    widest = max(each.width * kind.bytes for each, kind in zip(sizes, kinds, strict=True))
    result = sizes[-1]
    middle = result.height // 2 // STEP * STEP
    window = Window(0, middle, result.width, middle + STEP).clamped(result)
    around = pipeline.sites(window, size, pixels)[0].source.height - window.height
    rows = max(1, STRIP_BYTES // widest, ROWS_A_MARGIN_ROW * around)
    rows = -(-rows // STEP) * STEP
    return rows if rows * widest <= LARGEST_STRIP else result.height
