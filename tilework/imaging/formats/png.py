"""PNG: its header, and its pixels by OpenCV."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError, UnsupportedFormatError
from tilework.imaging.formats import exif, png_chunks
from tilework.imaging.formats.header import Format, Header
from tilework.imaging.formats.opencv import BGRA, decoded, parted
from tilework.imaging.formats.picture import Decoded, Picture
from tilework.imaging.formats.png_chunks import FRAME_BYTES, IHDR_BYTES, MOST_CHUNK_BYTES, SIGNATURE
from tilework.imaging.operations import Pixels
from tilework.imaging.windows import Size

if TYPE_CHECKING:
    from tilework.imaging.formats.header_reader import HeaderReader
    from tilework.imaging.formats.metadata import Metadata
    from tilework.imaging.operations.contract import Image

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
UNDECODABLE = "The PNG's pixel data cannot be decoded: its compressed stream is corrupt or too short."
SUB = 1
"""PNG's filter that takes the difference to the pixel on the left."""


def read_header(reader: HeaderReader, page: int | None) -> Header:  # noqa: ARG001 - one signature for all
    """Read what the header tells; raises DamagedImageError and the errors for what is not read."""
    fields = _first_chunk(reader)
    exif_data = transparency = None
    has_icc = has_palette = False
    for chunk in png_chunks.chunks_to_pixels(reader):
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
class PngDetail:
    """``transparent_grey`` is the grey, as decoded, that the file declares transparent."""

    transparent_grey: int | None


@dataclass(frozen=True, slots=True)
class _Fields:
    """The first chunk, IHDR, checked."""

    size: Size
    bits: int
    colour_type: int

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
            detail=PngDetail(self._transparent_grey(transparency)),
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
    return _Fields(Size(width, height), bits, colour_type)


def read_metadata(data: bytes, header: Header) -> Metadata:  # noqa: ARG001 - one signature for all formats
    """Collect what stands around the pixels of a whole file."""
    return png_chunks.read_metadata(data)


def decode(data: bytes, header: Header) -> Decoded:
    """Decode a whole file; fewer than 8 bits become 8, a palette its colours."""
    array = decoded(data)
    if array is None:
        raise DamagedImageError(_why_undecodable(data))
    detail = header.detail
    if isinstance(detail, PngDetail) and detail.transparent_grey is not None:
        return Decoded(_masked(array, detail.transparent_grey))
    return Decoded(parted(array, header.pixels.channels))


def _masked(grey: Image, transparent: int) -> Picture:
    import numpy as np

    alpha = np.full_like(grey, (1 << 8 * grey.itemsize) - 1)
    alpha[grey == transparent] = 0
    return Picture(grey, alpha)


def _why_undecodable(data: bytes) -> str:
    """Say what is wrong with a PNG whose header was good and whose picture OpenCV could not decode."""
    try:
        for chunk in png_chunks.chunks(data):
            png_chunks.check_sum(data, chunk)
    except DamagedImageError as error:
        return error.reason
    return UNDECODABLE


def encode(picture: Picture, metadata: Metadata, source: Header) -> bytes:  # noqa: ARG001 - one signature for all
    """Encode with all depths and alpha that there are."""
    return png_chunks.insert_metadata(encoded(picture), metadata)


def encoded(picture: Picture) -> memoryview:
    """Encode without metadata."""
    import cv2
    import numpy as np

    colour, alpha = picture.colour, picture.alpha
    if alpha is None:
        return cv2.imencode(".png", colour)[1].data
    if colour.ndim == 2:  # noqa: PLR2004
        return memoryview(_encode_grey_alpha(picture.size, np.dstack((colour, alpha))))
    whole = np.empty((*colour.shape[:2], BGRA), colour.dtype)
    cv2.mixChannels([colour, alpha], [whole], [0, 0, 1, 1, 2, 2, 3, 3])
    return cv2.imencode(".png", whole)[1].data


def _encode_grey_alpha(size: Size, pixels: Image) -> bytes:
    """Write (height, width, 2) as a PNG of its own kind; OpenCV would make it colour, twice as large."""
    import numpy as np

    big_endian = pixels.astype(pixels.dtype.newbyteorder(">"))
    samples = big_endian.view(np.uint8).reshape(size.height, -1)
    pixel = samples.shape[1] // size.width
    rows = np.empty((size.height, 1 + samples.shape[1]), np.uint8)
    rows[:, 0] = SUB
    rows[:, 1:] = samples
    rows[:, 1 + pixel :] -= samples[:, :-pixel]
    return png_chunks.assemble(size, pixels.dtype.itemsize * 8, GREY_ALPHA, rows.tobytes())
