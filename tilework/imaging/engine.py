"""A pipeline over arrays: on the whole image at once, or on one window with what that needs around it.

Both give the same pixels; the first is quicker where the image fits the memory, the second goes anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tilework.errors import OperationFailedError
from tilework.imaging.blaming import blame, blaming
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
    from tilework.imaging.operations import Measured, Pixels, Reduced
    from tilework.imaging.operations.contract import Arrays, Image
    from tilework.imaging.pipeline import Pipeline, Step


@dataclass(frozen=True)
class PictureReader:
    """A decoded picture, read by windows without copying."""

    picture: Picture

    @cached_property
    def size(self) -> Size:
        """Width and height."""
        return self.picture.size

    @cached_property
    def pixels(self) -> Pixels:
        """What one pixel is."""
        return self.picture.pixels

    @cached_property
    def _whole(self) -> Window:
        return Window.whole(self.size)

    def read(self, window: Window) -> Picture:
        """Return the pixels of ``window``."""
        return self.picture.part(window.within(self._whole))


def run_whole(picture: Picture, pipeline: Pipeline) -> Picture:
    """Run the pipeline on the whole picture: one OpenCV call an operation, or several together strip by strip.

    And one for several that a table can hold.

    Raises :class:`~tilework.errors.UnsupportedPixelsError` for an operation that does not take such pixels, and
    :class:`~tilework.errors.OperationFailedError` for one that raises.
    """
    pipeline.kinds(picture.pixels)
    steps = pipeline.steps
    while steps:
        made = _made_at_once(picture, steps)
        if made is not None:
            picture, steps = made, steps[1:]
            continue
        steps = (knowing_whole(picture, steps[0]), *steps[1:])
        step, left = first_of(steps, picture.pixels)
        chain = first_chain((step, *left), picture.size, picture.pixels)
        if chain is None:
            picture, steps = _run_step(picture, step, _site_of_whole(picture, step)), left
        else:
            picture, steps = _run_in_strips(picture, chain), left[len(chain.pipeline.steps) - 1 :]
    return picture


def _made_at_once(picture: Picture, steps: tuple[Step, ...]) -> Picture | None:
    """What the first step makes of the whole without being told what it must know, if it can, and is no table with others."""
    step = steps[0]
    operation = step.operation
    if not isinstance(operation, MeasuredOperation) or first_of(steps, picture.pixels)[0] is not step:
        return None
    with blaming(operation):
        colour = operation.at_once(picture.colour, step.arguments)
    return None if colour is None else _with_alpha(colour, picture, step, _site_of_whole(picture, step))


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
        measured, top = _measured_whole(picture, step, operation)
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


def knowing_whole(picture: Picture, step: Step) -> Step:
    """The step with what must be known of ``picture``, all of its input; one that paints does without, given all of it."""
    operation = step.operation
    if not step.measures(picture.pixels) or not isinstance(operation, MeasuredOperation) or operation.paints:
        return step
    with blaming(operation):
        _, top = _measured_whole(picture, step, operation)
        return step.knowing(operation.settle(top.partial, step.arguments))


def _measured_whole(picture: Picture, step: Step, operation: MeasuredOperation) -> tuple[Measured, Reduced]:
    """What a step's operation measures of a picture as one part, and that part reduced."""
    measured = operation.measure(picture.colour, Site.of_whole(picture.size), step.arguments)
    return measured, operation.reduce([Part(Window.whole(picture.size), measured.partial)], step.arguments)


def _site_of_whole(picture: Picture, step: Step) -> Site:
    return Site.of_whole(picture.size, step.operation.output_size(picture.size, step.arguments))


@timed("kernels")
def run_window(reader: Reader, pipeline: Pipeline, window: Window) -> Picture:
    """Return the pixels of ``window`` of the result, reading just what they depend on.

    Nothing in the pipeline is left to be measured. Raises as :func:`run_whole` does.
    """
    if not pipeline.steps:
        return reader.read(window)
    pipeline, sizes, kinds = folded(pipeline, reader.size, reader.pixels)
    sites = pipeline.sites_between(window, sizes, kinds)
    picture = reader.read(sites[0].source)
    for step, site in zip(pipeline.steps, sites, strict=True):
        picture = _run_step(picture, step, site)
    return picture


def _run_step(picture: Picture, step: Step, site: Site) -> Picture:
    try:
        colour = step.operation.apply(picture.colour, site, step.arguments)
    except Exception as error:
        blame(step.operation, error)
        raise
    return _with_alpha(colour, picture, step, site)


def _with_alpha(colour: Image, picture: Picture, step: Step, site: Site) -> Picture:
    """The result of a step with what becomes of the alpha of its input."""
    alpha = None if picture.alpha is None else _carried(picture.alpha, picture, step, site)
    if colour.shape[:2] != (site.output.height, site.output.width):
        raise OperationFailedError(
            f"The operation {step.operation.name} returned an array of shape {colour.shape} for {site.output}."
        )
    return Picture(colour, alpha)


def _carried(alpha: Image, picture: Picture, step: Step, site: Site) -> Image | None:
    operation = step.operation
    with blaming(operation):
        if operation.output_pixels(picture.pixels, step.arguments).alpha:
            return operation.carry(alpha, site, step.arguments)
    return None
