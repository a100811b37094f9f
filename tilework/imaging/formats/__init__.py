"""The formats: headers read by ranges, pixels decoded and encoded by OpenCV, metadata carried over.

JPEG and PNG. What the header shows to be anything else is refused by name.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tilework.imaging.formats import exif, jpeg, png
from tilework.imaging.formats.codec import Picture, decode, encode
from tilework.imaging.formats.header import SUFFIXES, Format, Header
from tilework.imaging.formats.header_reader import HeaderReader
from tilework.imaging.formats.signatures import SIGNATURE_BYTES, recognise

if TYPE_CHECKING:
    from tilework.imaging.formats.metadata import Metadata
    from tilework.imaging.limits import Limits
    from tilework.imaging.sources import Source

__all__ = [
    "SUFFIXES",
    "Format",
    "Header",
    "HeaderReader",
    "Picture",
    "decode",
    "encode",
    "probe",
    "read_header",
    "read_metadata",
]


def probe(source: Source, limits: Limits) -> Header:
    """Read an image's header in few ranges, and nothing else of it.

    Raises an :class:`~tilework.errors.ImageError`: empty, no image, a format or pixels that are not read, damaged, or
    beyond ``limits``.
    """
    return read_header(HeaderReader(source, limits))


def read_header(reader: HeaderReader) -> Header:
    """Read the header that ``reader`` holds, and check it against the reader's limits; raises as :func:`probe`."""
    image_format = recognise(reader.head[:SIGNATURE_BYTES])
    header = jpeg.read_header(reader) if image_format is Format.JPEG else png.read_header(reader)
    reader.limits.check_size(header.stored)
    reader.limits.check_ratio(header.decoded_bytes, reader.size)
    return header


def read_metadata(data: bytes, header: Header) -> tuple[Header, Metadata]:
    """Collect the metadata of a whole file, and complete the header from it: a PNG's EXIF may follow its pixels.

    Raises :class:`~tilework.errors.DamagedImageError`.
    """
    metadata = jpeg.read_metadata(data) if header.format is Format.JPEG else png.read_metadata(data)
    if metadata.exif is not None and not header.has_exif:
        header = replace(header, has_exif=True, orientation=exif.orientation(metadata.exif))
    return header, metadata
