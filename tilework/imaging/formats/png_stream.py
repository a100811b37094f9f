"""The pixel data of a PNG, unpacked from its first byte to its last, with every checksum on the way checked."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError
from tilework.imaging.formats.png import UNDECODABLE
from tilework.imaging.formats.png_chunks import (
    FRAME_BYTES,
    IHDR_BYTES,
    SIGNATURE,
    cut_short,
    failed_sum,
    whole_chunk,
)
from tilework.imaging.formats.source_ranges import ranges
from tilework.imaging.limits import KIB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.imaging.sources import Source

MEANING = (b"PLTE", b"tRNS")
"""What says which colours samples stand for."""

MOST_MEANING_BYTES = 64 * KIB
KNOWN = (b"PLTE", b"IDAT", b"IEND")
"""What may follow the header chunk of all that a reader must understand; the first letter of others is small."""

SMALL = 0x20
"""The bit of small letters (section 5.4)."""


class PixelStream:
    """The unpacked pixel data of a PNG whose header has been read: rows, each led by its filter's number.

    ``bits`` and ``colour_type`` are those of its header chunk, ``meaning`` the chunks of palette and transparency.
    Raises :class:`~tilework.errors.DamagedImageError` where the file is cut short, fails a checksum, or holds a chunk
    that nobody knows and that is needed.
    """

    def __init__(self, source: Source) -> None:
        self.meaning = b""
        self._file = _Forward(source)
        head = self._file.take(len(SIGNATURE) + IHDR_BYTES + FRAME_BYTES)
        self.bits, self.colour_type = head[24:26]
        self.interlaced = bool(head[28])
        self._packed = self._pieces()
        self._unpacker = zlib.decompressobj()
        # leads to the pixel data, past what says how they are meant
        self._waiting = next(self._packed, b"")

    def filtered(self, length: int) -> bytes:
        """Return the next bytes of the rows."""
        found = bytearray()
        while len(found) < length:
            part = self._unpacked(length - len(found))
            if not part:
                raise DamagedImageError(UNDECODABLE)
            found += part
        return bytes(found)

    def finish(self) -> None:
        """Read the rest of the file: the packed stream's own checksum, and the chunks that follow.

        Pixel data beyond the last row is left alone, as libpng does.
        """
        self._unpacked(1)
        for _ in self._packed:
            pass

    def _unpacked(self, most: int) -> bytes:
        """At least one byte and at most so many; none at the end of the packed stream."""
        while not self._unpacker.eof:
            try:
                part = self._unpacker.decompress(self._waiting, most)
            except zlib.error as error:
                raise DamagedImageError(UNDECODABLE) from error
            self._waiting = self._unpacker.unconsumed_tail
            if part:
                return part
            if not self._waiting and not self._unpacker.eof:
                self._waiting = next(self._packed, b"")
                if not self._waiting:
                    raise DamagedImageError(UNDECODABLE)
        return b""

    def _pieces(self) -> Iterator[bytes]:
        """Yield the packed pixel data, and walk all the chunks."""
        begun = False
        before = name = b""
        while name != b"IEND":
            place, before = self._file.position, name
            length, name = struct.unpack(">I4s", self._file.take(FRAME_BYTES - 4))
            self._file.expect(length + 4)
            if name == b"IDAT" and begun and before != name and not self._unpacker.eof:
                raise DamagedImageError(UNDECODABLE)
            begun = begun or name == b"IDAT"
            check, kept = zlib.crc32(name), b""
            for piece in self._file.pieces(length):
                check = zlib.crc32(piece, check)
                if name == b"IDAT":
                    yield piece
                elif name in MEANING and not begun and len(kept) < MOST_MEANING_BYTES:
                    kept += piece
            if check != int.from_bytes(self._file.take(4)):
                raise failed_sum(name, place)
            if not name[0] & SMALL and name not in KNOWN:
                raise DamagedImageError(UNDECODABLE)
            self.meaning += whole_chunk(name, kept) if name in MEANING and not begun else b""


class _Forward:
    """A source from its first byte to its last, in pieces of any length."""

    def __init__(self, source: Source) -> None:
        self.position = 0
        self._size = source.size
        self._ranges = ranges(source)
        self._block = b""
        self._used = 0

    def expect(self, length: int) -> None:
        """Raise DamagedImageError where so many bytes are not left."""
        if self.position + length > self._size:
            raise cut_short(self._size)

    def pieces(self, length: int) -> Iterator[bytes]:
        """Yield the next ``length`` bytes, as they come."""
        self.expect(length)
        while length:
            if self._used == len(self._block):
                self._block, self._used = next(self._ranges), 0
            piece = self._block[self._used : self._used + length]
            self._used += len(piece)
            self.position += len(piece)
            length -= len(piece)
            yield piece

    def take(self, length: int) -> bytes:
        """Return the next ``length`` bytes."""
        return b"".join(self.pieces(length))
