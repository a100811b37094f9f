"""A pipeline over arrays: on the whole image at once, or on one window with what that needs around it.

Both give the same pixels; the first is quicker where the image fits the memory, the second goes anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import OperationFailedError
from tilework.imaging.blaming import blaming
from tilework.imaging.chains import first_chain
from tilework.imaging.folding import first_of, folded
from tilework.imaging.formats import Picture
from tilework.imaging.operations import MeasuredOperation, Part, Site
from tilework.imaging.report import check_rows, reported, written
from tilework.imaging.stopwatch import timed
from tilework.imaging.windows import Size, Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tilework.imaging.chains import Chain
    from tilework.imaging.formats.contract import Reader
    from tilework.imaging.operations import Pixels
    from tilework.imaging.operations.contract import Arrays
    from tilework.imaging.pipeline import Pipeline, Step


@dataclass(frozen=True, slots=True)
class PictureReader:
    """A decoded picture, read by windows without copying."""

    picture: Picture

    @property
    def size(self) -> Size:
        """Width and height."""
        return self.picture.size

    @property
    def pixels(self) -> Pixels:
        """What one pixel is."""
        return self.picture.pixels

    def read(self, window: Window) -> Picture:
        """Return the pixels of ``window``."""
        return self.picture.part(window.within(Window.whole(self.size)))


def run_whole(picture: Picture, pipeline: Pipeline) -> Picture:
    """Run the pipeline on the whole picture: one OpenCV call an operation, or several together strip by strip.

    And one for several that a table can hold.

    Raises :class:`~tilework.errors.UnsupportedPixelsError` for an operation that does not take such pixels, and
    :class:`~tilework.errors.OperationFailedError` for one that raises.
    """
    pipeline.kinds(picture.pixels)
    steps = pipeline.steps
    while steps:
        steps = (_knowing_whole(picture, steps[0]), *steps[1:])
        step, left = first_of(steps, picture.pixels)
        chain = first_chain((step, *left), picture.size, picture.pixels)
        if chain is None:
            picture, steps = _run_step(picture, step, _site_of_whole(picture, step)), left
        else:
            picture, steps = _run_in_strips(picture, chain), left[len(chain.pipeline.steps) - 1 :]
    return picture


def _run_in_strips(picture: Picture, chain: Chain) -> Picture:
    import numpy as np

    reader, size, pixels = PictureReader(picture), chain.size, chain.pixels
    shape = (size.height, size.width)
    colour = np.empty(shape if pixels.channels == 1 else (*shape, pixels.channels), pixels.dtype)
    alpha = np.empty(shape, pixels.dtype) if pixels.alpha else None
    for window in chain.strips():
        strip = run_window(reader, chain.pipeline, window)
        colour[window.top : window.bottom] = strip.colour
        if alpha is not None:
            alpha[window.top : window.bottom] = strip.alpha
    return Picture(colour, alpha)


def report_whole(picture: Picture, pipeline: Pipeline) -> bytes:
    """Run the pipeline on the whole picture up to the operation whose report it asks for; return that, encoded.

    Raises as :func:`run_whole`, and :class:`~tilework.errors.TooLargeError`.
    """
    pipeline.kinds(picture.pixels)
    last = len(pipeline.steps) - 1
    picture = run_whole(picture, pipeline.up_to(last))
    step, operation = pipeline.steps[last], reported(pipeline)
    with blaming(operation):
        measured = operation.measure(picture.colour, _measured_whole(picture), step.arguments)
        top = operation.reduce([Part(Window.whole(picture.size), measured.partial)], step.arguments)
        known = operation.settle(top.partial, step.arguments)
        if operation.lists:
            check_rows(int(known["count"]), operation)
            parts = operation.descend(known, top.joint)
            cell = parts if isinstance(parts, Mapping) else parts[0]
            rows = [operation.rows(top.joint, known), operation.rows(measured.listed, cell)]
            known = {**known, **joined_columns(rows)}
        report = operation.report(known, picture.size, picture.pixels, step.arguments)
        return written(report, pipeline, picture.size, picture.pixels)


def joined_columns(tables: Sequence[Arrays]) -> Arrays:
    """The columns of tables, one below the other."""
    import numpy as np

    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}


def _knowing_whole(picture: Picture, step: Step) -> Step:
    """The step with what must be known of the image; one that paints knows how to do without, given all of it."""
    operation = step.operation
    if not isinstance(operation, MeasuredOperation) or operation.paints:
        return step
    if not operation.measures(picture.pixels):
        return step
    with blaming(operation):
        measured = operation.measure(picture.colour, _measured_whole(picture), step.arguments)
        whole = Part(Window.whole(picture.size), measured.partial)
        top = operation.reduce([whole], step.arguments)
        return step.knowing(operation.settle(top.partial, step.arguments))


def _measured_whole(picture: Picture) -> Site:
    whole, size = Window.whole(picture.size), picture.size
    return Site(whole, size, whole, size)


def _site_of_whole(picture: Picture, step: Step) -> Site:
    size = picture.size
    result = step.operation.output_size(size, step.arguments)
    return Site(Window.whole(size), size, Window.whole(result), result)


@timed("kernels")
def run_window(reader: Reader, pipeline: Pipeline, window: Window) -> Picture:
    """Return the pixels of ``window`` of the result, reading just what they depend on.

    Nothing in the pipeline is left to be measured. Raises as :func:`run_whole` does.
    """
    if not pipeline.steps:
        return reader.read(window)
    pipeline = folded(pipeline, reader.pixels)
    sites = pipeline.sites(window, reader.size, reader.pixels)
    picture = reader.read(sites[0].source)
    for step, site in zip(pipeline.steps, sites, strict=True):
        picture = _run_step(picture, step, site)
    return picture


def _run_step(picture: Picture, step: Step, site: Site) -> Picture:
    operation = step.operation
    with blaming(operation):
        colour = operation.apply(picture.colour, site, step.arguments)
        alpha = None
        if picture.alpha is not None and operation.output_pixels(picture.pixels, step.arguments).alpha:
            alpha = operation.carry(picture.alpha, site, step.arguments)
    if colour.shape[:2] != (site.output.height, site.output.width):
        raise OperationFailedError(
            f"The operation {operation.name} returned an array of shape {colour.shape} for {site.output}."
        )
    return Picture(colour, alpha)
