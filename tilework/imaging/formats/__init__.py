"""The formats: headers read by ranges, pixels decoded and encoded by libraries, metadata carried over.

:mod:`~tilework.imaging.formats.table` says what is read and how. What it does not list is refused by name.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError, NoSuchPageError
from tilework.imaging.formats import exif, pnm, tiff
from tilework.imaging.formats.header import SUFFIXES, Format, Header
from tilework.imaging.formats.header_reader import HeaderReader
from tilework.imaging.formats.metadata import Metadata
from tilework.imaging.formats.picture import Decoded, Picture
from tilework.imaging.formats.signatures import SIGNATURE_BYTES, recognise
from tilework.imaging.formats.table import row
from tilework.imaging.sources import BytesSource

if TYPE_CHECKING:
    from tilework.imaging.engine import Reader
    from tilework.imaging.limits import Limits
    from tilework.imaging.sources import Source

__all__ = [
    "SUFFIXES",
    "Decoded",
    "Format",
    "Header",
    "HeaderReader",
    "Metadata",
    "Picture",
    "decode",
    "encode",
    "is_windowed",
    "open_reader",
    "probe",
    "read_header",
    "read_metadata",
    "row",
]


def probe(source: Source, limits: Limits, page: int | None = None) -> Header:
    """Read an image's header in few ranges, and nothing else of it.

    Raises an :class:`~tilework.errors.ImageError`: empty, no image, a format or pixels that are not read, damaged, or
    beyond ``limits``.
    """
    return read_header(HeaderReader(source, limits), page)


def read_header(reader: HeaderReader, page: int | None = None) -> Header:
    """Read the header that ``reader`` holds, and check it against the reader's limits; raises as :func:`probe`."""
    image_format = recognise(reader.head[:SIGNATURE_BYTES])
    entry = row(image_format)
    header = entry.codec.read_header(reader, page if entry.paged else None)
    if page and not entry.paged:
        raise NoSuchPageError(f"The file holds one picture, page 0; page {page} was asked for.")
    reader.limits.check_size(header.stored, by_windows=entry.window)
    if not header.any_ratio:
        reader.limits.check_ratio(header.decoded_bytes, reader.size)
    return header


def read_metadata(data: bytes, header: Header) -> tuple[Header, Metadata]:
    """Collect the metadata of a whole file, and complete the header from it: a PNG's EXIF may follow its pixels.

    Raises :class:`~tilework.errors.DamagedImageError`.
    """
    metadata = row(header.format).codec.read_metadata(data, header)
    if metadata.exif is not None and not header.has_exif:
        header = replace(header, has_exif=True, orientation=exif.orientation(metadata.exif))
    return header, metadata


def decode(data: bytes, header: Header) -> Decoded:
    """Decode a whole file and turn it upright.

    Raises :class:`~tilework.errors.DamagedImageError` if the pixels are cut short, corrupt, or not what the header
    says, and MemoryError.
    """
    found = row(header.format).codec.decode(data, header)
    picture = found.picture
    if picture.size != header.stored or picture.pixels != header.pixels:
        raise DamagedImageError("The pixels are not those that the header announces.")
    return Decoded(picture.upright(header.orientation), found.notes)


def open_reader(source: Source, header: Header, cached_bytes: int = 0) -> Reader | None:
    """Return a reader of the upright image by windows, each at the cost of its bytes; None where the file has none.

    It keeps at most ``cached_bytes`` of what it decoded from one window to the next.
    """
    if header.orientation != exif.UPRIGHT:
        return None
    if header.format is Format.TIFF:
        return tiff.open_reader(source, header)
    return pnm.open_reader(source, header) if header.format is Format.PNM else None


def is_windowed(header: Header) -> bool:
    """Whether a part of this very image costs only that part."""
    return open_reader(BytesSource(b""), header) is not None


def encode(picture: Picture, image_format: Format, metadata: Metadata, source: Header) -> bytes:
    """Encode a picture with its metadata, as ``source`` was where it is of the same format.

    The same input gives the same bytes. The format can hold the picture (:class:`~.table.Holds`).
    """
    return row(image_format).encoder.encode(picture, metadata, source)
