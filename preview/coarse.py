"""A small version of a large image that has none, made once, by instalments: each request that wants it does its part.

Nothing goes on behind an answer, for a Lambda function stands still then; and where nobody asks any more, nothing is read.
"""

from __future__ import annotations

import math
import threading
import time
from http import HTTPStatus
from typing import TYPE_CHECKING

from preview.resizing import resized
from tilework.errors import ImageError
from tilework.imaging.formats.bands import blank
from tilework.imaging.limits import MIB
from tilework.imaging.stages.readers import paste
from tilework.imaging.windows import Grid, Size, Window
from tilework.service.problems import Problem, ProblemError

if TYPE_CHECKING:
    from collections.abc import Callable

    from preview.layers import Layer
    from tilework.imaging.formats import Picture
    from tilework.imaging.operations import Pixels

COARSE_BYTES = 64 * MIB
"""Most that is made of an image: a gigapixel of colour at an eighth of its width is 48 MiB."""

BLOCK_BYTES = 24 * MIB
"""Decoded at once; more only where one row of cells, or one of the file's tiles, is more."""

MOST_BLOCK_BYTES = 4 * BLOCK_BYTES
"""Of a block of whole cells and whole segments where the two do not go well together; else some are decoded twice."""

TURN_SECONDS = 2.0
"""That one request works on it, before it says how far it is: somebody may wait with a slider in the hand."""

IDLE_SECONDS = 10.0
"""After which nobody asks for an image any more, and another one is read."""


class BeingReadError(ProblemError):
    """The image has no small version yet; ``percent`` of it are read for one."""

    def __init__(self, percent: int) -> None:
        super().__init__(
            Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "image_being_read",
                "Image being read",
                f"The image has no overviews: all of it is read once, to be shown small; {percent} % are.",
                "Ask again: each request reads on.",
                {"percent": percent},
            )
        )


class ReadingTurn:
    """Which image is read: one after the other, for those that are half read would drive each other out of the memory.

    Thread-safe.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._holder: object = None
        self._until = 0.0

    def take(self, holder: object) -> bool:
        """Whether it is the turn of ``holder``, which keeps it as long as it comes back soon enough."""
        with self._lock:
            now = self._clock()
            if self._holder not in {None, holder} and now < self._until:
                return False
            self._holder, self._until = holder, now + IDLE_SECONDS
            return True

    def leave(self, holder: object) -> None:
        """It is the next one's turn."""
        with self._lock:
            if self._holder is holder:
                self._holder = None


class Coarse:
    """The small version of ``layer``: means of cells of 1, 2, 4, … pixels a side, so that it is one of the levels.

    ``segment`` is what the file reads at once, a tile or a strip. For many threads.
    """

    def __init__(self, layer: Layer, pixels: Pixels, segment: Size, turn: ReadingTurn) -> None:
        self._layer = layer
        self._pixels = pixels
        self._turn = turn
        self._cell = _cell(layer.size, pixels)
        self._grid = Grid(layer.size, _block(layer.size, segment, self._cell, pixels))
        self._picture: Picture | None = None
        self._done = 0
        self._lock = threading.Lock()

    @property
    def bytes(self) -> int:
        """Memory that it takes."""
        return 0 if self._picture is None else self._picture.size.pixels * self._pixels.bytes

    def picture(self) -> Picture:
        """All of it. Raises BeingReadError where that takes longer; ImageError, ServiceError."""
        # one request at a time: who comes meanwhile is told how far it is, and holds up nobody else
        if not self._turn.take(self) or not self._lock.acquire(blocking=False):
            raise self._under_way()
        try:
            picture = self._work_on()
        except BeingReadError:
            # from now on it is waited for the next request
            self._turn.take(self)
            raise
        except BaseException:
            self._turn.leave(self)
            raise
        finally:
            self._lock.release()
        self._turn.leave(self)
        return picture

    def _work_on(self) -> Picture:
        if self._picture is None:
            self._picture = _black(_reduced(self._layer.size, self._cell), self._pixels)
        end = time.monotonic() + TURN_SECONDS
        while self._done < self._grid.count:
            self._add(self._grid.window(self._done), self._picture)
            self._done += 1
            if self._done < self._grid.count and time.monotonic() > end:
                raise self._under_way()
        return self._picture

    def _add(self, window: Window, picture: Picture) -> None:
        cell = self._cell
        place = Window(
            window.left // cell, window.top // cell, -(-window.right // cell), -(-window.bottom // cell)
        )
        try:
            part = resized(self._layer.read(window), place.size)
        except ImageError:
            # what is damaged stays black; all around it can be looked at
            return
        paste(part, place, picture, Window.whole(picture.size))

    def _under_way(self) -> BeingReadError:
        return BeingReadError(100 * self._done // self._grid.count)


def _cell(size: Size, pixels: Pixels) -> int:
    cell = 1
    while _reduced(size, cell).pixels * pixels.bytes > COARSE_BYTES:
        cell *= 2
    return cell


def _reduced(size: Size, cell: int) -> Size:
    return Size(-(-size.width // cell), -(-size.height // cell))


def _black(size: Size, pixels: Pixels) -> Picture:
    picture = blank(size, pixels)
    picture.colour.fill(0)
    if picture.alpha is not None:
        picture.alpha.fill(0)
    return picture


def _block(size: Size, segment: Size, cell: int, pixels: Pixels) -> Size:
    """Whole cells and whole segments, strips of all rows or all columns among them, so that none is decoded twice."""
    width, height = _unit(size.width, segment.width, cell), _unit(size.height, segment.height, cell)
    if width * height * pixels.bytes > MOST_BLOCK_BYTES:
        width, height = (
            _cells(min(size.width, segment.width), cell),
            _cells(min(size.height, segment.height), cell),
        )
    room = max(1, BLOCK_BYTES // (width * height * pixels.bytes))
    if segment.width >= size.width:
        return Size(width, height * room)
    if segment.height >= size.height:
        return Size(width * room, height)
    side = math.isqrt(room)
    return Size(width * side, height * side)


def _unit(whole: int, segment: int, cell: int) -> int:
    return _cells(whole, cell) if segment >= whole else math.lcm(cell, segment)


def _cells(length: int, cell: int) -> int:
    return -(-length // cell) * cell
