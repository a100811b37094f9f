"""PNG: its header walked chunk by chunk, and the metadata around its pixels. W3C PNG, third edition."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError, UnsupportedFormatError
from tilework.imaging.formats import exif
from tilework.imaging.formats.header import Format, Header
from tilework.imaging.formats.metadata import Density, Metadata
from tilework.imaging.operations import Pixels
from tilework.imaging.windows import Size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.imaging.formats.header_reader import HeaderReader

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
DEPTHS = {
    GREY: (1, 2, 4, 8, 16),
    RGB: (8, 16),
    PALETTE: (1, 2, 4, 8),
    GREY_ALPHA: (8, 16),
    RGB_ALPHA: (8, 16),
}
"""The allowed combinations of colour type and bits (table 11.1)."""

COLOURS = {GREY: "grey", RGB: "colour", PALETTE: "palette", GREY_ALPHA: "grey", RGB_ALPHA: "colour"}
COLOUR_CHUNKS = frozenset({b"iCCP", b"gAMA", b"cHRM", b"sRGB", b"cICP"})
TEXT_CHUNKS = frozenset({b"tEXt", b"zTXt", b"iTXt"})
XMP_TAG = b"XML:com.adobe.xmp\0" + b"\0\0" + b"\0" + b"\0"
"""Keyword of an iTXt chunk that holds an uncompressed XMP packet, its two flags, and two empty strings."""

FRAME_BYTES = 12
"""Length, type and checksum around a chunk's payload."""

IHDR_BYTES = 13
MOST_CHUNK_BYTES = (1 << 31) - 1


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk's type and where its payload lies."""

    type: bytes
    start: int
    stop: int


def read_header(reader: HeaderReader) -> Header:
    """Read what the header tells; raises DamagedImageError and the errors for what is not read."""
    fields = _first_chunk(reader)
    exif_data = transparency = None
    has_icc = has_palette = False
    for chunk in _chunks_to_pixels(reader):
        if chunk.type == b"acTL":
            raise UnsupportedFormatError("The file is an animated PNG; single pictures are read.")
        if chunk.type == b"eXIf" and exif_data is None:
            exif_data = reader.read(chunk.start, chunk.stop - chunk.start)
        elif chunk.type == b"tRNS":
            transparency = reader.read(chunk.start, min(chunk.stop - chunk.start, 256))
        has_icc = has_icc or chunk.type == b"iCCP"
        has_palette = has_palette or chunk.type == b"PLTE"
    if fields.colour_type == PALETTE and not has_palette:
        raise DamagedImageError("The PNG has palette pixels and no palette.")
    return fields.header(exif_data, transparency, has_icc=has_icc)


@dataclass(frozen=True, slots=True)
class _Fields:
    """The first chunk, IHDR, checked."""

    size: Size
    bits: int
    colour_type: int
    interlaced: bool

    def header(self, exif_data: bytes | None, transparency: bytes | None, *, has_icc: bool) -> Header:
        grey = self.colour_type in {GREY, GREY_ALPHA}
        alpha = self.colour_type in {GREY_ALPHA, RGB_ALPHA} or transparency is not None
        return Header(
            format=Format.PNG,
            stored=self.size,
            pixels=Pixels("uint16" if self.bits == 16 else "uint8", 1 if grey else 3, alpha),  # noqa: PLR2004
            bits=self.bits,
            colour=COLOURS[self.colour_type],
            orientation=exif.orientation(exif_data) if exif_data else exif.UPRIGHT,
            interlaced=self.interlaced,
            transparent_grey=self._transparent_grey(transparency),
            has_icc=has_icc,
            has_exif=exif_data is not None,
        )

    def _transparent_grey(self, transparency: bytes | None) -> int | None:
        """Return the transparent grey at the depth it is decoded to: fewer than 8 bits are scaled to 8."""
        if self.colour_type != GREY or transparency is None:
            return None
        if len(transparency) != 2:  # noqa: PLR2004
            raise DamagedImageError("The PNG's transparent grey (tRNS) has a wrong length.")
        most = (1 << self.bits) - 1
        value = int.from_bytes(transparency) & most
        return value if self.bits >= 8 else value * 255 // most  # noqa: PLR2004


def _first_chunk(reader: HeaderReader) -> _Fields:
    frame = reader.read(len(SIGNATURE), IHDR_BYTES + FRAME_BYTES)
    length, name = struct.unpack_from(">I4s", frame)
    if name != b"IHDR" or length != IHDR_BYTES:
        raise DamagedImageError("The PNG does not begin with its header chunk (IHDR).")
    if zlib.crc32(frame[4:-4]) != int.from_bytes(frame[-4:]):
        raise DamagedImageError("The PNG's header chunk (IHDR) fails its checksum.")
    width, height, bits, colour_type, compression, filtering, interlace = struct.unpack_from(
        ">IIBBBBB", frame, 8
    )
    if not 0 < width <= MOST_CHUNK_BYTES or not 0 < height <= MOST_CHUNK_BYTES:
        raise DamagedImageError(f"The PNG's header says {width} x {height} pixels.")
    if bits not in DEPTHS.get(colour_type, ()) or compression or filtering or interlace > 1:
        raise DamagedImageError("The PNG's header chunk (IHDR) holds values that no PNG has.")
    return _Fields(Size(width, height), bits, colour_type, bool(interlace))


def _chunks_to_pixels(reader: HeaderReader) -> Iterator[Chunk]:
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
            raise DamagedImageError(f"The PNG is cut short: it ends at byte {len(data):,}.")
        length, name = struct.unpack_from(">I4s", data, position)
        chunk = Chunk(name, position + 8, position + 8 + length)
        if chunk.stop + 4 > len(data):
            raise DamagedImageError(f"The PNG is cut short: it ends at byte {len(data):,}.")
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
        name = chunk.type.decode("ascii", "replace")
        raise DamagedImageError(f"The PNG's chunk {name} at byte {chunk.start - 8:,} fails its checksum.")


def read_metadata(data: bytes) -> Metadata:
    """Collect what stands around the pixels in a whole PNG file; raises DamagedImageError as :func:`chunks` does."""
    exif_data: bytes | None = None
    xmp: bytes | None = None
    density: Density | None = None
    colour: list[bytes] = []
    text: list[bytes] = []
    for chunk in chunks(data):
        payload = data[chunk.start : chunk.stop] if chunk.type != b"IDAT" else b""
        if chunk.type == b"eXIf" and exif_data is None:
            exif_data = payload
        elif chunk.type == b"iTXt" and payload.startswith(XMP_TAG):
            xmp = payload[len(XMP_TAG) :]
        elif chunk.type in COLOUR_CHUNKS:
            colour.append(_chunk(chunk.type, payload))
        elif chunk.type in TEXT_CHUNKS:
            text.append(_chunk(chunk.type, payload))
        elif chunk.type == b"pHYs" and len(payload) == 9:  # noqa: PLR2004
            across, down, metre = struct.unpack(">IIB", payload)
            density = Density(across, down, "metre" if metre else "aspect")
    return Metadata(exif=exif_data, xmp=xmp, density=density, colour=tuple(colour), text=tuple(text))


def _chunk(name: bytes, payload: bytes) -> bytes:
    return len(payload).to_bytes(4) + name + payload + zlib.crc32(name + payload).to_bytes(4)


def insert_metadata(encoded: memoryview, metadata: Metadata) -> bytes:
    """Return a PNG with ``metadata`` in it, after its header chunk."""
    parts = list(metadata.colour)
    if metadata.density is not None:
        density = metadata.density.per_metre
        parts.append(
            _chunk(b"pHYs", struct.pack(">IIB", density.across, density.down, density.unit == "metre"))
        )
    if metadata.exif is not None:
        parts.append(_chunk(b"eXIf", metadata.exif))
    if metadata.xmp is not None:
        parts.append(_chunk(b"iTXt", XMP_TAG + metadata.xmp))
    cut = len(SIGNATURE) + IHDR_BYTES + FRAME_BYTES
    return b"".join((encoded[:cut], *parts, *metadata.text, encoded[cut:]))


def assemble(size: Size, bits: int, colour_type: int, rows: bytes) -> bytes:
    """Write a PNG from rows that are filtered already, each led by its filter's number.

    For what OpenCV does not write: grey with alpha.
    """
    header = struct.pack(">IIBBBBB", size.width, size.height, bits, colour_type, 0, 0, 0)
    pixels = zlib.compress(rows, 3)
    return SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def why_undecodable(data: bytes) -> str:
    """Say what is wrong with a PNG whose header was good and whose picture OpenCV could not decode."""
    try:
        for chunk in chunks(data):
            check_sum(data, chunk)
    except DamagedImageError as error:
        return error.reason
    return "The PNG's pixel data cannot be decoded: its compressed stream is corrupt or too short."
