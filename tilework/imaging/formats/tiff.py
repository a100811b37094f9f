"""TIFF and BigTIFF: the header, and the pixels by windows."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from tilework.imaging.formats import exif, tiff_metadata, tiff_writer
from tilework.imaging.formats.header import Format, Header, turned_by
from tilework.imaging.formats.picture import Decoded
from tilework.imaging.formats.tiff_coding import CCITT, LOSSY
from tilework.imaging.formats.tiff_detail import TiffDetail, read_detail
from tilework.imaging.formats.tiff_directory import TiffFile
from tilework.imaging.formats.tiff_metadata import ICC_PROFILE
from tilework.imaging.formats.tiff_pages import choose
from tilework.imaging.formats.tiff_reader import TiffReader
from tilework.imaging.formats.tiff_segments import image_size
from tilework.imaging.formats.tiff_subsampling import subsampling
from tilework.imaging.formats.tiff_tags import EXIF_DIRECTORY
from tilework.imaging.sources import BytesSource
from tilework.imaging.windows import Size, Window

if TYPE_CHECKING:
    from tilework.imaging.formats.header_reader import HeaderReader
    from tilework.imaging.formats.metadata import Metadata
    from tilework.imaging.formats.picture import Picture
    from tilework.imaging.sources import Source

ORIENTATION = 274


def read_header(reader: HeaderReader, page: int | None) -> Header:
    """Read what the header tells of a page, the table of its strips or tiles included."""
    choice = choose(TiffFile(reader), page)
    directory = choice.directory
    size = image_size(directory)
    # before the table of its tiles is read, which could be as large
    reader.limits.check_size(size, by_windows=True)
    detail, notes = read_detail(directory)
    tiff_metadata.check_claims(directory)
    in_runs = detail.coding.compression in CCITT
    if not in_runs:
        reader.limits.check_ratio(detail.stored_whole, reader.size)
    orientation = directory.number(ORIENTATION, exif.UPRIGHT)
    return Header(
        format=Format.TIFF,
        stored=size,
        pixels=detail.samples.pixels,
        bits=detail.samples.bits,
        colour=detail.samples.colour,
        orientation=orientation if orientation in exif.ORIENTATIONS else exif.UPRIGHT,
        scratch=detail.scratch,
        subsampling=subsampling(directory, detail),
        lossless=detail.coding.compression not in LOSSY,
        premultiplied=detail.samples.alpha == "associated",
        has_icc=ICC_PROFILE in directory,
        has_exif=EXIF_DIRECTORY in directory,
        detail=detail,
        any_ratio=in_runs,
        notes=(*choice.notes, *notes),
    )


def open_reader(source: Source, header: Header, cache_bytes: int = 0) -> TiffReader:
    """Return a reader of the page that ``header`` is of: windows of the stored image, each at the cost of its bytes.

    At most ``cache_bytes`` of decoded strips or tiles are kept from one window to the next.
    """
    return TiffReader(source, cast("TiffDetail", header.detail), cache_bytes)


def overlap_bytes(header: Header, window: Size, overlap: int) -> int:
    """How many decoded bytes to keep so that windows of the upright image, one below the other, decode none twice."""
    detail = cast("TiffDetail", header.detail)
    # where they only touch, a row of segments may lie across
    shared = Size(window.width, max(1, overlap))
    return detail.meeting_bytes(turned_by(shared, header.orientation))


def read_metadata(data: bytes, header: Header) -> Metadata:
    """Collect what is kept of a whole file's tags."""
    return tiff_metadata.read_metadata(BytesSource(data), header)


def decode(data: bytes, header: Header) -> Decoded:
    """Decode the page whole."""
    reader = open_reader(BytesSource(data), header)
    picture = reader.read(Window.whole(reader.size))
    return Decoded(picture, reader.notes())


def encode(picture: Picture, metadata: Metadata, source: Header) -> bytes:
    """Encode by deflate, in tiles where it is large or the source is tiled."""
    return tiff_writer.encode(picture, metadata, source)
