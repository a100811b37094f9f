"""The assembly: all tiles that the units have left, joined into the result by one upload, of which few bytes come this way.

Objects of tiles that are large enough become parts of the upload where they lie. Smaller ones are fetched and joined,
first behind the header, as many as that needs to be a part of its own (zeros fill it up, where there are too few), then
behind all others. The first tiles come last, the smallest level's first (:mod:`tilework.imaging.formats.cog`).
"""

from __future__ import annotations

from array import array
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tilework.errors import LeaseLostError
from tilework.fleet.blueprint import writes_tiles
from tilework.fleet.made import first_name, tiles_name
from tilework.fleet.result_metadata import result_metadata
from tilework.fleet.rewritten import rewritten_metadata
from tilework.imaging.costs import transfer_seconds
from tilework.imaging.formats import Metadata, is_windowed, read_around
from tilework.imaging.formats.cog import TileTable
from tilework.imaging.formats.result_file import content_type, head, head_bytes, room, suffix
from tilework.imaging.formats.tiff_description import description
from tilework.imaging.formats.tile_encoding import jpeg_tables
from tilework.jobs.manifests import MOST_BYTES, READ_AT_ONCE
from tilework.jobs.quotas import PART_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import numpy as np

    from tilework.fleet.image import LargeImage
    from tilework.fleet.made import Made
    from tilework.fleet.workshop import Surroundings
    from tilework.imaging.limits import Limits
    from tilework.jobs.stores import ObjectStore, Part
    from tilework.jobs.units import UnitTask

SENT_AT_ONCE = 4
"""Parts that are sent at the same time: each is held in memory, for a moment twice."""

COPIED_AT_ONCE = 64
"""Parts that are copied at the same time: no byte comes this way, and each goes at the speed of a connection."""

MANIFESTS_A_TURN = 1024
"""Manifests that are read before the lease is looked at again."""

JOINED_BYTES = 2 * PART_BYTES
"""Of a part of small objects."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The stored result: its key, bytes, sentences about what was odd, and the seconds of all units that wrote tiles."""

    result_key: str
    result_bytes: int
    note: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Piece:
    """An object that goes into the result: whole, at ``offset`` of it once that is known."""

    key: str
    size: int


@dataclass(slots=True)
class Contents:
    """All that the units have made.

    Of each level ``pieces_of``, ``offsets`` and ``lengths`` tell, for each tile, which piece it lies in, from which byte
    on, and how long it is.
    """

    pieces: list[Piece] = field(default_factory=list)
    firsts: dict[int, Piece] = field(default_factory=dict)
    tables: list[np.ndarray] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)
    seconds: float = 0.0

    def take(self, prefix: str, made: Made) -> None:
        """Add what one unit has made, whose objects have keys that begin with ``prefix``."""
        before = len(self.pieces)
        self.pieces += [Piece(f"{prefix}/{tiles_name(item)}", size) for item, size in enumerate(made.sizes)]
        for level, size in made.firsts.items():
            self.firsts[level] = Piece(f"{prefix}/{first_name(level)}", size)
        for level in range(len(self.tables)):
            rows = made.tiles[made.tiles[:, 0] == level]
            self.tables[level][rows[:, 1], 0] = rows[:, 2] + before
            self.tables[level][rows[:, 1], 1:] = rows[:, 3:]
        self.notes |= dict.fromkeys(made.notes)
        self.seconds += made.seconds


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The parts of the upload, each of pieces in their order, and where in the result each piece begins.

    The first part begins with the header, and has ``padding`` bytes at its end that say nothing. ``offsets`` are those of ``pieces``
    by their numbers, ``firsts`` those of the first tiles by level.
    """

    parts: list[list[Piece]]
    padding: int
    offsets: dict[str, int]

    def copied(self, number: int) -> Piece | None:
        """The piece that is a part of its own where it lies; None of a part that is joined, and sent."""
        pieces = self.parts[number]
        return pieces[0] if number and len(pieces) == 1 and pieces[0].size >= PART_BYTES else None


def arranged(header_size: int, pieces: Iterable[Piece], firsts: Iterable[Piece]) -> Arrangement:
    """Decide what becomes a part: ``pieces`` in any order, ``firsts`` behind them in theirs."""
    pieces = list(pieces)
    large = [piece for piece in pieces if piece.size >= PART_BYTES]
    small = [piece for piece in pieces if piece.size < PART_BYTES]
    padding = 0
    if large:
        head: list[Piece] = []
        size = header_size
        while small and size < PART_BYTES:
            head.append(small.pop())
            size += head[-1].size
        padding = max(0, PART_BYTES - size)
        parts = [head, *([piece] for piece in large), *_joined([*small, *firsts])]
    else:
        parts = _joined([*small, *firsts], header_size)
    offsets: dict[str, int] = {}
    position = header_size
    for number, part in enumerate(parts):
        for piece in part:
            offsets[piece.key] = position
            position += piece.size
        position += 0 if number else padding
    return Arrangement(parts, padding, offsets)


def _joined(pieces: Iterable[Piece], begun: int = 0) -> list[list[Piece]]:
    """Pieces joined to parts, of which only the last may be small; the first has ``begun`` bytes already."""
    parts: list[list[Piece]] = [[]]
    size = begun
    for piece in pieces:
        if size >= JOINED_BYTES:
            parts.append([])
            size = 0
        parts[-1].append(piece)
        size += piece.size
    return parts


@dataclass(frozen=True, slots=True)
class Assembly:
    """The assembly of ``image``, as the attempt ``task`` at it goes about it."""

    image: LargeImage
    outputs: ObjectStore
    task: UnitTask
    around: Surroundings
    limits: Limits

    def store(self, made_by: str) -> Stored:
        """Store the result, unless it is there. Raises LeaseLostError, VersionGoneError, ServiceError."""
        found, layout = self.image.header, self.image.work.layout
        kept = self.image.work.kept(self._metadata(), found)
        tree, tables = description(kept, found), jpeg_tables(layout)
        contents = self._contents()
        firsts = [contents.firsts[level] for level in sorted(contents.firsts, reverse=True)]
        plan = arranged(head_bytes(layout, tree, tables), contents.pieces, firsts)
        begin = head(layout, _tables(contents, plan), tree, tables)
        key = self.task.result_stem + suffix(layout)
        told = result_metadata(self.task, found.size, found.pixels.dtype, made_by)
        size = self._upload(key, told, plan, begin)
        notes = dict.fromkeys((*found.notes, *kept.notes, *contents.notes))
        return Stored(key, size, " ".join(notes), contents.seconds)

    def _metadata(self) -> Metadata:
        found = self.image.header
        if is_windowed(found):
            return read_around(self.image.source, found)
        return rewritten_metadata(self.image.scratch)

    def _contents(self) -> Contents:
        """Read all manifests of the stages that write tiles, a few at once."""
        import numpy as np

        grids = self.image.work.layout.grids
        contents = Contents(tables=[np.zeros((grid.pixels, 3), np.uint64) for grid in grids])
        stages = [
            (number, stage.units) for number, stage in enumerate(self.task.plan.stages) if writes_tiles(stage)
        ]
        units = [(number, unit) for number, count in stages for unit in range(count)]
        with ThreadPoolExecutor(READ_AT_ONCE) as pool:
            for first in range(0, len(units), MANIFESTS_A_TURN):
                self._go_on(transfer_seconds(MOST_BYTES, self.limits))
                turn = units[first : first + MANIFESTS_A_TURN]
                for folder, attempt, made in pool.map(self.image.scratch.made_by, *zip(*turn, strict=True)):
                    contents.take(folder.objects(attempt), made)
        return contents

    def _upload(self, key: str, metadata: Mapping[str, str], plan: Arrangement, begin: bytes) -> int:
        """Send, copy and complete; bytes of the result."""
        most = max(len(begin) + PART_BYTES, *(piece.size for part in plan.parts for piece in part))
        seconds = transfer_seconds(SENT_AT_ONCE * most, self.limits)
        outputs, layout = self.outputs, self.image.work.layout
        self._go_on(seconds)
        upload = outputs.begin_upload(key, metadata=metadata, content_type=content_type(layout))

        def store(number: int) -> Part:
            self._go_on(seconds)
            if (piece := plan.copied(number)) is not None:
                return outputs.copy_part(upload, number + 1, piece.key, size=piece.size)
            return outputs.upload_part(upload, number + 1, joined(number))

        def joined(number: int) -> bytes:
            pieces = reading.map(lambda each: outputs.read(each.key, None, 0, each.size), plan.parts[number])
            ends = (begin, room(layout, plan.padding)) if number == 0 else (b"", b"")
            return b"".join([ends[0], *pieces, ends[1]])

        try:
            with ThreadPoolExecutor(READ_AT_ONCE) as reading:
                parts = _all_stored(store, plan)
            self._go_on(seconds)
            # where another attempt was quicker, its result has the same pixels
            outputs.complete_upload(upload, parts)
        finally:
            # one that was completed is over, and that is no error
            outputs.abort_upload(upload)
        return sum(part.size for part in parts)

    def _go_on(self, seconds: float) -> None:
        if not self.around.holds():
            raise LeaseLostError(f"The lease of the assembly of job {self.task.job} has ended.")
        self.around.allow(seconds)


def _all_stored(store: Callable[[int], Part], plan: Arrangement) -> list[Part]:
    """Let ``store`` see to each part of ``plan``, many at once, and return them in their order."""
    with ThreadPoolExecutor(SENT_AT_ONCE) as sending, ThreadPoolExecutor(COPIED_AT_ONCE) as copying:
        under_way = [
            (sending if plan.copied(number) is None else copying).submit(store, number)
            for number in range(len(plan.parts))
        ]
        try:
            return [part.result() for part in under_way]
        finally:
            # after a failure what has not begun is not worth it
            for part in under_way:
                part.cancel()


def _tables(contents: Contents, plan: Arrangement) -> list[TileTable]:
    """Where in the result each tile lies."""
    import numpy as np

    begins = np.array([plan.offsets[piece.key] for piece in contents.pieces] or [0], np.uint64)
    found = []
    for level, table in enumerate(contents.tables):
        offsets, lengths = begins[table[:, 0]] + table[:, 1], table[:, 2].copy()
        first = contents.firsts[level]
        offsets[0], lengths[0] = plan.offsets[first.key], first.size
        found.append(TileTable(array("Q", offsets.tobytes()), array("Q", lengths.tobytes())))
    return found
