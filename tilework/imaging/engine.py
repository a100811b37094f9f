"""A pipeline over arrays: on the whole image at once, or on one window with what that needs around it.

Both give the same pixels; the first is quicker where the image fits the memory, the second goes anywhere.
"""

from __future__ import annotations

import contextlib
import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import OperationFailedError, TileworkError
from tilework.imaging.chains import first_chain
from tilework.imaging.formats import Picture
from tilework.imaging.operations import MeasuredOperation, Part, Site
from tilework.imaging.stopwatch import timed
from tilework.imaging.windows import Size, Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.imaging.chains import Chain
    from tilework.imaging.formats.contract import Reader
    from tilework.imaging.operations import Operation, Pixels
    from tilework.imaging.pipeline import Pipeline, Step

OUT_OF_MEMORY = -4
"""OpenCV's error code StsNoMem; as a MemoryError it is no verdict on the operation."""

MOST_QUOTED = 300
"""Characters of a foreign error message that a reason quotes."""


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

    Raises :class:`~tilework.errors.UnsupportedPixelsError` for an operation that does not take such pixels, and
    :class:`~tilework.errors.OperationFailedError` for one that raises.
    """
    pipeline.kinds(picture.pixels)
    steps = pipeline.steps
    while steps:
        steps = (_knowing_whole(picture, steps[0]), *steps[1:])
        chain = first_chain(steps, picture.size, picture.pixels)
        if chain is None:
            picture, done = _run_step(picture, steps[0], _site_of_whole(picture, steps[0])), 1
        else:
            picture, done = _run_in_strips(picture, chain), len(chain.pipeline.steps)
        steps = steps[done:]
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


def _knowing_whole(picture: Picture, step: Step) -> Step:
    """The step with what must be known of the image; one that paints knows how to do without, given all of it."""
    operation = step.operation
    if not isinstance(operation, MeasuredOperation) or operation.paints:
        return step
    with blaming(operation):
        measured = operation.measure(picture.colour, _site_of_whole(picture, step), step.arguments)
        whole = Part(Window.whole(picture.size), measured.partial)
        top = operation.reduce([whole], step.arguments)
        return step.knowing(operation.settle(top.partial, step.arguments))


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


@contextlib.contextmanager
def blaming(operation: Operation) -> Iterator[None]:
    """Turn what ``operation`` raises into a failure that names it; a lack of memory is not its fault."""
    try:
        yield
    except (TileworkError, MemoryError):
        raise
    except Exception as error:
        of_opencv, of_the_system = getattr(error, "code", None), getattr(error, "errno", None)
        if of_opencv == OUT_OF_MEMORY or of_the_system == errno.ENOMEM or "bad_alloc" in str(error):
            raise MemoryError(str(error)) from error
        raise OperationFailedError(
            f"The operation {operation.name} failed: {type(error).__name__}: {str(error)[:MOST_QUOTED]}"
        ) from error
