"""What stands beside the pixels of a TIFF that is written, however its pixels are: as tags and directories below."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from tilework.errors import ImageError
from tilework.imaging.formats.header import SIDEWAYS
from tilework.imaging.formats.header_reader import HeaderReader
from tilework.imaging.formats.tiff_detail import (
    INCH,
    RESOLUTION_UNIT,
    X_RESOLUTION,
    Y_RESOLUTION,
    TiffDetail,
)
from tilework.imaging.formats.tiff_directory import ASCII, BYTE, RATIONAL, SHORT, UNDEFINED, TiffFile
from tilework.imaging.formats.tiff_metadata import DESCRIPTIVE, ICC_PROFILE, XMP
from tilework.imaging.formats.tiff_samples import BLACK_IS_ZERO
from tilework.imaging.formats.tiff_tags import EXIF_DIRECTORY, GPS_DIRECTORY, Tag, Tree, read_tree
from tilework.imaging.limits import Limits
from tilework.imaging.sources import BytesSource

if TYPE_CHECKING:
    from tilework.imaging.formats.header import Header
    from tilework.imaging.formats.metadata import Metadata

WRITTEN_TYPES = frozenset({1, 2, 3, 4, 7, 11, 12})
"""Types of the tags that are kept: texts and bytes, whole numbers, floats."""

POINTERS = (EXIF_DIRECTORY, GPS_DIRECTORY)
PLAIN, CENTIMETRE = 1, 3


def description(metadata: Metadata, source: Header) -> Tree:
    """All that is written beside the pixels, the resolution included."""
    tree = kept(metadata)
    found = resolution(metadata, source)
    if found is not None:
        across, down, unit = found
        tree.tags[X_RESOLUTION] = Tag(RATIONAL, 1, struct.pack("<II", *across))
        tree.tags[Y_RESOLUTION] = Tag(RATIONAL, 1, struct.pack("<II", *down))
        tree.tags[RESOLUTION_UNIT] = Tag(SHORT, 1, struct.pack("<H", unit))
    return tree


def kept(metadata: Metadata) -> Tree:
    """Texts, place on the earth, profile and packets, and the directories of EXIF; nothing of the pixels' own."""
    tree = _of_exif(metadata)
    named = [(number, tag.type, tag.count, tag.value) for number, tag in tree.tags.items()]
    tree.tags = {
        number: _ended(Tag(kind, count, value))
        for number, kind, count, value in (*named, *metadata.tags)
        if kind in WRITTEN_TYPES
    }
    if metadata.xmp is not None:
        tree.tags[XMP] = Tag(BYTE, len(metadata.xmp), metadata.xmp)
    if metadata.icc is not None:
        tree.tags[ICC_PROFILE] = Tag(UNDEFINED, len(metadata.icc), metadata.icc)
    return tree


def _ended(tag: Tag) -> Tag:
    """The tag, a text ended by the zero that TIFF 6.0 asks for."""
    if tag.type != ASCII or tag.value.endswith(b"\0"):
        return tag
    return Tag(ASCII, tag.count + 1, tag.value + b"\0")


def _of_exif(metadata: Metadata) -> Tree:
    """The descriptive tags of an EXIF block, and the directories below it; empty where it cannot be read."""
    if metadata.exif is None:
        return Tree()
    try:
        file = TiffFile(HeaderReader(BytesSource(metadata.exif), Limits()))
        return read_tree(file.directory(file.first), DESCRIPTIVE | set(POINTERS))
    except (ImageError, KeyError):
        return Tree()


def resolution(metadata: Metadata, source: Header) -> tuple[tuple[int, int], tuple[int, int], int] | None:
    """Pixels for each unit across and down as fractions, and the unit: a TIFF's own exactly, else the density.

    A TIFF's own is left where pixels were moved or resampled: the density knows what became of it.
    """
    density = metadata.density
    if (
        metadata.place == "kept"
        and isinstance(source.detail, TiffDetail)
        and source.detail.resolution is not None
    ):
        across, down, unit = source.detail.resolution
        return (down, across, unit) if source.orientation in SIDEWAYS else (across, down, unit)
    if density is None:
        return None
    divisor, unit = {"aspect": (1, PLAIN), "inch": (1, INCH), "centimetre": (1, CENTIMETRE)}.get(
        density.unit, (100, CENTIMETRE)
    )
    return (density.across, divisor), (density.down, divisor), unit


def unnamed_channels(source: Header, channels: int) -> bool:
    """Whether a result's three channels are no colours by name, as the source's are not: bands of a sensor."""
    detail = source.detail
    return channels == 3 and isinstance(detail, TiffDetail) and detail.samples.photometric == BLACK_IS_ZERO  # noqa: PLR2004
