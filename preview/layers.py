"""An image in the sizes in which it can be read: a file's page and its overviews, or what was decoded, halved."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from preview.coarse import Coarse
from preview.levels import Pyramid
from preview.refusals import NotZoomableError
from preview.resizing import resized
from tilework.imaging.formats.pyramid import halved
from tilework.imaging.limits import MIB
from tilework.imaging.windows import Size, Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from preview.coarse import ReadingTurn
    from tilework.imaging.formats import Picture
    from tilework.imaging.formats.contract import WindowReader
    from tilework.imaging.operations import Pixels

READ_BYTES = 24 * MIB
"""Most decoded bytes that one tile may cost."""

STREAMED_BYTES = 32 * 1024 * MIB
"""Most decoded bytes that are read, once, for the small levels of a file without overviews: some minutes."""

ROUNDED = 2
"""Pixels by which an overview may be smaller than ours: some writers round down at each half."""


class Layer(Protocol):
    """The image in one size."""

    @property
    def size(self) -> Size:
        """Width and height."""
        ...

    def read(self, window: Window) -> Picture:
        """The pixels of a window that lies within it. Raises ImageError, ServiceError."""
        ...


@dataclass(frozen=True, slots=True)
class Held:
    """A layer in memory."""

    picture: Picture

    @property
    def size(self) -> Size:
        """Width and height."""
        return self.picture.size

    def read(self, window: Window) -> Picture:
        """The pixels of a window."""
        return self.picture.part(window.within(Window.whole(self.size)))


@dataclass(frozen=True, slots=True)
class Overview:
    """A layer in a file beside the whole, for many threads: its reader takes one at a time, and keeps up to ``cached`` bytes."""

    reader: WindowReader
    cached: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def size(self) -> Size:
        """Width and height."""
        return self.reader.size

    def read(self, window: Window) -> Picture:
        """The pixels of a window."""
        with self.lock:
            return self.reader.read(window)


def halvings(picture: Picture, tile: int) -> list[Layer]:
    """A picture, its half, the half of that, until one fits a tile."""
    layers: list[Layer] = [Held(picture)]
    while max(picture.size.width, picture.size.height) > tile:
        picture = halved(picture)
        layers.append(Held(picture))
    return layers


class Zoomable:
    """An image that can be read at any of its levels; ``layers`` from large to small, the first is the whole.

    Where even a look at all of it would cost too much, small levels are made, once, of the last layer.
    """

    def __init__(
        self, layers: Sequence[Layer], pixels: Pixels, tile: int, segment: Size, turn: ReadingTurn
    ) -> None:
        """``tile`` is the side of the levels' tiles, ``segment`` what the file reads at once. Raises NotZoomableError."""
        self._layers = list(layers)
        self._lock = threading.Lock()
        self.pixels = pixels
        self.levels = Pyramid(layers[0].size, tile)
        smallest = layers[-1]
        self._coarse = None if isinstance(smallest, Held) else Coarse(smallest, pixels, segment, turn)
        if smallest.size.pixels * pixels.bytes > STREAMED_BYTES:
            raise NotZoomableError(
                f"The image is {self.levels.size} pixels and has no overviews: to show it small, all of it would have"
                " to be read."
            )

    @property
    def held_bytes(self) -> int:
        """Bytes of the layers in memory beside the whole, and of what overviews keep."""
        # before the layers, which it is one of in the end
        coarse = self._coarse
        beside = self._layers[1:]
        held = sum(each.size.pixels for each in beside if isinstance(each, Held)) * self.pixels.bytes
        kept = sum(each.cached for each in beside if isinstance(each, Overview))
        return held + kept + (coarse.bytes if coarse else 0)

    def prepare(self) -> None:
        """Make the small levels, where the file has none. Raises BeingReadError, ImageError, ServiceError."""
        last = self.levels.sizes[-1]
        if self._costs(self._layer(last), Window.whole(last), last) > READ_BYTES:
            self._make_coarse()

    def read(self, level: int, window: Window) -> Picture:
        """The pixels of a window of a level; level 0 exactly, others as their layer has them, or as means of it.

        Raises ImageError, ServiceError, NoSuchTileError, BeingReadError where small levels are still to be made.
        """
        size = self.levels.grid(level).size
        layer = self._layer(size)
        if layer.size == size:
            return layer.read(window)
        if self._costs(layer, window, size) > READ_BYTES:
            self._make_coarse()
            layer = self._layer(size)
            if self._costs(layer, window, size) > READ_BYTES:
                layer = next(each for each in self._layers if isinstance(each, Held))
        return resized(layer.read(_scaled(window, size, layer.size)), window.size)

    def whole(self, level: int) -> Picture:
        """All of a level."""
        return self.read(level, Window.whole(self.levels.grid(level).size))

    def pixel(self, x: int, y: int) -> list[float]:
        """The exact samples of a pixel: grey, or red, green, blue; then alpha."""
        picture = self.read(0, Window(x, y, x + 1, y + 1))
        samples = np.atleast_1d(picture.colour[0, 0])[::-1].tolist()
        return samples if picture.alpha is None else [*samples, picture.alpha[0, 0].item()]

    def _layer(self, size: Size) -> Layer:
        """The smallest layer that is not smaller than ``size``, but for how its writer rounded."""
        fitting = [
            each
            for each in self._layers
            if each.size.width + ROUNDED >= size.width and each.size.height + ROUNDED >= size.height
        ]
        return fitting[-1]

    def _costs(self, layer: Layer, window: Window, size: Size) -> int:
        """Bytes that are decoded for a window of a level of ``size``."""
        if isinstance(layer, Held):
            return 0
        return _scaled(window, size, layer.size).size.pixels * self.pixels.bytes

    def _make_coarse(self) -> None:
        coarse = self._coarse
        if coarse is None:
            return
        picture = coarse.picture()
        with self._lock:
            if self._coarse is not None:
                self._layers += halvings(picture, self.levels.tile)
                self._coarse = None


def _scaled(window: Window, size: Size, larger: Size) -> Window:
    """The window of an image of ``size`` in the same image, larger."""
    across, down = larger.width / size.width, larger.height / size.height
    left, top = int(window.left * across), int(window.top * down)
    return Window(
        left,
        top,
        max(left + 1, min(larger.width, round(window.right * across))),
        max(top + 1, min(larger.height, round(window.bottom * down))),
    )
