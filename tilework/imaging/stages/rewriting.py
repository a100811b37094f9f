"""Rewrite: a large image that is only read in sequence, streamed once into pieces that are read by windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import TooLargeError
from tilework.imaging.formats import completed, row
from tilework.imaging.formats.header import turned_by
from tilework.imaging.formats.strips import FLAT_BYTES, read_strips, strip_memory
from tilework.imaging.formats.upright import UprightReader
from tilework.imaging.limits import MIB
from tilework.imaging.stages.readers import Band, Pieces
from tilework.imaging.stages.scratch import NOWHERE
from tilework.imaging.stopwatch import timed
from tilework.imaging.windows import Grid, Size, Window

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tilework.imaging.formats import Header, Metadata
    from tilework.imaging.formats.contract import WindowReader
    from tilework.imaging.limits import Limits
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
        return turned_by(self.pieces.size, self.orientation)

    @property
    def pixels(self) -> Pixels:
        """What one pixel is."""
        return self.pieces.pixels

    def open(self) -> WindowReader:
        """Return a reader."""
        return UprightReader(self.pieces, self.orientation)


def pieces_of(header: Header, scratch: Scratch, columns: int | None = None) -> Pieces:
    """The pieces that an image is rewritten into: strips of its whole width, or of so many columns."""
    width = header.stored.width
    rows = max(1, PIECE_BYTES // (width * header.pixels.bytes))
    return Pieces(scratch, "rewritten", Grid(header.stored, Size(columns or width, rows)), header.pixels)


def check_memory(header: Header, limits: Limits) -> None:
    """Raise TooLargeError where reading strips of the image takes more memory than there is."""
    needed = strip_memory(header, pieces_of(header, NOWHERE).grid.cell.height)
    if needed > max(limits.working_set, FLAT_BYTES * 2):
        raise TooLargeError(
            f"Reading the {row(header.format).name} takes {needed / MIB:,.0f} MiB of memory; {limits.working_set / MIB:,.0f}"
            " MiB are allowed (limit: working_set).",
            advice="Convert it to a tiled TIFF, or raise the limit.",
        )


@timed("decode")
def rewrite(
    source: Source, header: Header, pieces: Pieces, folder: Path | None, told: Callable[[int], None]
) -> Rewritten:
    """Stream the image into its pieces, and tell of each; ``folder`` is on a disk with room for the pixels.

    Raises what :func:`~tilework.imaging.formats.strips.read_strips` raises.
    """
    strips = read_strips(source, header, pieces.grid.cell.height, folder)
    for index, strip in enumerate(strips):
        grid = pieces.grid
        place = Window(0, index * grid.cell.height, grid.size.width, (index + 1) * grid.cell.height)
        band = Band(grid.size, place.clamped(grid.size), strip)
        for cell in grid.meeting(band.window):
            pieces.put(cell, band.read(grid.window(cell)))
        told(index)
    found = strips.found
    if found is None:
        raise AssertionError("all strips have come, and nothing is known of the image")
    header = completed(header, found.metadata)
    return Rewritten(Turned(pieces, header.orientation), header, found.metadata, found.notes)
