"""A pipeline over arrays: on the whole image at once, or on one window with what that needs around it.

Both give the same pixels; the first is quicker where the image fits the memory, the second goes anywhere.
"""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from tilework.errors import OperationFailedError, TileworkError
from tilework.imaging.formats import Picture
from tilework.imaging.operations import MeasuredOperation
from tilework.imaging.windows import Size, Window, tiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Executor

    from tilework.imaging.operations import Operation, Pixels, Site
    from tilework.imaging.pipeline import Pipeline, Step

T = TypeVar("T")

OUT_OF_MEMORY = -4
"""OpenCV's error code StsNoMem; as a MemoryError it is no verdict on the operation."""

MOST_QUOTED = 300
"""Characters of a foreign error message that a reason quotes."""


class Reader(Protocol):
    """An image that is read by windows."""

    @property
    def size(self) -> Size:
        """Width and height of the whole image."""
        ...

    @property
    def pixels(self) -> Pixels:
        """What one pixel is."""
        ...

    def read(self, window: Window) -> Picture:
        """Return the pixels of ``window``, which lies within the image; the caller does not change them."""
        ...


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
        part = window.within(Window.whole(self.size))
        alpha = self.picture.alpha
        return Picture(self.picture.colour[part], None if alpha is None else alpha[part])


def run_whole(picture: Picture, pipeline: Pipeline) -> Picture:
    """Run the pipeline on the whole picture, one OpenCV call an operation.

    Raises :class:`~tilework.errors.UnsupportedPixelsError` for an operation that does not take such pixels, and
    :class:`~tilework.errors.OperationFailedError` for one that raises.
    """
    reader = PictureReader(picture)
    pipeline = settled(reader, pipeline, reader.size)
    return run_window(reader, pipeline, Window.whole(pipeline.sizes(reader.size)[-1]))


def run_window(reader: Reader, pipeline: Pipeline, window: Window) -> Picture:
    """Return the pixels of ``window`` of the result, reading just what they depend on.

    The pipeline is :func:`settled`. Raises as :func:`run_whole` does.
    """
    return _run_to(reader, pipeline, len(pipeline.steps), window)


def _run_to(reader: Reader, pipeline: Pipeline, end: int, window: Window) -> Picture:
    """Return the pixels of ``window`` as they are before step ``end``."""
    if end == 0:
        return reader.read(window)
    begun = replace(pipeline, steps=pipeline.steps[:end])
    sites = begun.sites(window, reader.size, reader.pixels)
    picture = reader.read(sites[0].source)
    for step, site in zip(begun.steps, sites, strict=True):
        picture = _run_step(picture, step, site)
    return picture


def settled(reader: Reader, pipeline: Pipeline, tile: Size, executor: Executor | None = None) -> Pipeline:
    """Return the pipeline with everything measured that its operations must know of the whole image.

    Each such operation measures its own input tile by tile, the first of a chain first. Raises as :func:`run_whole`.
    """
    sizes = pipeline.sizes(reader.size)
    pipeline.kinds(reader.pixels)
    for index, step in enumerate(pipeline.steps):
        operation = step.operation
        if isinstance(operation, MeasuredOperation):
            windows = list(tiles(sizes[index], tile))
            partials = list(_on(executor, _measure, reader, pipeline, index, windows))
            known = operation.settle(operation.reduce(partials), step.arguments)
            steps = (*pipeline.steps[:index], step.knowing(known), *pipeline.steps[index + 1 :])
            pipeline = replace(pipeline, steps=steps)
    return pipeline


def _measure(reader: Reader, pipeline: Pipeline, index: int, window: Window) -> Any:
    """Measure ``window`` of the input of step ``index``; the operation is known to measure."""
    site = pipeline.site(index, window, reader.size, reader.pixels)
    step = pipeline.steps[index]
    image = _run_to(reader, pipeline, index, site.source).colour
    with _blaming(step.operation):
        return step.operation.measure(image, site, step.arguments)  # type: ignore[attr-defined]


def _on(executor: Executor | None, work: Callable[..., T], *leading: Any) -> Iterable[T]:
    """Call ``work`` with the leading arguments, the last of which is a list, for each of that list's items."""
    *same, items = leading
    run = map if executor is None else executor.map
    return run(functools.partial(work, *same), items)


def _run_step(picture: Picture, step: Step, site: Site) -> Picture:
    operation = step.operation
    with _blaming(operation):
        colour = operation.apply(picture.colour, site, step.arguments)
        alpha = None
        if picture.alpha is not None and not operation.makes_mask:
            alpha = operation.carry(picture.alpha, site, step.arguments)
    if colour.shape[:2] != (site.output.height, site.output.width):
        raise OperationFailedError(
            f"The operation {operation.name} returned an array of shape {colour.shape} for {site.output}."
        )
    return Picture(colour, alpha)


@contextlib.contextmanager
def _blaming(operation: Operation) -> Iterator[None]:
    """Turn what ``operation`` raises into a failure that names it; a lack of memory is not its fault."""
    try:
        yield
    except (TileworkError, MemoryError):
        raise
    except Exception as error:
        if getattr(error, "code", None) == OUT_OF_MEMORY or "bad_alloc" in str(error):
            raise MemoryError(str(error)) from error
        raise OperationFailedError(
            f"The operation {operation.name} failed: {type(error).__name__}: {str(error)[:MOST_QUOTED]}"
        ) from error


def run_tiled(picture: Picture, pipeline: Pipeline, tile: Size, executor: Executor | None = None) -> Picture:
    """Run the pipeline tile by tile, on ``executor`` if there is one, and join the tiles.

    The exact tiled path: every pixel equals :func:`run_whole`'s. An executor of other processes gets the whole
    picture pickled with each tile; one of threads shares it.
    """
    import numpy as np

    reader = PictureReader(picture)
    pipeline = settled(reader, pipeline, tile, executor)
    size, kind = pipeline.sizes(reader.size)[-1], pipeline.kinds(reader.pixels)[-1]
    shape = (size.height, size.width)
    colour = np.empty(shape if kind.channels == 1 else (*shape, kind.channels), kind.dtype)
    alpha = np.empty(shape, kind.dtype) if kind.alpha else None
    windows = list(tiles(size, tile))
    parts = _on(executor, run_window, reader, pipeline, windows)
    for window, part in zip(windows, parts, strict=True):
        place = window.within(Window.whole(size))
        colour[place] = part.colour
        if alpha is not None and part.alpha is not None:
            alpha[place] = part.alpha
    return Picture(colour, alpha)
