"""The directories of a TIFF or BigTIFF: tables of tags that may lie anywhere in the file.

TIFF 6.0, section 2; BigTIFF as in libtiff's specification: offsets and counts of eight bytes. Nothing is trusted: a
directory, and each value that is asked for, must lie in the file and be of a sane size.
"""

from __future__ import annotations

import struct
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from tilework.errors import DamagedImageError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.imaging.formats.header_reader import HeaderReader

CLASSIC, BIG = 42, 43
ORDERS: dict[bytes, Literal["<", ">"]] = {b"II": "<", b"MM": ">"}

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SIGNED_RATIONAL = 1, 2, 3, 4, 5, 7, 10
LONG8 = 16
CODES = {
    BYTE: "B",
    ASCII: "s",
    SHORT: "H",
    LONG: "I",
    RATIONAL: "II",
    6: "b",
    UNDEFINED: "s",
    8: "h",
    9: "i",
    SIGNED_RATIONAL: "ii",
    11: "f",
    12: "d",
    13: "I",
    LONG8: "Q",
    17: "q",
    18: "Q",
}
"""The types of values and their codes of :mod:`struct`; 13 and 18 are offsets of directories."""

TYPE_BYTES = {kind: struct.calcsize(f"={code}") for kind, code in CODES.items()}
UNSIGNED = frozenset({BYTE, SHORT, LONG, 13, LONG8, 18})
BYTES_TYPES = frozenset({BYTE, ASCII, 6, UNDEFINED})

MOST_ENTRIES = 4_096
"""Entries of one directory; real ones have below a hundred."""

MOST_NUMBERS = 65_536
"""Numbers of a value that is read at once; the largest colour map has 49,152 for 14 bits."""

MOST_CHARACTERS = 4_096
"""Characters of a text that are looked at."""


class Entry(NamedTuple):
    """One entry: its tag, the type of its values and how many there are, and the value itself or the offset of it."""

    tag: int
    type: int
    amount: int
    field: bytes

    @property
    def length(self) -> int:
        """Bytes of the value; 0 for a type that nobody knows."""
        return TYPE_BYTES.get(self.type, 0) * self.amount


@dataclass(frozen=True, slots=True)
class Directory:
    """One directory: where it starts, its entries by tag, and where the next one starts (0: none)."""

    file: TiffFile
    position: int
    entries: dict[int, Entry]
    next: int

    def __contains__(self, tag: int) -> bool:
        return tag in self.entries

    def numbers(self, tag: int) -> tuple[int, ...]:
        """The whole numbers of a tag; none where it is not there. Raises DamagedImageError for another type."""
        entry = self.entries.get(tag)
        if entry is None or not entry.amount:
            return ()
        if entry.type not in UNSIGNED or entry.amount > MOST_NUMBERS:
            raise DamagedImageError(
                f"The TIFF's tag {tag} holds no whole numbers, or {entry.amount:,} of them."
            )
        return struct.unpack(f"{self.file.order}{entry.amount}{CODES[entry.type]}", self.data(tag))

    def number(self, tag: int, default: int) -> int:
        """The first whole number of a tag, ``default`` where it is not there."""
        numbers = self.numbers(tag)
        return numbers[0] if numbers else default

    def fraction(self, tag: int) -> tuple[int, int] | None:
        """The positive fraction of a tag; None where it is not there or is none."""
        entry = self.entries.get(tag)
        if entry is None or entry.type != RATIONAL or not entry.amount:
            return None
        numerator, denominator = struct.unpack_from(f"{self.file.order}II", self.data(tag))
        return (numerator, denominator) if numerator and denominator else None

    def data(self, tag: int) -> bytes:
        """The bytes of a tag's value, in the file's byte order; none where it is not there."""
        entry = self.entries.get(tag)
        return b"" if entry is None else self.file.value(entry)

    def text(self, tag: int) -> str:
        """The characters of a tag up to the first zero, however they are encoded; of a long text the beginning."""
        entry = self.entries.get(tag)
        if entry is None or entry.type not in BYTES_TYPES:
            return ""
        data = self.file.value(entry, MOST_CHARACTERS)
        return data.partition(b"\0")[0].decode("utf-8", "replace")

    def table(self, tag: int, count: int) -> array[int]:
        """The first ``count`` numbers of a tag that has at least so many, in their own type."""
        entry = self._table(tag, count)
        numbers = array(CODES[entry.type])
        numbers.frombytes(self.file.value(entry, count * TYPE_BYTES[entry.type]))
        if self.file.swapped:
            numbers.byteswap()
        return numbers

    def located(self, tag: int, count: int) -> tuple[int, str]:
        """Where such numbers begin that are too many for an entry, and NumPy's name of one; they lie in the file."""
        entry = self._table(tag, count)
        start, item = self.file.start(entry), TYPE_BYTES[entry.type]
        stop, size = start + count * item, self.file.reader.size
        if stop > size:
            raise DamagedImageError(
                f"The TIFF's tag {tag} lies at bytes {start:,} to {stop:,}, outside the file of {size:,} bytes: it is cut"
                " short or corrupt."
            )
        return start, f"{self.file.order}u{item}"

    def _table(self, tag: int, count: int) -> Entry:
        entry = self.entries[tag]
        if entry.type not in UNSIGNED or entry.amount < count:
            raise DamagedImageError(
                f"The TIFF's tag {tag} holds {entry.amount:,} numbers where {count:,} must be."
            )
        return entry


class TiffFile:
    """The bytes of a TIFF, from which directories are read."""

    def __init__(self, reader: HeaderReader) -> None:
        self.reader = reader
        head = reader.read(0, 8)
        self.order = ORDERS[head[:2]]
        self.swapped = self.order != ("<" if array("H", [1]).tobytes() == b"\1\0" else ">")
        (version,) = struct.unpack(f"{self.order}H", head[2:4])
        self.big = version == BIG
        self.offset = "Q" if self.big else "I"
        if self.big:
            width, reserved = struct.unpack(f"{self.order}HH", head[4:8])
            if (width, reserved) != (8, 0):
                raise DamagedImageError(f"The BigTIFF's header says that its offsets have {width} bytes.")
            head = reader.read(8, 8)
            self.first: int = struct.unpack(f"{self.order}Q", head)[0]
        else:
            self.first = struct.unpack(f"{self.order}I", head[4:8])[0]
        self._walked = 0

    def chain(self) -> Iterator[Directory]:
        """Walk the main chain of directories, one a page.

        Raises DamagedImageError for a loop, and TooLargeError beyond the limit of pages.
        """
        seen = set()
        position = self.first
        if not position:
            raise DamagedImageError("The TIFF has no directory.")
        while position:
            if position in seen:
                raise DamagedImageError(
                    f"The TIFF's directories form a loop: the one at byte {position:,} comes again."
                )
            seen.add(position)
            directory = self.directory(position)
            yield directory
            position = directory.next

    def directory(self, position: int) -> Directory:
        """Read the directory at a position."""
        self._walked += 1
        limits = self.reader.limits
        if self._walked > limits.pages:
            raise TooLargeError(f"The file has more than the {limits.pages:,} pages allowed (limit: pages).")
        count_code, entry_code = ("Q", "HHQ8s") if self.big else ("H", "HHI4s")
        length = struct.calcsize(f"={count_code}")
        (count,) = struct.unpack(f"{self.order}{count_code}", self.reader.read_anywhere(position, length))
        if not 0 < count <= MOST_ENTRIES:
            raise DamagedImageError(
                f"The TIFF is broken at byte {position:,}: a directory of {count:,} entries."
            )
        entry = struct.Struct(f"{self.order}{entry_code}")
        stop = count * entry.size
        data = self.reader.read_anywhere(position + length, stop + struct.calcsize(f"={self.offset}"))
        (following,) = struct.unpack(f"{self.order}{self.offset}", data[stop:])
        # of several entries of one tag the first counts, as for libtiff
        entries = {fields[0]: Entry(*fields) for fields in reversed(list(entry.iter_unpack(data[:stop])))}
        return Directory(self, position, entries, following)

    def value(self, entry: Entry, most: int | None = None) -> bytes:
        """The first ``most`` bytes of an entry's value; raises where they do not lie in the file or are too many."""
        whole = entry.length
        if entry.type not in CODES:
            raise DamagedImageError(f"The TIFF's tag {entry.tag} is of the unknown type {entry.type}.")
        length = whole if most is None else min(whole, most)
        if whole <= len(entry.field):
            return entry.field[:length]
        return self.reader.read_anywhere(self.start(entry), length)

    def start(self, entry: Entry) -> int:
        """Where the value of an entry lies that is too long for its field."""
        position: int = struct.unpack(f"{self.order}{self.offset}", entry.field)[0]
        return position
