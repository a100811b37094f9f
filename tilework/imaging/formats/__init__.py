"""The formats: headers read by ranges, pixels decoded and encoded by libraries, metadata carried over.

:mod:`~tilework.imaging.formats.table` says what is read and how. What it does not list is refused by name.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError, NoSuchPageError
from tilework.imaging.formats import exif, tiff_metadata
from tilework.imaging.formats.header import SUFFIXES, Format, Header
from tilework.imaging.formats.header_reader import HeaderReader
from tilework.imaging.formats.metadata import Metadata
from tilework.imaging.formats.picture import Decoded, Picture
from tilework.imaging.formats.signatures import SIGNATURE_BYTES, recognise
from tilework.imaging.formats.table import row
from tilework.imaging.formats.upright import UprightReader
from tilework.imaging.sources import BytesSource
from tilework.imaging.windows import Size

if TYPE_CHECKING:
    from tilework.imaging.formats.contract import WindowReader
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
    "completed",
    "decode",
    "encode",
    "is_windowed",
    "open_reader",
    "overlap_bytes",
    "probe",
    "read_around",
    "read_header",
    "read_metadata",
    "row",
    "segment_bytes",
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
    return completed(header, metadata), metadata


def completed(header: Header, metadata: Metadata) -> Header:
    """Complete a header by what stood behind the pixels."""
    if metadata.exif is None or header.has_exif:
        return header
    return replace(header, has_exif=True, orientation=exif.orientation(metadata.exif))


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


def open_reader(source: Source, header: Header, cache_bytes: int = 0) -> WindowReader | None:
    """Return a reader by windows of the upright image that ``header`` is of; None where the file is read in sequence.

    At most ``cache_bytes`` of decoded pixels are kept from one window to the next, see :func:`overlap_bytes`. Whoever
    reads opens it once: it is no thing to send to another process, but ``source`` and ``header`` are.
    """
    format_module = row(header.format).windowed
    reader = None if format_module is None else format_module.open_reader(source, header, cache_bytes)
    if reader is None or header.orientation == exif.UPRIGHT:
        return reader
    return UprightReader(reader, header.orientation)


def overlap_bytes(header: Header, window: Size, overlap: int) -> int:
    """How many decoded bytes to keep so that windows one below the other decode nothing twice.

    ``window`` is the size of each in the upright image, ``overlap`` how many rows each shares with the next.
    """
    format_module = row(header.format).windowed
    return 0 if format_module is None else format_module.overlap_bytes(header, window, overlap)


def read_around(source: Source, header: Header) -> Metadata:
    """Collect by ranges what stands around the pixels of an image that is read by windows. Raises DamagedImageError."""
    return tiff_metadata.read_metadata(source, header) if header.format is Format.TIFF else Metadata()


def segment_bytes(header: Header) -> int:
    """Decoded bytes of the least that can be read: a tile, a strip; nothing where rows are read."""
    return overlap_bytes(header, Size(1, 1), 1)


def is_windowed(header: Header) -> bool:
    """Whether a part of this very image costs only that part."""
    return open_reader(BytesSource(b""), header) is not None


def encode(picture: Picture, image_format: Format, metadata: Metadata, source: Header) -> bytes:
    """Encode a picture with its metadata, as ``source`` was where it is of the same format.

    The same input gives the same bytes. The format can hold the picture (:class:`~.table.Holds`).
    """
    return row(image_format).encoder.encode(picture, metadata, source)
