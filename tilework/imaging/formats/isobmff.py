"""The boxes of an ISO base media file (ISO/IEC 14496-12, section 4.2), as HEIF, AVIF, JPEG 2000 and JPEG XL have them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tilework.errors import DamagedImageError
from tilework.imaging.formats.header_reader import WholeFile

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORT_BYTES, LONG_BYTES = 8, 16
"""Bytes before a box's payload: a size of 32 bits and the type, and a size of 64 bits where the short one is 1."""

LONG, TO_THE_END = 1, 0
"""Sizes that are none: a long one follows; the box goes on to the end of what it lies in."""

MOST_BOXES = 10_000
"""Boxes of a file; real ones have a dozen."""

FULL_BYTES = 4
"""Version and flags, with which the payload of a full box begins."""


class Readable(Protocol):
    """What boxes are read from: a :class:`~.header_reader.HeaderReader`, or a :class:`CountedFile`."""

    def read_anywhere(self, start: int, length: int) -> bytes:
        """Return ``length`` bytes from ``start``, or raise; boxes may lie behind the pictures."""
        ...

    def count_part(self) -> None:
        """Count one part, and raise where there are too many."""
        ...


class CountedFile(WholeFile):
    """A whole file in memory, of at most :data:`MOST_BOXES` boxes."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.size = len(data)
        self._parts = 0

    read_anywhere = WholeFile.read

    def count_part(self) -> None:
        """Count one box, and raise DamagedImageError where there are too many."""
        self._parts += 1
        if self._parts > MOST_BOXES:
            raise DamagedImageError(f"The file has more than {MOST_BOXES:,} boxes.")


@dataclass(frozen=True, slots=True)
class Box:
    """A box's type, and where its payload lies in the file."""

    type: bytes
    start: int
    stop: int

    @property
    def size(self) -> int:
        """Bytes of the payload."""
        return self.stop - self.start


def boxes(reader: Readable, start: int, stop: int) -> Iterator[Box]:
    """Walk the boxes from ``start`` to ``stop``, and not into them.

    Each counts as a part of the header. Raises :class:`~tilework.errors.DamagedImageError` for one that does not fit
    between them: a file's last one, mostly, where the file is cut short.
    """
    position = start
    while position < stop:
        reader.count_part()
        box = _box(reader, position, stop)
        yield box
        position = box.stop


def _box(reader: Readable, position: int, stop: int) -> Box:
    if stop - position < SHORT_BYTES:
        raise DamagedImageError(f"The file is broken at byte {position:,}: no box where one must be.")
    head = reader.read_anywhere(position, SHORT_BYTES)
    size, start = int.from_bytes(head[:4]), position + SHORT_BYTES
    if size == LONG:
        if stop - position < LONG_BYTES:
            raise DamagedImageError(f"The file is broken at byte {position:,}: its box has no size.")
        size, start = int.from_bytes(reader.read_anywhere(start, 8)), position + LONG_BYTES
    elif size == TO_THE_END:
        size = stop - position
    if position + size < start:
        raise DamagedImageError(
            f"The file is broken at byte {position:,}: its box is smaller than its own head."
        )
    if position + size > stop:
        raise DamagedImageError(
            f"The file is cut short or broken: its box {shown(head[4:])} at byte {position:,} claims {size:,} bytes, "
            f"and {stop - position:,} are there."
        )
    return Box(head[4:], start, position + size)


def payload(reader: Readable, box: Box) -> bytes:
    """The bytes of a box; raises as ``read_anywhere`` does."""
    return reader.read_anywhere(box.start, box.size)


def shown(name: bytes) -> str:
    """A type of four letters, harmless to print."""
    return "".join(chr(letter) if 32 < letter < 127 else "?" for letter in name)  # noqa: PLR2004 - printable ASCII


class Fields:
    """A payload read field by field, big-endian; raises DamagedImageError where it ends too early."""

    def __init__(self, data: bytes, name: str) -> None:
        self.data = data
        self.name = name
        self.position = 0

    @property
    def left(self) -> int:
        """Bytes that are not read yet."""
        return len(self.data) - self.position

    def take(self, length: int) -> bytes:
        """The next ``length`` bytes."""
        if length > self.left:
            raise DamagedImageError(f"The file's box {self.name} ends within its fields.")
        self.position += length
        return self.data[self.position - length : self.position]

    def number(self, length: int) -> int:
        """The next ``length`` bytes as an unsigned number; none is 0."""
        return int.from_bytes(self.take(length))

    def signed(self, length: int) -> int:
        """The next ``length`` bytes as a number in two's complement."""
        return int.from_bytes(self.take(length), signed=True)

    def text(self) -> bytes:
        """Bytes up to a zero, which is skipped, or to the end."""
        end = self.data.find(b"\0", self.position)
        end = len(self.data) if end < 0 else end
        found = self.take(end - self.position)
        self.position = min(end + 1, len(self.data))
        return found


def fields(reader: Readable, box: Box) -> Fields:
    """The payload of a box, to be read field by field."""
    return Fields(payload(reader, box), shown(box.type))
