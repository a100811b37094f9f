"""The chunks of a PNG, and the metadata in them. W3C PNG, third edition, sections 5 and 11."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError
from tilework.imaging.formats.metadata import Density, Metadata
from tilework.imaging.limits import MIB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.imaging.formats.header_reader import HeaderReader
    from tilework.imaging.windows import Size

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOUR_CHUNKS = frozenset({b"gAMA", b"cHRM", b"sRGB", b"cICP"})
TEXT_CHUNKS = frozenset({b"tEXt", b"zTXt", b"iTXt"})
METADATA_CHUNKS = COLOUR_CHUNKS | TEXT_CHUNKS | {b"eXIf", b"iCCP", b"pHYs"}
CICP_RGB = (0, 1)
"""Matrix coefficients and range in a cICP chunk: RGB, and the full one."""

XMP_TAG = b"XML:com.adobe.xmp\0" + b"\0\0" + b"\0" + b"\0"
"""Keyword of an iTXt chunk that holds an uncompressed XMP packet, its two flags, and two empty strings."""

FRAME_BYTES = 12
"""Length, type and checksum around a chunk's payload."""

IHDR_BYTES = 13
MOST_CHUNK_BYTES = (1 << 31) - 1

MOST_PROFILE_BYTES = 16 * MIB
"""Unpacked size from which a profile is none: a JPEG's can have as much, real ones stay below 4 MiB."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk's type and where its payload lies."""

    type: bytes
    start: int
    stop: int


def chunks_to_pixels(reader: HeaderReader) -> Iterator[Chunk]:
    """Walk the chunks between the header chunk and the first pixel data."""
    position = len(SIGNATURE) + IHDR_BYTES + FRAME_BYTES
    while True:
        reader.count_part()
        length, name = struct.unpack(">I4s", reader.read(position, 8))
        if length > MOST_CHUNK_BYTES or not name.isalpha():
            raise DamagedImageError(f"The PNG is broken at byte {position:,}: no chunk where one must be.")
        if name == b"IEND":
            raise DamagedImageError("The PNG has no pixel data.")
        if name == b"IDAT":
            return
        yield Chunk(name, position + 8, position + 8 + length)
        position += length + FRAME_BYTES


def chunks(data: bytes) -> Iterator[Chunk]:
    """Walk all chunks of a whole PNG file, IEND included.

    Raises :class:`~tilework.errors.DamagedImageError` where a chunk is cut short or fails its checksum. Pixel data
    is left to the decoder, which checks it anyway.
    """
    position = len(SIGNATURE)
    while True:
        if position + FRAME_BYTES > len(data):
            raise cut_short(len(data))
        length, name = struct.unpack_from(">I4s", data, position)
        chunk = Chunk(name, position + 8, position + 8 + length)
        if chunk.stop + 4 > len(data):
            raise cut_short(len(data))
        if name != b"IDAT":
            check_sum(data, chunk)
        yield chunk
        if name == b"IEND":
            return
        position = chunk.stop + 4


def check_sum(data: bytes, chunk: Chunk) -> None:
    """Raise :class:`~tilework.errors.DamagedImageError` for a chunk that fails its checksum."""
    expected = int.from_bytes(data[chunk.stop : chunk.stop + 4])
    if zlib.crc32(memoryview(data)[chunk.start - 4 : chunk.stop]) != expected:
        raise failed_sum(chunk.type, chunk.start - 8)


def cut_short(length: int) -> DamagedImageError:
    """A file that ends, after ``length`` bytes, before its last chunk does."""
    return DamagedImageError(f"The PNG is cut short: it ends at byte {length:,}.")


def failed_sum(name: bytes, place: int) -> DamagedImageError:
    """A chunk that begins at ``place`` and is not what was written."""
    text = name.decode("ascii", "replace")
    return DamagedImageError(f"The PNG's chunk {text} at byte {place:,} fails its checksum.")


def read_metadata(data: bytes, more: int = 0) -> Metadata:
    """Collect what stands around the pixels in a whole PNG file, and tell of bytes behind it and ``more`` of them.

    Raises DamagedImageError as :func:`chunks` does.
    """
    exif_data: bytes | None = None
    xmp: bytes | None = None
    density: Density | None = None
    colour: list[bytes] = []
    profile: bytes | None = None
    text: list[bytes] = []
    for chunk in chunks(data):
        payload = data[chunk.start : chunk.stop] if chunk.type != b"IDAT" else b""
        if chunk.type == b"eXIf" and exif_data is None:
            exif_data = payload
        elif chunk.type == b"iTXt" and payload.startswith(XMP_TAG):
            xmp = payload[len(XMP_TAG) :]
        elif chunk.type == b"iCCP":
            profile = payload
        elif chunk.type in COLOUR_CHUNKS:
            colour.append(whole_chunk(chunk.type, payload))
        elif chunk.type in TEXT_CHUNKS:
            text.append(whole_chunk(chunk.type, payload))
        elif chunk.type == b"pHYs" and len(payload) == 9:  # noqa: PLR2004
            across, down, metre = struct.unpack(">IIB", payload)
            density = Density(across, down, "metre" if metre else "aspect")
    icc, notes = _unpacked(profile)
    # the last chunk is the file's end
    if (left := len(data) - chunk.stop - 4 + more) > 0:
        notes = (*notes, f"{left:,} bytes follow the picture.")
    return Metadata(
        exif=exif_data, xmp=xmp, density=density, icc=icc, colour=tuple(colour), text=tuple(text), notes=notes
    )


def _unpacked(chunk: bytes | None) -> tuple[bytes | None, tuple[str, ...]]:
    """The profile in an iCCP chunk: a name, a zero, the method, and a deflated stream."""
    if chunk is None:
        return None, ()
    packed = chunk[chunk.find(b"\0") + 2 :]
    stream = zlib.decompressobj()
    try:
        icc = stream.decompress(packed, MOST_PROFILE_BYTES)
    except zlib.error:
        icc = b""
    if not stream.eof:
        return None, ("Its ICC profile cannot be unpacked, and was left out.",)
    return icc, ()


def whole_chunk(name: bytes, payload: bytes) -> bytes:
    """A chunk with its length and checksum."""
    return len(payload).to_bytes(4) + name + payload + zlib.crc32(name + payload).to_bytes(4)


def insert_metadata(encoded: memoryview, metadata: Metadata) -> bytes:
    """Return a PNG with ``metadata`` in it, after its header chunk."""
    parts = list(metadata.colour)
    if metadata.icc is not None:
        parts.append(whole_chunk(b"iCCP", b"ICC Profile\0\0" + zlib.compress(metadata.icc)))
    if metadata.cicp is not None:
        parts.append(whole_chunk(b"cICP", bytes((*metadata.cicp, *CICP_RGB))))
    if metadata.density is not None:
        density = metadata.density.per_metre
        parts.append(
            whole_chunk(b"pHYs", struct.pack(">IIB", density.across, density.down, density.unit == "metre"))
        )
    if metadata.exif is not None:
        parts.append(whole_chunk(b"eXIf", metadata.exif))
    if metadata.xmp is not None:
        parts.append(whole_chunk(b"iTXt", XMP_TAG + metadata.xmp))
    cut = len(SIGNATURE) + IHDR_BYTES + FRAME_BYTES
    return b"".join((encoded[:cut], *parts, *metadata.text, encoded[cut:]))


def assemble(
    size: Size, bits: int, colour_type: int, rows: bytes, *, before: bytes = b"", level: int = 3
) -> bytes:
    """Write a PNG from rows that are filtered already, each led by its filter's number.

    For what OpenCV does not write: grey with alpha. Whole chunks may stand ``before`` the pixels; at ``level`` 0
    these are not compressed.
    """
    header = struct.pack(">IIBBBBB", size.width, size.height, bits, colour_type, 0, 0, 0)
    pixels = whole_chunk(b"IDAT", zlib.compress(rows, level))
    return b"".join((SIGNATURE, whole_chunk(b"IHDR", header), before, pixels, whole_chunk(b"IEND", b"")))
