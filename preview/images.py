"""Input and result of a job, as they are looked at: what they are, tiles for display, exact pixels, histograms."""

from __future__ import annotations

import math
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal, TypeVar

from preview.coarse import BeingReadError
from preview.histograms import histogram
from preview.image_library import address_of
from preview.problems import PREVIEW, not_there
from tilework.errors import ImageError, NoSuchTileError, VersionGoneError
from tilework.service.problems import ProblemError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from preview.histograms import Histogram
    from preview.image_library import Library, Side
    from preview.memory import Memory
    from preview.on_screen import Levels, Packed
    from preview.workshop import Workshop
    from preview.zooming import Zoomed
    from tilework.jobs.job import Job
    from tilework.service.problems import Problem

Channel = Literal["grey", "red", "green", "blue", "alpha"]

T = TypeVar("T")

BYTE = (0.0, 255.0)


@dataclass(frozen=True, slots=True)
class LevelView:
    """One level: its pixels, its tiles across and down."""

    width: int
    height: int
    across: int
    down: int


@dataclass(frozen=True, slots=True)
class ImageView:
    """An image as it can be zoomed.

    ``levels`` from the whole to the smallest, each half of the one before, rounded up; ``tile`` the side of a tile in
    pixels. ``black`` and ``white`` are the values that tiles show so. Addresses with this ``version`` show the same for ever.
    Where it cannot be zoomed there are no levels, and ``problem`` says why; ``image_being_read``: not yet, with ``percent``.
    """

    side: Side
    version: str
    width: int = 0
    height: int = 0
    dtype: str = ""
    channels: int = 0
    alpha: bool = False
    tile: int = 0
    black: float = 0
    white: float = 0
    levels: tuple[LevelView, ...] = ()
    problem: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class PixelView:
    """The exact samples of the pixel in column ``x`` and row ``y``, each of the channel at its place.

    Floats that are no numbers are told as texts: ``nan``, ``inf``, ``-inf``.
    """

    x: int
    y: int
    channels: tuple[Channel, ...]
    samples: tuple[float | str, ...]


class Images:
    """The images of jobs as they are looked at; for many threads."""

    def __init__(self, library: Library, workshop: Workshop, memory: Memory) -> None:
        self._library = library
        self._workshop = workshop
        self._memory = memory

    def describe(self, row: Job, side: Side) -> ImageView:
        """What an image is, and why it cannot be zoomed where it cannot.

        Raises ServiceError, and ProblemError where that can only be told later: that is no answer to be kept.
        """
        version = version_of(row, side)
        try:
            return self._do(lambda: _view(self._prepared(row, side), side, version))
        except BeingReadError as error:
            return ImageView(side, version, problem=_brief(error.problem))
        except (ImageError, VersionGoneError, ProblemError) as error:
            problem = PREVIEW.of(error)
            if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
            return ImageView(side, version, problem=_brief(problem))

    def tile(self, row: Job, side: Side, place: tuple[int, int, int], displayed: Levels | None) -> Packed:
        """The tile of a level, in a column and a row of tiles.

        Raises ProblemError, NoSuchTileError, ImageError, VersionGoneError, ServiceError.
        """

        def make() -> Packed:
            image = self._zoomed(row, side)
            return image.tile(*place, displayed or image.displayed)

        return self._do(make)

    def pixel(self, row: Job, side: Side, x: int, y: int) -> PixelView:
        """The exact samples of a pixel. Raises as :meth:`tile`, and NoSuchTileError for one beyond the image."""
        return self._do(lambda: _pixel(self._zoomed(row, side), x, y))

    def histogram(self, row: Job, side: Side, displayed: Levels | None) -> Histogram:
        """Counts of a level of a bounded size. Raises as :meth:`tile`."""

        def count() -> Histogram:
            image = self._zoomed(row, side)
            return histogram(image.image, None if image.displayed is None else displayed or image.displayed)

        return self._do(count)

    def _zoomed(self, row: Job, side: Side) -> Zoomed:
        return self._library.open(address_of(row, side)).zoomed()

    def _prepared(self, row: Job, side: Side) -> Zoomed:
        """One of which any tile costs little: what is shown first is all of it, small."""
        zoomed = self._zoomed(row, side)
        zoomed.image.prepare()
        return zoomed

    def _do(self, work: Callable[[], T]) -> T:
        try:
            return self._workshop.do(work)
        finally:
            # small levels of a large image may have been made of it
            self._memory.trim()


def version_of(row: Job, side: Side) -> str:
    """What an image is told apart by from what its job had before: the drop's version, or the epoch of the result."""
    return row.version if side == "input" else str(row.epoch)


def check_version(row: Job, side: Side, version: str | None) -> None:
    """Raise ProblemError where an address names another version than there is."""
    if version not in {None, version_of(row, side)}:
        raise not_there(
            "no_image", f"The job's {side} is of another version than {version!r:.80}: it was tried again."
        )


def _brief(problem: Problem) -> Mapping[str, Any]:
    return {"code": problem.code, "detail": problem.detail, "advice": problem.advice, **problem.more}


def _view(image: Zoomed, side: Side, version: str) -> ImageView:
    levels, pixels = image.image.levels, image.image.pixels
    black, white = image.displayed or BYTE
    grids = [levels.grid(level) for level in range(len(levels.sizes))]
    return ImageView(
        side=side,
        version=version,
        width=levels.size.width,
        height=levels.size.height,
        dtype=pixels.dtype,
        channels=pixels.channels,
        alpha=pixels.alpha,
        tile=levels.tile,
        black=black,
        white=white,
        levels=tuple(LevelView(each.size.width, each.size.height, each.across, each.down) for each in grids),
    )


def _pixel(image: Zoomed, x: int, y: int) -> PixelView:
    size, pixels = image.image.levels.size, image.image.pixels
    if not (0 <= x < size.width and 0 <= y < size.height):
        raise NoSuchTileError(f"There is no pixel {x}/{y}: the image is {size} pixels.")
    colours: tuple[Channel, ...] = ("grey",) if pixels.channels == 1 else ("red", "green", "blue")
    samples = [each if math.isfinite(each) else str(each) for each in image.image.pixel(x, y)]
    return PixelView(x, y, (*colours, "alpha") if pixels.alpha else colours, tuple(samples))
