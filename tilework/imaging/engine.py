"""A pipeline over arrays: on the whole image at once, or on one window with what that needs around it.

Both give the same pixels; the first is quicker where the image fits the memory, the second goes anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tilework.errors import OperationFailedError, TileworkError
from tilework.imaging.formats import Picture
from tilework.imaging.operations import Pixels
from tilework.imaging.windows import Size, Window, tiles

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from tilework.imaging.operations import Site
    from tilework.imaging.pipeline import Pipeline, Step

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
        return kind_of(self.picture)

    def read(self, window: Window) -> Picture:
        """Return the pixels of ``window``."""
        part = window.within(Window.whole(self.size))
        alpha = self.picture.alpha
        return Picture(self.picture.colour[part], None if alpha is None else alpha[part])


def kind_of(picture: Picture) -> Pixels:
    """Return what a pixel of ``picture`` is."""
    channels = 1 if picture.colour.ndim == 2 else picture.colour.shape[2]  # noqa: PLR2004
    return Pixels(str(picture.colour.dtype), channels, picture.alpha is not None)


def run_whole(picture: Picture, pipeline: Pipeline) -> Picture:
    """Run the pipeline on the whole picture, one OpenCV call an operation.

    Raises :class:`~tilework.errors.UnsupportedPixelsError` for an operation that does not take such pixels.
    """
    reader = PictureReader(picture)
    return run_window(reader, pipeline, Window.whole(pipeline.sizes(reader.size)[-1]))


def run_window(reader: Reader, pipeline: Pipeline, window: Window) -> Picture:
    """Return the pixels of ``window`` of the result, reading just what they depend on.

    Raises :class:`~tilework.errors.UnsupportedPixelsError` for an operation that does not take such pixels, and
    :class:`~tilework.errors.OperationFailedError` for one that raises.
    """
    sites = pipeline.sites(window, reader.size, reader.pixels)
    picture = reader.read(sites[0].source)
    for step, site in zip(pipeline.steps, sites, strict=True):
        picture = _run_step(picture, step, site)
    return picture


def _run_step(picture: Picture, step: Step, site: Site) -> Picture:
    operation = step.operation
    try:
        colour = operation.apply(picture.colour, site, step.arguments)
        alpha = None
        if picture.alpha is not None and not operation.makes_mask:
            alpha = operation.carry(picture.alpha, site, step.arguments)
    except (TileworkError, MemoryError):
        raise
    except Exception as error:
        if getattr(error, "code", None) == OUT_OF_MEMORY:
            raise MemoryError(str(error)) from error
        raise OperationFailedError(
            f"The operation {operation.name} failed: {type(error).__name__}: {str(error)[:MOST_QUOTED]}"
        ) from error
    if colour.shape[:2] != (site.output.height, site.output.width):
        raise OperationFailedError(
            f"The operation {operation.name} returned an array of shape {colour.shape} for {site.output}."
        )
    return Picture(colour, alpha)


def run_tiled(picture: Picture, pipeline: Pipeline, tile: Size, executor: Executor | None = None) -> Picture:
    """Run the pipeline tile by tile, on ``executor`` if there is one, and join the tiles.

    The exact tiled path: every pixel equals :func:`run_whole`'s. An executor of other processes gets the whole
    picture pickled with each tile; one of threads shares it.
    """
    import numpy as np

    reader = PictureReader(picture)
    size, kind = pipeline.sizes(reader.size)[-1], pipeline.kinds(reader.pixels)[-1]
    shape = (size.height, size.width)
    colour = np.empty(shape if kind.channels == 1 else (*shape, kind.channels), kind.dtype)
    alpha = np.empty(shape, kind.dtype) if kind.alpha else None
    windows = list(tiles(size, tile))
    run = map if executor is None else executor.map
    count = len(windows)
    for window, part in zip(
        windows, run(run_window, [reader] * count, [pipeline] * count, windows), strict=True
    ):
        place = window.within(Window.whole(size))
        colour[place] = part.colour
        if alpha is not None and part.alpha is not None:
            alpha[place] = part.alpha
    return Picture(colour, alpha)
