"""Rewrite: a large image that is only read in sequence, streamed once into pieces that are read by windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.imaging.formats import completed
from tilework.imaging.formats.header import SIDEWAYS
from tilework.imaging.formats.strips import read_strips
from tilework.imaging.formats.upright import UprightReader
from tilework.imaging.stages.grid import Grid
from tilework.imaging.stages.readers import Pieces
from tilework.imaging.windows import Size

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tilework.imaging.formats import Header, Metadata
    from tilework.imaging.formats.contract import WindowReader
    from tilework.imaging.operations import Pixels
    from tilework.imaging.sources import Source
    from tilework.imaging.stages.scratch import Scratch

PIECE_BYTES = 1 << 24
"""Of a piece, which is as wide as the image: two of them are in memory while the next is read."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What came of it: the image, the header completed by what stood behind its pixels, and the metadata."""

    image: Turned
    header: Header
    metadata: Metadata
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Turned:
    """The address of pieces that hold an image as it was stored, to be read upright."""

    pieces: Pieces
    orientation: int

    @property
    def size(self) -> Size:
        """Width and height, upright."""
        size = self.pieces.size
        return size.turned if self.orientation in SIDEWAYS else size

    @property
    def pixels(self) -> Pixels:
        """What one pixel is."""
        return self.pieces.pixels

    def open(self) -> WindowReader:
        """Return a reader."""
        return UprightReader(self.pieces, self.orientation)


def pieces_of(header: Header, scratch: Scratch) -> Pieces:
    """The pieces that an image is rewritten into: strips of its whole width."""
    rows = max(1, PIECE_BYTES // (header.stored.width * header.pixels.bytes))
    return Pieces(scratch, "rewritten", Grid(header.stored, Size(header.stored.width, rows)), header.pixels)


def rewrite(
    source: Source, header: Header, pieces: Pieces, folder: Path, told: Callable[[int], None]
) -> Rewritten:
    """Stream the image into its pieces, and tell of each; ``folder`` is on a disk with room for the pixels.

    Raises what :func:`~tilework.imaging.formats.strips.read_strips` raises.
    """
    strips = read_strips(source, header, pieces.grid.cell.height, folder)
    for index, strip in enumerate(strips):
        pieces.put(index, strip)
        told(index)
    found = strips.found
    if found is None:
        raise AssertionError("all strips have come, and nothing is known of the image")
    header = completed(header, found.metadata)
    return Rewritten(Turned(pieces, header.orientation), header, found.metadata, found.notes)
