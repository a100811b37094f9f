"""The boxes around a JPEG XL codestream (ISO/IEC 18181-2): where it lies, and EXIF and XMP beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError
from tilework.imaging.formats import jpeg_segments
from tilework.imaging.formats.heif_metadata import exif_block
from tilework.imaging.formats.isobmff import Box, CountedFile, boxes, shown
from tilework.imaging.formats.jxl_codestream import MOST_HEADER_BYTES, SIGNATURE
from tilework.imaging.formats.metadata import Metadata
from tilework.imaging.limits import MIB

if TYPE_CHECKING:
    from tilework.imaging.formats.header_reader import HeaderReader

PART_BYTES = 4
"""The number with which each part of a codestream (jxlp) begins."""

MOST_UNPACKED_BYTES = 16 * MIB
"""Unpacked size from which metadata is none: EXIF that a JPEG can hold has 64 KiB."""

KINDS = (b"Exif", b"xml ")


def is_bare(reader: HeaderReader) -> bool:
    """Whether the file is a codestream without boxes."""
    return reader.head.startswith(SIGNATURE)


def codestream_head(reader: HeaderReader) -> bytes:
    """The first bytes of the codestream, as many as its header can have, from as many parts as they are in."""
    if is_bare(reader):
        return reader.head[:MOST_HEADER_BYTES]
    found = b""
    for box in boxes(reader, 0, reader.size):
        skipped = {b"jxlc": 0, b"jxlp": PART_BYTES}.get(box.type)
        if skipped is None:
            continue
        start = min(box.start + skipped, box.stop)
        found += reader.read(start, min(box.stop - start, MOST_HEADER_BYTES))
        if box.type == b"jxlc" or len(found) >= MOST_HEADER_BYTES:
            break
    if not found:
        raise DamagedImageError("The JPEG XL has no codestream.")
    return found


def read_metadata(data: bytes) -> Metadata:
    """EXIF, XMP, and what a JPEG had that the file was made of without loss, from the boxes of a whole file.

    Boxes that are broken behind the picture are told in a note; whether the codestream is whole, its decoder knows.
    """
    file, notes = CountedFile(data), []
    found: dict[bytes, bytes] = {}
    from_jpeg = False
    try:
        for box in boxes(file, 0, file.size):
            from_jpeg = from_jpeg or box.type == b"jbrd"
            kind = data[box.start : box.start + 4] if box.type == b"brob" else box.type
            if kind in KINDS and kind not in found:
                content = _content(data, box)
                found[kind] = content or b""
                notes += (
                    [] if content else [f"Its {shown(kind).strip('?')} cannot be unpacked, and was left out."]
                )
    except DamagedImageError as error:
        notes.append(f"It is broken behind its picture: {error.reason}")
    exif, exif_notes = exif_block(found.get(b"Exif", b""))
    before = _jpeg_metadata(data) if from_jpeg else Metadata()
    return Metadata(
        exif=exif,
        xmp=found.get(b"xml ") or None,
        icc=before.icc,
        density=before.density,
        notes=(*notes, *exif_notes),
    )


def _content(data: bytes, box: Box) -> bytes | None:
    """What a box holds, unpacked where it is packed; None where it cannot be, or is far too large."""
    import imagecodecs

    if box.size > MOST_UNPACKED_BYTES:
        return None
    if box.type != b"brob":
        return data[box.start : box.stop]
    try:
        return bytes(imagecodecs.brotli_decode(data[box.start + 4 : box.stop], out=MOST_UNPACKED_BYTES))
    except (imagecodecs.BrotliError, RuntimeError, ValueError):
        return None


def _jpeg_metadata(data: bytes) -> Metadata:
    """What stood in the JPEG that the file was made of: libjxl gives it back byte for byte."""
    import imagecodecs

    try:
        return jpeg_segments.read_metadata(bytes(imagecodecs.jpegxl_decode_jpeg(data, numthreads=1)))
    except (imagecodecs.JpegxlError, RuntimeError, ValueError, DamagedImageError):
        return Metadata()
