"""WebP: its header, its pixels by libwebp. RFC 9649 for the container and VP8L, RFC 6386 for VP8."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from tilework.errors import DamagedImageError, UnsupportedFormatError
from tilework.imaging.formats import exif, webp_chunks
from tilework.imaging.formats.header import Format, Header
from tilework.imaging.formats.picture import Decoded, Picture
from tilework.imaging.formats.rgb import parted_rgb
from tilework.imaging.formats.webp_chunks import (
    ALPHA,
    ANIMATION,
    EXIF,
    EXTENDED,
    ICC,
    LOSSY,
    PICTURES,
    RIFF_BYTES,
    Chunk,
)
from tilework.imaging.operations import Pixels
from tilework.imaging.windows import Size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.Image import Image as PillowImage

    from tilework.imaging.formats.header_reader import HeaderReader
    from tilework.imaging.formats.metadata import Metadata
    from tilework.imaging.operations.contract import Image

EXTENDED_BYTES = 10
ANIMATED_FLAG, EXIF_FLAG, ALPHA_FLAG = 0x02, 0x08, 0x10

LOSSY_BYTES = 10
KEY_FRAME_START = b"\x9d\x01\x2a"
LAST_PROFILE = 3

LOSSLESS_BYTES = 5
LOSSLESS_SIGNATURE = 0x2F

SCRATCH_BYTES = 4
"""Of a pixel, beside the decoded ones: a lossless picture's ARGB, or the pixels before blue and red change places."""

LOSSY_QUALITY = 95
"""As high as JPEG's; alpha is always written losslessly."""

EFFORT = {"quality": 20, "method": 1}
"""Of lossless writing. Measured: 0.3 seconds a megapixel and files a quarter smaller than PNGs; libwebp's own choice
takes twice the time for half a percent."""


@dataclass(frozen=True, slots=True)
class _Coded:
    """A picture chunk's own header."""

    size: Size
    lossless: bool
    alpha: bool


def read_header(reader: HeaderReader, page: int | None) -> Header:  # noqa: ARG001 - one signature for all
    """Read what the header tells; raises DamagedImageError and the errors for what is not read."""
    walk = _walk(reader)
    first = _next(walk)
    if first.name != EXTENDED:
        return _header(_coded(reader, first))
    flags, canvas = _extended(reader, first)
    names = {EXTENDED}
    while (chunk := _next(walk)).name not in PICTURES:
        names.add(chunk.name)
    coded = _coded(reader, chunk)
    if coded.size != canvas:
        raise DamagedImageError(f"The WebP's canvas is {canvas} pixels, and the picture in it {coded.size}.")
    header = replace(_header(coded, alpha_chunk=ALPHA in names, flags=flags), has_icc=ICC in names)
    return _with_exif(header, reader, walk) if flags & EXIF_FLAG else header


def _walk(reader: HeaderReader) -> Iterator[Chunk]:
    end = webp_chunks.end_of_riff(reader.read(0, RIFF_BYTES), reader.size)
    for chunk in webp_chunks.chunks(reader.read, end):
        reader.count_part()
        if chunk.name in ANIMATION:
            raise UnsupportedFormatError("The file is an animated WebP; single pictures are read.")
        yield chunk


def _next(walk: Iterator[Chunk]) -> Chunk:
    chunk = next(walk, None)
    if chunk is None:
        raise DamagedImageError("The WebP has no picture data.")
    return chunk


def _extended(reader: HeaderReader, chunk: Chunk) -> tuple[int, Size]:
    """The flags and the canvas of a VP8X chunk."""
    if chunk.stop - chunk.start < EXTENDED_BYTES:
        raise DamagedImageError("The WebP's first chunk (VP8X) is too short.")
    fields = reader.read(chunk.start, EXTENDED_BYTES)
    if fields[0] & ANIMATED_FLAG:
        raise UnsupportedFormatError("The file is an animated WebP; single pictures are read.")
    across, down = (int.from_bytes(fields[start : start + 3], "little") for start in (4, 7))
    return fields[0], Size(across + 1, down + 1)


def _coded(reader: HeaderReader, chunk: Chunk) -> _Coded:
    if chunk.name not in PICTURES:
        raise DamagedImageError(f"The WebP begins with no picture: byte {RIFF_BYTES} starts another chunk.")
    length = LOSSY_BYTES if chunk.name == LOSSY else LOSSLESS_BYTES
    if chunk.stop - chunk.start < length:
        raise DamagedImageError(f"The WebP's picture data at byte {chunk.start:,} is too short.")
    fields = reader.read(chunk.start, length)
    return _lossy(fields) if chunk.name == LOSSY else _lossless(fields)


def _lossy(fields: bytes) -> _Coded:
    """A VP8 key frame's header (RFC 6386, section 9.1): a tag of 24 bits, a start code, width and height of 14 bits."""
    between_frames, profile, shown = fields[0] & 1, fields[0] >> 1 & 7, fields[0] >> 4 & 1
    width, height = (int.from_bytes(fields[start : start + 2], "little") & 0x3FFF for start in (6, 8))
    if between_frames or not shown or profile > LAST_PROFILE or fields[3:6] != KEY_FRAME_START:
        raise DamagedImageError("The WebP's picture (VP8) does not begin as one does.")
    if not width or not height:
        raise DamagedImageError(f"The WebP's header says {width} x {height} pixels.")
    return _Coded(Size(width, height), lossless=False, alpha=False)


def _lossless(fields: bytes) -> _Coded:
    """A VP8L header (RFC 9649, section 3.4): a signature, width and height less 1 of 14 bits, alpha, version."""
    bits = int.from_bytes(fields[1:], "little")
    if fields[0] != LOSSLESS_SIGNATURE or bits >> 29:
        raise DamagedImageError("The WebP's picture (VP8L) does not begin as one does.")
    size = Size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    return _Coded(size, lossless=True, alpha=bool(bits >> 28 & 1))


def _header(coded: _Coded, *, alpha_chunk: bool = False, flags: int = 0) -> Header:
    # libwebp, and so every viewer, takes the flag's word for the chunk
    denied = alpha_chunk and not flags & ALPHA_FLAG
    return Header(
        format=Format.WEBP,
        stored=coded.size,
        pixels=Pixels("uint8", 3, coded.alpha or (alpha_chunk and not denied)),
        bits=8,
        colour="colour",
        scratch=SCRATCH_BYTES * coded.size.pixels,
        lossless=coded.lossless,
        notes=("Its header denies the alpha channel that follows: it was left out, as viewers do.",)
        if denied
        else (),
    )


def _with_exif(header: Header, reader: HeaderReader, walk: Iterator[Chunk]) -> Header:
    """Complete a header by the EXIF block, which stands behind the picture."""
    if webp_chunks.end_of_riff(reader.read(0, RIFF_BYTES), reader.size) > reader.limits.header_bytes:
        # only the whole file tells it; it may be turned, then
        return replace(header, scratch=header.scratch + header.decoded_bytes)
    chunk = next((chunk for chunk in walk if chunk.name == EXIF), None)
    if chunk is None:
        return header
    block = webp_chunks.exif_block(reader.read(chunk.start, chunk.stop - chunk.start))
    return replace(header, has_exif=True, orientation=exif.orientation(block))


def read_metadata(data: bytes | memoryview, header: Header) -> Metadata:  # noqa: ARG001 - one signature for all formats
    """Collect what stands around the pixels of a whole file."""
    return webp_chunks.read_metadata(data)


def decode(data: bytes, header: Header) -> Decoded:
    """Decode a whole file. libwebp decodes a picture to its last pixel or not at all."""
    return Decoded(parted_rgb(read_pixels(data, header)), webp_chunks.trailing(data))


def read_pixels(data: bytes | memoryview, header: Header, into: Image | None = None) -> Image:
    """Decode a whole file to (height, width, 3 or 4), red first, ``into`` such an array if there is one."""
    import imagecodecs

    found = [chunk for chunk in webp_chunks.chunks_of(data) if chunk.name in PICTURES]
    try:
        pixels: Image = imagecodecs.webp_decode(cast("bytes", data), hasalpha=header.pixels.alpha, out=into)
    except (imagecodecs.WebpError, ValueError) as error:
        where = f", bytes {found[0].start:,} to {found[0].stop:,}," if found else ""
        raise DamagedImageError(
            f"The WebP's picture data{where} is corrupt or too short: libwebp says {error}."
        ) from error
    return pixels


def encode(picture: Picture, metadata: Metadata, source: Header) -> bytes:
    """Encode losslessly, unless the source is a lossy WebP; alpha, and the colours under it, are kept in both.

    libwebp writes grey as colour, and leaves out an alpha channel that is opaque everywhere.
    """
    lossy = source.format is Format.WEBP and not source.lossless
    options = {"quality": LOSSY_QUALITY} if lossy else {"lossless": True} | EFFORT
    buffer = io.BytesIO()
    _interleaved(picture).save(
        buffer, "WEBP", exact=True, alpha_quality=100,
        exif=metadata.exif or b"", xmp=metadata.xmp or b"", icc_profile=metadata.icc or b"", **options,
    )  # fmt: skip
    return buffer.getvalue()


def _interleaved(picture: Picture) -> PillowImage:
    """Copy a picture into one of Pillow's; here, so that nothing but that copy is there while it is encoded."""
    import cv2
    import numpy as np
    import PIL.Image

    colour, alpha, size = picture.colour, picture.alpha, (picture.size.width, picture.size.height)
    if alpha is None:
        mode, order = ("L", "L") if colour.ndim == 2 else ("RGB", "BGR")  # noqa: PLR2004
        return PIL.Image.frombytes(mode, size, np.ascontiguousarray(colour).data, "raw", order)
    if colour.ndim == 2:  # noqa: PLR2004
        colour = cv2.cvtColor(colour, cv2.COLOR_GRAY2BGR)
    whole = np.empty((*alpha.shape, 4), np.uint8)
    cv2.mixChannels([colour, alpha], [whole], [0, 0, 1, 1, 2, 2, 3, 3])
    return PIL.Image.frombytes("RGBA", size, whole.data, "raw", "BGRA")
