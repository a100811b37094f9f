"""Images that units read by windows: an object, what a stage before has kept, or a band of rows in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tilework.imaging.formats import Picture, open_reader
from tilework.imaging.formats.bands import blank
from tilework.imaging.windows import Window

if TYPE_CHECKING:
    from tilework.imaging.formats import Header
    from tilework.imaging.formats.contract import WindowReader
    from tilework.imaging.operations import Pixels
    from tilework.imaging.sources import Source
    from tilework.imaging.stages.scratch import Scratch
    from tilework.imaging.windows import Grid, Size


class Openable(Protocol):
    """The address of an image; picklable. A process opens it once and reads many windows."""

    @property
    def size(self) -> Size:
        """Width and height."""
        ...

    @property
    def pixels(self) -> Pixels:
        """What one pixel is."""
        ...

    def open(self) -> WindowReader:
        """Return a reader, which may keep what it thinks will be asked for again."""
        ...


@dataclass(frozen=True, slots=True)
class Stored:
    """An image where it is stored, upright; its reader keeps up to ``cached_bytes`` of what it decoded."""

    source: Source
    header: Header
    cached_bytes: int

    @property
    def size(self) -> Size:
        """Width and height, upright."""
        return self.header.size

    @property
    def pixels(self) -> Pixels:
        """What one pixel is."""
        return self.header.pixels

    def open(self) -> WindowReader:
        """Open it; the header is not read again. Raises ValueError for a file that is only read in sequence."""
        reader = open_reader(self.source, self.header, self.cached_bytes)
        if reader is None:
            raise ValueError(f"a {self.header.format} that is not read by windows")
        return reader


@dataclass(frozen=True, slots=True)
class Band:
    """A window of an image in memory, read as if it were the whole of it."""

    size: Size
    window: Window
    picture: Picture

    @property
    def pixels(self) -> Pixels:
        """What one pixel is."""
        return self.picture.pixels

    def read(self, window: Window) -> Picture:
        """Return the pixels of ``window``, which lies within the band's."""
        return self.picture.part(window.within(self.window))


@dataclass(frozen=True, slots=True)
class Pieces:
    """An image of which each cell of a grid lies in the scratch, raw, as ``{name}-{index}``."""

    scratch: Scratch
    name: str
    grid: Grid
    pixels: Pixels

    @property
    def size(self) -> Size:
        """Width and height."""
        return self.grid.size

    def open(self) -> WindowReader:
        """Nothing is kept: what the scratch maps costs nothing to ask for again."""
        return self

    def notes(self) -> tuple[str, ...]:
        """What was odd was told when the pieces were made."""
        return ()

    def put(self, index: int, picture: Picture) -> None:
        """Keep a cell."""
        arrays = {"colour": picture.colour}
        if picture.alpha is not None:
            arrays["alpha"] = picture.alpha
        self.scratch.put(f"{self.name}-{index}", arrays)

    def read(self, window: Window) -> Picture:
        """Return the pixels of a window, joined from the cells that it meets."""
        picture = blank(window.size, self.pixels)
        cells = list(self.grid.meeting(window))
        found = self.scratch.get_all([f"{self.name}-{index}" for index in cells])
        for index, arrays in zip(cells, found, strict=True):
            cell = Picture(arrays["colour"], arrays.get("alpha"))
            paste(cell, self.grid.window(index), picture, window)
        return picture


def paste(part: Picture, place: Window, picture: Picture, window: Window) -> None:
    """Copy what ``part``, at ``place`` of an image, shares with ``picture``, which is at ``window`` of it."""
    shared = Window(
        max(place.left, window.left),
        max(place.top, window.top),
        min(place.right, window.right),
        min(place.bottom, window.bottom),
    )
    there, here = shared.within(window), shared.within(place)
    picture.colour[there] = part.colour[here]
    if picture.alpha is not None and part.alpha is not None:
        picture.alpha[there] = part.alpha[here]
