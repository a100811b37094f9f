"""The chunks of a WebP, and the metadata in them. RFC 9649, section 2: a RIFF of chunks, little-endian."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError
from tilework.imaging.formats.jpeg_segments import EXIF_TAG
from tilework.imaging.formats.metadata import Metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RIFF_BYTES = 12
"""``RIFF``, the bytes that follow this field, ``WEBP``."""

FRAME_BYTES = 8
"""A chunk's name and length, before its payload; one of odd length is padded by a byte."""

LOSSY, LOSSLESS, ALPHA, EXTENDED = b"VP8 ", b"VP8L", b"ALPH", b"VP8X"
PICTURES = frozenset({LOSSY, LOSSLESS})
ANIMATION = frozenset({b"ANIM", b"ANMF"})
ICC, EXIF, XMP = b"ICCP", b"EXIF", b"XMP "


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk's name and where its payload lies."""

    name: bytes
    start: int
    stop: int

    @property
    def after(self) -> int:
        """Where the next chunk begins."""
        return self.stop + (self.stop - self.start) % 2


def end_of_riff(riff: bytes, size: int) -> int:
    """Where the chunks end in a file of ``size`` bytes that begins with ``riff``, :data:`RIFF_BYTES` bytes.

    Raises :class:`~tilework.errors.DamagedImageError` where they would end behind the file.
    """
    end = FRAME_BYTES + int.from_bytes(riff[4:8], "little")
    if end > size:
        raise DamagedImageError(f"The WebP is cut short: it ends at byte {size:,} of {end:,}.")
    return end


def chunks(read: Callable[[int, int], bytes], end: int) -> Iterator[Chunk]:
    """Walk the chunks up to ``end``; ``read`` returns so many bytes from a place.

    Raises :class:`~tilework.errors.DamagedImageError` for a chunk that ends behind them.
    """
    position = RIFF_BYTES
    while position < end:
        if position + FRAME_BYTES > end:
            raise DamagedImageError(f"The WebP is broken at byte {position:,}: no chunk where one must be.")
        name, length = struct.unpack("<4sI", read(position, FRAME_BYTES))
        chunk = Chunk(name, position + FRAME_BYTES, position + FRAME_BYTES + length)
        if chunk.stop > end:
            raise DamagedImageError(
                f"The WebP is broken at byte {position:,}: a chunk of {length:,} bytes ends behind the last,"
                f" byte {end:,}."
            )
        yield chunk
        position = chunk.after


def chunks_of(data: bytes | memoryview) -> Iterator[Chunk]:
    """Walk all chunks of a whole file; raises as :func:`chunks` does."""
    end = end_of_riff(bytes(data[:RIFF_BYTES]), len(data))
    return chunks(lambda start, length: bytes(data[start : start + length]), end)


def trailing(data: bytes | memoryview) -> tuple[str, ...]:
    """A note about bytes behind the RIFF of a sound file, if there are any."""
    surplus = len(data) - end_of_riff(bytes(data[:RIFF_BYTES]), len(data))
    return (f"{surplus:,} bytes follow the picture.",) if surplus else ()


def exif_block(payload: bytes) -> bytes:
    """An EXIF chunk's block from its byte order on: some writers leave a JPEG's tag before it."""
    return payload.removeprefix(EXIF_TAG)


def read_metadata(data: bytes | memoryview) -> Metadata:
    """Collect what stands around the pixels in a whole file; of several chunks of a kind the first counts."""
    found: dict[bytes, bytes] = {}
    for chunk in chunks_of(data):
        if chunk.name in {ICC, EXIF, XMP}:
            found.setdefault(chunk.name, bytes(data[chunk.start : chunk.stop]))
    exif = found.get(EXIF)
    return Metadata(exif=None if exif is None else exif_block(exif), xmp=found.get(XMP), icc=found.get(ICC))
