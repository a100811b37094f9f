"""Where each strip or tile of a TIFF lies in the file: the index, checked whole once and read by pages.

A hundred gigapixels have some 400,000 tiles, and an index of megabytes. What is kept of such a one with the header is
where it lies and what the check found out; the entries are read again, a page at a time, where they are needed.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from tilework.errors import DamagedImageError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np

    from tilework.imaging.formats.tiff_directory import Directory
    from tilework.imaging.sources import Source

    Numbers: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[Any]]

INLINE = 4_096
"""Segments up to which the entries travel with the header: 64 KiB."""

PAGE = 8_192
"""Entries of a page: 64 KiB of offsets of eight bytes."""

KEPT_PAGES = 8
"""Pages that a reader keeps: a band meets one or two of each plane."""

CHECKED = 65_536
"""Entries that are checked at once: half a megabyte of either table, so that a store is asked few times."""

HEADER_BYTES = 8
"""No pixel lies before it."""

ALL = 0xFFFF_FFFF_FFFF_FFFF
"""A byte count that is cut to what an uncompressed segment needs."""


@dataclass(frozen=True, slots=True)
class Table:
    """Unsigned numbers in a file from byte ``start`` on; ``kind`` is NumPy's name of one, with its byte order."""

    start: int
    kind: str

    def read(self, source: Source, first: int, last: int) -> Numbers:
        """The numbers ``first`` to ``last`` (exclusive) as uint64; raises DamagedImageError where the file ends."""
        import numpy as np

        item = np.dtype(self.kind).itemsize
        start, stop = self.start + first * item, self.start + last * item
        data = source.read(start, stop)
        if len(data) < stop - start:
            raise DamagedImageError(f"The file ended at byte {start + len(data):,} while it was read.")
        return np.frombuffer(data, self.kind).astype(np.uint64)


@dataclass(frozen=True, slots=True)
class Whole:
    """Bytes of an uncompressed segment, and of the last one of each plane of ``per_plane``."""

    segment: int
    last: int
    per_plane: int


@dataclass(frozen=True, slots=True)
class Entries:
    """Consecutive entries of an index from number ``first`` on: offsets and byte counts; a count of 0 is missing."""

    first: int
    offsets: array[int]
    counts: array[int]

    def __getitem__(self, index: int) -> tuple[int, int]:
        return self.offsets[index - self.first], self.counts[index - self.first]


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of offsets and byte counts of an index that lies in the file.

    ``counts`` is None where a file of uncompressed segments does not tell them, ``whole`` where they are compressed.
    """

    offsets: Table
    counts: Table | None
    whole: Whole | None

    def read(self, source: Source, first: int, last: int) -> tuple[Numbers, Numbers]:
        """Offsets and byte counts of the segments ``first`` to ``last`` (exclusive); raises DamagedImageError."""
        offsets = self.offsets.read(source, first, last)
        counts = None if self.counts is None else self.counts.read(source, first, last)
        return offsets, _mended(first, offsets, counts, self.whole)


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """The index of a page, and what is known of all its entries.

    ``total`` segments, of which ``missing`` are not in the file; ``longest`` and ``stored`` are the bytes of the longest
    one and of all together. The entries of a small index are ``inline``, others are read from ``tables``.
    """

    total: int
    missing: int = 0
    longest: int = 0
    stored: int = 0
    inline: Entries | None = None
    tables: Tables | None = None


@dataclass(slots=True)
class IndexReader:
    """The entries of an index, those of a large one read from ``source`` by pages, a few of which are kept."""

    source: Source
    index: Index
    pages: OrderedDict[int, Entries] = field(default_factory=OrderedDict)

    def __getitem__(self, number: int) -> tuple[int, int]:
        """Offset and bytes of a segment, 0 bytes where it is missing; raises DamagedImageError."""
        tables = self.index.tables
        if tables is None:
            assert self.index.inline is not None  # noqa: S101 - an index has one or the other
            return self.index.inline[number]
        page = number // PAGE
        if page not in self.pages:
            while len(self.pages) >= KEPT_PAGES:
                self.pages.popitem(last=False)
            first = page * PAGE
            self.pages[page] = _entries(
                first, *tables.read(self.source, first, min(first + PAGE, self.index.total))
            )
        self.pages.move_to_end(page)
        return self.pages[page][number]


def _entries(first: int, offsets: Numbers, counts: Numbers) -> Entries:
    return Entries(first, array("Q", offsets.tobytes()), array("Q", counts.tobytes()))


def _mended(first: int, offsets: Numbers, counts: Numbers | None, whole: Whole | None) -> Numbers:
    """Counts, cut to what uncompressed segments need: writers add padding, or tell no counts.

    A segment that lies somewhere and has no bytes is what old scanners' software writes where nothing is packed.
    """
    import numpy as np

    if counts is None:
        counts = np.full(len(offsets), ALL, np.uint64)
    hollow = (counts == 0) & (offsets != 0)
    if whole is None:
        if hollow.any():
            at = int(hollow.argmax())
            raise DamagedImageError(
                f"The TIFF's segment {first + at:,} at byte {int(offsets[at]):,} has no bytes, and is not missing either."
            )
        return counts
    counts[hollow] = ALL
    np.minimum(counts, np.uint64(whole.segment), out=counts)
    lasts = counts[-(first + 1) % whole.per_plane :: whole.per_plane]
    np.minimum(lasts, np.uint64(whole.last), out=lasts)
    return counts


def read_index(
    directory: Directory, tags: tuple[int, int], total: int, whole: Whole | None, name: str
) -> Index:
    """Read the index of ``total`` segments from the tags of offsets and counts, and check every entry of it.

    ``whole`` is None where segments are compressed; ``name`` is what one is called. Raises DamagedImageError where a
    table is too short or points outside the file.
    """
    import numpy as np

    offsets, counts = tags[0], tags[1] if tags[1] in directory else None
    if counts is None and whole is None:
        raise DamagedImageError("The TIFF does not say how long its strips are.")
    told = f"The TIFF's {name} {{:,}} of {total:,}"
    if total > INLINE:
        lengths = None if counts is None else Table(*directory.located(counts, total))
        tables = Tables(Table(*directory.located(offsets, total)), lengths, whole)
        source = directory.file.reader.source
        firsts = range(0, total, CHECKED)
        parts = ((first, *tables.read(source, first, min(first + CHECKED, total))) for first in firsts)
        return _checked(parts, directory.file.reader.size, told, Index(total=total, tables=tables))
    starts = np.array(directory.table(offsets, total), np.uint64)
    given = None if counts is None else np.array(directory.table(counts, total), np.uint64)
    mended = _mended(0, starts, given, whole)
    inline = Index(total=total, inline=_entries(0, starts, mended))
    return _checked([(0, starts, mended)], directory.file.reader.size, told, inline)


def _checked(parts: Iterable[tuple[int, Numbers, Numbers]], size: int, told: str, index: Index) -> Index:
    """The index with what its entries are together; they come in parts, for a large index is never held whole."""
    import numpy as np

    missing = longest = stored = 0
    for first, offsets, counts in parts:
        outside = (
            (offsets < HEADER_BYTES)
            | (counts > size)
            | (offsets > size - np.minimum(counts, np.uint64(size)))
        )
        outside &= counts > 0
        if outside.any():
            at = int(outside.argmax())
            start, count = int(offsets[at]), int(counts[at])
            raise DamagedImageError(
                f"{told.format(first + at)} lies at bytes {start:,} to {start + count:,}, outside the file of {size:,}"
                " bytes: it is cut short or corrupt."
            )
        missing += len(counts) - int(np.count_nonzero(counts))
        longest = max(longest, int(counts.max()))
        stored += int(counts.sum())
    return replace(index, missing=missing, longest=longest, stored=stored)


def check_total(directory: Directory, total: int) -> None:
    """Raise TooLargeError for an index of more entries of eight bytes than a header may have bytes.

    16 MiB are two million tiles; a hundred gigapixels in tiles of 256 x 256 are 1.5 million.
    """
    most = directory.file.reader.limits.header_bytes
    if total * 8 > most:
        raise TooLargeError(
            f"The image has {total:,} strips or tiles; a table of {most:,} bytes is allowed (limit: header_bytes)."
        )
