"""Input and result of a job, as they are looked at: what they are, tiles for display, exact pixels, histograms.

An object of a version, and a result, never change: what is opened is kept, the latest used, by the memory it takes. A
tile that the file holds as a browser shows it is handed through as it is.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from preview.display import Range, range_of, shown
from preview.histograms import histogram
from preview.opening import CACHE_BYTES, open_zoomable
from tilework.errors import NoImageError, NoSuchTileError, PipelineError, TileNotShownError
from tilework.fleet.source import ObjectSource
from tilework.imaging.formats.cog_tiles import read_cog
from tilework.imaging.formats.tile_pictures import media_type, tile_picture
from tilework.imaging.limits import MIB
from tilework.imaging.pipeline import parse
from tilework.imaging.result_kinds import ResultKind, kind_of
from tilework.jobs.job import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from preview.display import Shown
    from preview.histograms import Histogram
    from preview.layers import Zoomable
    from tilework.imaging.formats.cog_tiles import CogTiles
    from tilework.imaging.limits import Limits
    from tilework.jobs.job import Job
    from tilework.jobs.system import System

Side = Literal["input", "result"]

KEPT_BYTES = 640 * MIB
"""Of images that are open: two photos of 100 megapixels, which are compared, or many smaller ones."""


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
    pixels. ``low`` and ``high`` are what tiles show as black and as white. Addresses with this ``version`` show the same
    for ever.
    """

    side: Side
    version: str
    width: int
    height: int
    dtype: str
    channels: int
    alpha: bool
    tile: int
    low: float
    high: float
    levels: tuple[LevelView, ...]


@dataclass(frozen=True, slots=True)
class PixelView:
    """The exact samples of the pixel in column ``x`` and row ``y``, by the names of their channels, in that order.

    Floats that are no numbers are told as texts: ``nan``, ``inf``, ``-inf``.
    """

    x: int
    y: int
    channels: tuple[str, ...]
    samples: tuple[float | str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an image lies: the side, the key and the object's version (None: the latest), the page that is read."""

    side: Side
    key: str
    version: str | None
    page: int | None


class OpenImage:
    """An image that is open."""

    def __init__(self, source: ObjectSource, page: int | None, limits: Limits) -> None:
        self.zoomable: Zoomable = open_zoomable(source, page, limits)
        self._source = source
        self._stored = read_cog(source)

    @property
    def bytes(self) -> int:
        """What it may hold of the memory."""
        return CACHE_BYTES + self.zoomable.held_bytes

    @cached_property
    def range(self) -> Range:
        """What is shown as black and white, measured on the smallest level."""
        levels = self.zoomable.levels
        return range_of(self.zoomable.whole(len(levels.sizes) - 1))

    def tile(self, level: int, column: int, row: int, displayed: Range) -> Shown:
        """A tile for display. Raises NoSuchTileError, ImageError, ServiceError."""
        from preview.display import Shown

        window = self.zoomable.levels.window(level, column, row)
        stored = self._handed_through(displayed)
        if stored is not None:
            across = self.zoomable.levels.grid(level).across
            data = stored.read(self._source, level, row * across + column)
            return Shown(
                tile_picture(data, stored.layout, stored.jpeg_tables), media_type(stored.layout) or ""
            )
        return shown(self.zoomable.read(level, window), displayed, exact=level == 0)

    def _handed_through(self, displayed: Range) -> CogTiles | None:
        """The file's own tiles, where a browser shows them as they are, and they are those of our levels."""
        found = self._stored
        if found is None or not displayed.is_bytes or found.layout.pixels.dtype != "uint8":
            return None
        levels = self.zoomable.levels
        same = found.layout.tile == levels.tile and found.layout.levels == levels.sizes
        return found if same and media_type(found.layout) is not None else None


class Images:
    """The images of jobs; ``row`` finds the row of a job, or raises. For many threads."""

    def __init__(
        self, system: System, row: Callable[[str], Job], limits: Limits, *, kept_bytes: int = KEPT_BYTES
    ) -> None:
        self._stores = {"input": system.inputs, "result": system.outputs}
        self._row = row
        self._limits = limits
        self._kept_bytes = kept_bytes
        self._lock = threading.Lock()
        self._opening: dict[Place, threading.Lock] = {}
        self._open: OrderedDict[Place, OpenImage] = OrderedDict()

    def describe(self, job_id: str, side: Side) -> ImageView:
        """What an image is. Raises NoImageError, NotZoomableError, ImageError, VersionGoneError, ServiceError."""
        row = self._row(job_id)
        image = self._image(row, side)
        levels, pixels, displayed = image.zoomable.levels, image.zoomable.pixels, image.range
        grids = [levels.grid(level) for level in range(len(levels.sizes))]
        return ImageView(
            side=side,
            version=version_of(row, side),
            width=levels.size.width,
            height=levels.size.height,
            dtype=pixels.dtype,
            channels=pixels.channels,
            alpha=pixels.alpha,
            tile=levels.tile,
            low=displayed.low,
            high=displayed.high,
            levels=tuple(LevelView(each.size.width, each.size.height, each.across, each.down) for each in grids),
        )

    def tile(
        self, job_id: str, side: Side, place: tuple[int, int, int], *, version: str | None, displayed: Range | None
    ) -> Shown:
        """The tile of a level, in a column and a row of tiles; of ``version``, if one is named.

        Raises as :meth:`describe`, and NoSuchTileError.
        """
        image = self._image(self._of_version(job_id, side, version), side)
        return image.tile(*place, displayed or image.range)

    def pixel(self, job_id: str, side: Side, x: int, y: int) -> PixelView:
        """The exact samples of a pixel. Raises as :meth:`describe`, and NoSuchTileError for one beyond the image."""
        zoomable = self._image(self._row(job_id), side).zoomable
        size, pixels = zoomable.levels.size, zoomable.pixels
        if not (0 <= x < size.width and 0 <= y < size.height):
            raise NoSuchTileError(f"There is no pixel {x}/{y}: the image is {size} pixels.")
        names = ["grey"] if pixels.channels == 1 else ["red", "green", "blue"]
        samples = [each if each - each == 0 else str(each) for each in zoomable.pixel(x, y)]
        return PixelView(x, y, (*names, *(["alpha"] if pixels.alpha else [])), tuple(samples))

    def histogram(self, job_id: str, side: Side, displayed: Range | None) -> Histogram:
        """Counts of a level of a bounded size. Raises as :meth:`describe`."""
        image = self._image(self._row(job_id), side)
        return histogram(image.zoomable, displayed or image.range)

    def _of_version(self, job_id: str, side: Side, version: str | None) -> Job:
        row = self._row(job_id)
        if version not in {None, version_of(row, side)}:
            raise NoImageError(f"The job's {side} is of another version than {version!r:.80}: it was tried again.")
        return row

    def _image(self, row: Job, side: Side) -> OpenImage:
        place = place_of(row, side)
        with self._lock:
            opening = self._opening.setdefault(place, threading.Lock())
        # who asks for the same meanwhile waits for it
        with opening:
            found = self._kept(place)
            if found is None:
                found = self._opened(place)
                self._keep(place, found)
        return found

    def _opened(self, place: Place) -> OpenImage:
        store = self._stores[place.side]
        info = store.head(place.key, place.version)
        source = ObjectSource(store, place.key, info.version, info.size)
        return OpenImage(source, place.page, self._limits)

    def _kept(self, place: Place) -> OpenImage | None:
        with self._lock:
            found = self._open.get(place)
            if found is not None:
                self._open.move_to_end(place)
            return found

    def _keep(self, place: Place, image: OpenImage) -> None:
        with self._lock:
            self._open[place] = image
            while len(self._open) > 1 and sum(each.bytes for each in self._open.values()) > self._kept_bytes:
                self._open.popitem(last=False)
            self._opening = {each: lock for each, lock in self._opening.items() if lock.locked()}


def version_of(row: Job, side: Side) -> str:
    """What an image is told apart by from what its job had before: the drop's version, or the epoch of the result."""
    return row.version if side == "input" else str(row.epoch)


def place_of(row: Job, side: Side) -> Place:
    """Where an image of a job lies. Raises NoImageError where there is none, TileNotShownError where it is no image."""
    if side == "input":
        if not row.key:
            raise NoImageError(f"The job {row.id} has no image: its message could not be read.")
        return Place(side, row.key, row.version, page_of(row))
    if row.state is not State.DONE or not row.result_key:
        raise NoImageError(f"The job {row.id} is {row.state.value} and has no result.")
    kind = kind_of(row.result_key)
    if kind is not ResultKind.IMAGE:
        what = "a report" if kind is ResultKind.REPORT else "an archive of tiles"
        raise TileNotShownError(f"The result of job {row.id} is {what}, and no image.")
    return Place(side, row.result_key, None, None)


def page_of(row: Job) -> int | None:
    """The page that the job's pipeline asks for."""
    try:
        return parse(row.pipeline).page
    except PipelineError:
        # an own operation that nobody told us of
        return None
