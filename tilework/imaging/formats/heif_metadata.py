"""What stands around the pixels of a HEIC or an AVIF: its EXIF, XMP, profile and colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError
from tilework.imaging.formats.heif_picture import HeifDetail
from tilework.imaging.formats.metadata import Metadata

if TYPE_CHECKING:
    from tilework.imaging.formats.header import Header
    from tilework.imaging.formats.heif_items import Extent

OFFSET_BYTES = 4
"""An Exif item begins with the offset, behind these bytes, of the byte order (ISO/IEC 23008-12, A.2.1)."""

BYTE_ORDERS = (b"II*\0", b"MM\0*")


def detail_of(header: Header) -> HeifDetail:
    """The detail of a header that this package has read."""
    if not isinstance(header.detail, HeifDetail):
        raise TypeError("the header is none of a HEIF file")
    return header.detail


def read_metadata(data: bytes, header: Header) -> Metadata:
    """Collect the metadata of a whole file.

    A profile, or EXIF or XMP, that reaches outside the file is damage.
    """
    detail = detail_of(header)
    exif, notes = exif_block(_joined(data, detail.exif))
    icc = None if detail.icc is None else _joined(data, (detail.icc,))
    return Metadata(
        exif=exif,
        xmp=_joined(data, detail.xmp) or None,
        icc=icc or None,
        cicp=detail.cicp,
        notes=notes,
    )


def _joined(data: bytes, extents: tuple[Extent, ...]) -> bytes:
    if any(stop > len(data) for _, stop in extents):
        raise DamagedImageError(f"The file is cut short: it ends at byte {len(data):,}, within its metadata.")
    return b"".join(data[start:stop] for start, stop in extents)


def exif_block(item: bytes) -> tuple[bytes | None, tuple[str, ...]]:
    """The EXIF block, from its byte order on, in an Exif item or box; a note where there is none in it."""
    if not item:
        return None, ()
    block = item[OFFSET_BYTES + int.from_bytes(item[:OFFSET_BYTES]) :]
    block = block.removeprefix(b"Exif\0\0")
    if not block.startswith(BYTE_ORDERS):
        return None, ("Its EXIF cannot be read, and was left out.",)
    return block, ()
