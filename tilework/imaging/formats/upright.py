"""An image that is stored turned or mirrored, read by windows as it stands upright."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.imaging.formats.header import SIDEWAYS, turned_by
from tilework.imaging.windows import Window

if TYPE_CHECKING:
    from tilework.imaging.formats.contract import WindowReader
    from tilework.imaging.formats.picture import Picture
    from tilework.imaging.operations import Pixels
    from tilework.imaging.windows import Size

FROM_RIGHT, FROM_BOTTOM = frozenset({2, 3, 6, 7}), frozenset({3, 4, 7, 8})
"""The EXIF orientations in which the upright image, sides swapped or not, is mirrored left to right and upside down."""


@dataclass(frozen=True, slots=True)
class UprightReader:
    """``stored``, an image of an EXIF ``orientation`` (1 to 8), by windows of the upright image.

    A band of rows of an image on its side is one of columns in the file, and costs the whole of each strip it crosses.
    """

    stored: WindowReader
    orientation: int

    @property
    def size(self) -> Size:
        """Width and height of the upright image."""
        return turned_by(self.stored.size, self.orientation)

    @property
    def pixels(self) -> Pixels:
        """What one pixel is."""
        return self.stored.pixels

    def read(self, window: Window) -> Picture:
        """Return the pixels of ``window``; raises as the reader of the stored image does."""
        return self.stored.read(self._as_stored(window)).upright(self.orientation)

    def notes(self) -> tuple[str, ...]:
        """Sentences about what was odd in what was read."""
        return self.stored.notes()

    def _as_stored(self, window: Window) -> Window:
        """Where the window lies in the stored image."""
        size = self.size
        left, top, right, bottom = window.left, window.top, window.right, window.bottom
        if self.orientation in FROM_RIGHT:
            left, right = size.width - right, size.width - left
        if self.orientation in FROM_BOTTOM:
            top, bottom = size.height - bottom, size.height - top
        if self.orientation in SIDEWAYS:
            left, top, right, bottom = top, left, bottom, right
        return Window(left, top, right, bottom)
