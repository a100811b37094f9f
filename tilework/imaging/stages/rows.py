"""What a row of tiles of a large result takes of a rank's memory."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tilework.errors import TooLargeError
from tilework.imaging.formats import overlap_bytes, segment_bytes
from tilework.imaging.limits import MIB
from tilework.imaging.stages.bands import middle_of, piece_of, source_of
from tilework.imaging.windows import Size, Window

if TYPE_CHECKING:
    from tilework.imaging.formats import Header
    from tilework.imaging.formats.cog import CogLayout
    from tilework.imaging.pipeline import Pipeline

BETWEEN_BYTES = 16 * MIB
"""Of a tile on its way through the pipeline, what is reckoned elsewhere (FIXED_BYTES of the planning)."""


@dataclass(frozen=True, slots=True)
class Needs:
    """Bytes of a row: what is worked on, and the decoded segments that the row below needs again."""

    worked_on: int
    segments: int


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of tiles of the result that ``pipeline`` makes of an image; what they need is that in its middle."""

    header: Header
    pipeline: Pipeline
    layout: CogLayout
    _known: dict[int, Needs] = field(default_factory=dict, compare=False)

    def needs(self, columns: int) -> Needs:
        """What a row of a unit of ``columns`` needs."""
        columns = min(columns, self.layout.size.width)
        if columns not in self._known:
            self._known[columns] = self._reckoned(columns)
        return self._known[columns]

    def check(self, allowed: int) -> None:
        """Raise TooLargeError where not even a single segment and the narrowest row fit."""
        needed = segment_bytes(self.header) + self.needs(self.layout.tile).worked_on
        if needed > allowed:
            raise TooLargeError(
                f"A single strip or tile of the image, with a row of the result, needs {needed / MIB:,.0f} MiB of memory;"
                f" {allowed / MIB:,.0f} MiB are allowed (limit: block_bytes).",
                advice="Convert it to a TIFF of smaller tiles, or raise the limit.",
            )

    def _reckoned(self, columns: int) -> Needs:
        size, tile, pixels = self.layout.size, self.layout.tile, self.header.pixels
        # where there is another row below
        top = max(0, min(size.height // 2, size.height - 2 * tile))
        left = (size.width - columns) // 2
        row = Window(left, top, left + columns, min(size.height, top + tile))
        piece = piece_of(self.pipeline, row, tile, self.header.size, pixels)
        part = middle_of(row, piece)
        source = source_of(self.pipeline, part, self.header.size, pixels)
        shared = self._shared(part, source)
        pieces = -(-columns // piece.width)
        # a row that is filled piece by piece is there twice, as the tiles that are cut from it
        return Needs(
            worked_on=source.size.pixels * pixels.bytes
            + columns * tile * self.layout.pixels.bytes
            + self._between(middle_of(row, Size(min(tile, piece.width), piece.height))),
            segments=pieces * overlap_bytes(self.header, Size(shared.width, source.height), shared.height),
        )

    def _shared(self, part: Window, source: Window) -> Size:
        """Columns and rows that the pixels for a part of a row and for what is below it share, 1 where they touch."""
        bottom = min(part.bottom + part.height, self.layout.size.height)
        if bottom == part.bottom:
            return Size(source.width, 1)
        below = Window(part.left, part.bottom, part.right, bottom)
        other = source_of(self.pipeline, below, self.header.size, self.header.pixels)
        across = min(source.right, other.right) - max(source.left, other.left)
        down = min(source.bottom, other.bottom) - max(source.top, other.top)
        return Size(max(1, across), max(1, down))

    def _between(self, window: Window) -> int:
        """Bytes that a tile takes on its way beyond what is reckoned for each: where it is made of many more pixels."""
        sites = self.pipeline.sites(window, self.header.size, self.header.pixels)
        kinds = self.pipeline.kinds(self.header.pixels)
        amounts = [site.source.size.pixels * kind.bytes for site, kind in zip(sites, kinds, strict=False)]
        # the first lies in the band; the others come and go in pairs, and the last is a tile of the result
        most = max(map(sum, itertools.pairwise([*amounts[1:], 0])), default=0)
        return max(0, most - BETWEEN_BYTES)


@dataclass(frozen=True, slots=True)
class AllRows:
    """The rows of all images that a unit may be a part of: what it needs is what that of the greediest does."""

    each: tuple[Rows, ...]

    def needs(self, columns: int) -> Needs:
        """What a row of a unit of ``columns`` needs."""
        needs = [rows.needs(columns) for rows in self.each]
        return Needs(max(one.worked_on for one in needs), max(one.segments for one in needs))

    def check(self, allowed: int) -> None:
        """Raise TooLargeError where not even a single segment and the narrowest row fit."""
        for rows in self.each:
            rows.check(allowed)
