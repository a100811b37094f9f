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

TURN_SECONDS = 2.0
"""That one request works on it, before it says how far it is: the preview has two turns, and others wait."""


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


class Coarse:
    """The small version of ``layer``: means of cells of 1, 2, 4, … pixels a side, so that it is one of the levels.

    ``segment`` is what the file reads at once, a tile or a strip. For many threads.
    """

    def __init__(
        self, layer: Layer, pixels: Pixels, segment: Size, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._layer = layer
        self._pixels = pixels
        self._clock = clock
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
        # who comes while another is at it need not wait: that one takes the only turn it needs
        if not self._lock.acquire(blocking=False):
            raise self._under_way()
        try:
            if self._picture is None:
                self._picture = blank(_reduced(self._layer.size, self._cell), self._pixels)
            self._work_on(self._picture)
            return self._picture
        finally:
            self._lock.release()

    def _work_on(self, picture: Picture) -> None:
        end = self._clock() + TURN_SECONDS
        while self._done < self._grid.count:
            self._add(self._grid.window(self._done), picture)
            self._done += 1
            if self._done < self._grid.count and self._clock() > end:
                raise self._under_way()

    def _add(self, window: Window, picture: Picture) -> None:
        cell = self._cell
        place = Window(
            window.left // cell, window.top // cell, -(-window.right // cell), -(-window.bottom // cell)
        )
        part = resized(self._layer.read(window), place.size)
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


def _block(size: Size, segment: Size, cell: int, pixels: Pixels) -> Size:
    """Whole cells and, as far as that is not too much, whole segments: no strip and no tile is decoded twice."""
    if segment.width >= size.width:
        step = math.lcm(cell, segment.height)
        row = size.width * pixels.bytes
        step = step if step * row <= BLOCK_BYTES else cell
        width = -(-size.width // cell) * cell
        return Size(width, step * max(1, BLOCK_BYTES // (step * row)))
    step = math.lcm(cell, segment.width, segment.height)
    step = step if step * step * pixels.bytes <= BLOCK_BYTES else cell
    side = step * max(1, math.isqrt(BLOCK_BYTES // pixels.bytes) // step)
    return Size(side, side)
