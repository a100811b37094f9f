"""The pixel data of a PNG, unpacked from its first byte to its last, with every checksum on the way checked."""

from __future__ import annotations

import copy
import struct
import zlib
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError, TooLargeError
from tilework.imaging.formats.png import UNDECODABLE
from tilework.imaging.formats.png_chunks import (
    FRAME_BYTES,
    IHDR_BYTES,
    METADATA_CHUNKS,
    SIGNATURE,
    cut_short,
    failed_sum,
    read_metadata,
    whole_chunk,
)
from tilework.imaging.formats.source_ranges import ranges
from tilework.imaging.limits import KIB, MIB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.imaging.formats.metadata import Metadata
    from tilework.imaging.sources import Source

MEANING = (b"PLTE", b"tRNS")
"""What says which colours samples stand for."""

MOST_METADATA_BYTES = 16 * MIB
"""As much as a header may have."""

KNOWN = (b"PLTE", b"IDAT", b"IEND")
"""What may follow the header chunk of all that a reader must understand; the first letter of others is small."""

PIECE_BYTES = 256 * KIB
"""Most that is unpacked at a time: what is left of it is copied each time that rows are asked for."""

FORKS = 8
"""How many streams of one file may read at the same time in the memory of one."""

BEYOND_BYTES = 64 * KIB
"""What is unpacked at a time to be thrown away."""

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
        self._source = source
        self._file = _Forward(ranges(source), source.size)
        self._head = self._file.take(len(SIGNATURE) + IHDR_BYTES + FRAME_BYTES)
        self.bits, self.colour_type = self._head[24:26]
        self.interlaced = bool(self._head[28])
        self._metadata: list[bytes] = []
        self._metadata_bytes = 0
        self._left = 0
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

        Pixel data beyond the last row only irritates libpng, and so does what is wrong with it, but that it
        must end.
        """
        if self._unpacked(1):
            try:
                while self._unpacked(BEYOND_BYTES):
                    pass
            except DamagedImageError as error:
                if error.__cause__ is None:
                    raise
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
            if name == b"IDAT":
                yield from self._checked(name, place, length)
            else:
                self._take_in(name, place, length, begun=begun)

    def _take_in(self, name: bytes, place: int, length: int, *, begun: bool) -> None:
        """Look at a chunk that is no pixel data, and keep what is to be kept of it."""
        kept = name in METADATA_CHUNKS or (name in MEANING and not begun)
        self._metadata_bytes += length * kept
        if self._metadata_bytes > MOST_METADATA_BYTES:
            raise TooLargeError(f"The PNG has more than {MOST_METADATA_BYTES:,} bytes beside its pixel data.")
        pieces = [piece for piece in self._checked(name, place, length) if kept]
        if not name[0] & SMALL and name not in KNOWN:
            raise DamagedImageError(UNDECODABLE)
        if name in METADATA_CHUNKS:
            self._metadata.append(whole_chunk(name, b"".join(pieces)))
        elif kept:
            self.meaning += whole_chunk(name, b"".join(pieces))

    def _checked(self, name: bytes, place: int, length: int) -> Iterator[bytes]:
        """Yield a chunk's payload, and then check its sum."""
        check = zlib.crc32(name)
        self._left = length
        for piece in self._file.pieces(length):
            check = zlib.crc32(piece, check)
            self._left -= len(piece)
            yield piece
        if check != int.from_bytes(self._file.take(4)):
            raise failed_sum(name, place)

    def fork(self) -> PixelStream:
        """Return another stream of the rows from here on, which reads them again and checks no chunks."""
        twin = copy.copy(self)
        place = self._file.position - len(self._waiting)
        twin._file = _Forward(ranges(self._source, place, FORKS), self._file.size, place)  # noqa: SLF001 - its own kind
        twin._packed = twin._rest(self._left + len(self._waiting))  # noqa: SLF001
        twin._unpacker = self._unpacker.copy()  # noqa: SLF001
        twin._waiting = b""  # noqa: SLF001
        return twin

    def _rest(self, left: int) -> Iterator[bytes]:
        """Yield the packed pixel data from within a chunk of which so much is left."""
        name = b"IDAT"
        while name == b"IDAT":
            yield from self._file.pieces(left)
            self._file.take(4)
            left, name = struct.unpack(">I4s", self._file.take(FRAME_BYTES - 4))

    def metadata(self) -> Metadata:
        """Return what stands around the pixels, when all has been read."""
        left = self._file.size - self._file.position
        return read_metadata(b"".join((self._head, *self._metadata, whole_chunk(b"IEND", b""))), left)


class _Forward:
    """A source from its first byte to its last, in pieces of any length."""

    def __init__(self, blocks: Iterator[bytes], size: int, position: int = 0) -> None:
        self.position = position
        self.size = size
        self._ranges = blocks
        self._block = b""
        self._used = 0

    def expect(self, length: int) -> None:
        """Raise DamagedImageError where so many bytes are not left."""
        if self.position + length > self.size:
            raise cut_short(self.size)

    def pieces(self, length: int) -> Iterator[bytes]:
        """Yield the next ``length`` bytes, as they come."""
        self.expect(length)
        while length:
            if self._used == len(self._block):
                self._block, self._used = next(self._ranges), 0
            piece = self._block[self._used : self._used + min(length, PIECE_BYTES)]
            self._used += len(piece)
            self.position += len(piece)
            length -= len(piece)
            yield piece

    def take(self, length: int) -> bytes:
        """Return the next ``length`` bytes."""
        return b"".join(self.pieces(length))
