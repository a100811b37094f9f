"""What a TIFF's tags tell beside its pixels, and how it is kept."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, cast

from tilework.errors import DamagedImageError, TooLargeError
from tilework.imaging.formats.header_reader import HeaderReader
from tilework.imaging.formats.metadata import PLACE_TAGS, VALUE_TAGS, Density, Metadata
from tilework.imaging.formats.tiff_directory import SHORT, TiffFile
from tilework.imaging.formats.tiff_tags import (
    EXIF_DIRECTORY,
    GPS_DIRECTORY,
    Tag,
    read_tree,
    write_block,
)
from tilework.imaging.limits import Limits

if TYPE_CHECKING:
    from tilework.imaging.formats.header import Header
    from tilework.imaging.formats.tiff_detail import TiffDetail
    from tilework.imaging.formats.tiff_directory import Directory
    from tilework.imaging.sources import Source

DESCRIPTION, ORIENTATION, XMP, IPTC, ICC_PROFILE = 270, 274, 700, 33723, 34675
DESCRIPTIVE = frozenset({DESCRIPTION, 271, 272, 305, 306, 315, 316, 33432, *range(0x9C9B, 0x9CA0)})
"""Description, make, model, software, date, artist, host, copyright, and Windows' title, comment, author and so on."""

NAMES = frozenset({269, 285})
"""Names of the document and the page."""

KEPT = NAMES | {IPTC} | PLACE_TAGS | VALUE_TAGS
LAYERS = 37724
STRUCTURES = re.compile(rb"\s*(ImageJ=|SCIFIO=|\{\"|<\?xml|<OME|<DataObject|<MetaData)")
"""Descriptions written by programs for themselves, about pages, layout and channels that a result has not."""

PLAIN, INCH, CENTIMETRE = 1, 2, 3
MOST_COUNT = 0xFFFF
"""Pixels a unit that every format can hold."""

EXACT_ENOUGH = Fraction(1, 1000)


def check_claims(directory: Directory) -> None:
    """Raise where a profile, a packet or another kept value claims not to lie in the file, or to be huge."""
    file = directory.file
    most, size = file.reader.limits.header_bytes, file.reader.size
    for tag in (KEPT | DESCRIPTIVE | {XMP, ICC_PROFILE}) & directory.entries.keys():
        entry = directory.entries[tag]
        if entry.length > most:
            raise TooLargeError(
                f"The TIFF's tag {tag} claims {entry.length:,} bytes; {most:,} are allowed (limit: header_bytes)."
            )
        if entry.length > len(entry.field) and file.start(entry) + entry.length > size:
            raise DamagedImageError(
                f"The TIFF's tag {tag} lies at bytes {file.start(entry):,} to {file.start(entry) + entry.length:,},"
                f" outside the file of {size:,} bytes."
            )


def read_metadata(source: Source, header: Header) -> Metadata:
    """Collect what is kept of a page's tags."""
    detail = cast("TiffDetail", header.detail)
    # what is read was found within the limits with the header
    file = TiffFile(HeaderReader(source, Limits(header_bytes=4 * Limits().header_bytes)))
    directory = file.directory(detail.position)
    notes = []
    wanted = DESCRIPTIVE | {EXIF_DIRECTORY, GPS_DIRECTORY}
    if STRUCTURES.match(directory.text(DESCRIPTION).encode()):
        wanted -= {DESCRIPTION}
        notes.append("Its description is a program's own account of the file, and was left out.")
    if LAYERS in directory:
        notes.append("Its layers are left out; the picture is the one that they make together.")
    tags = read_tree(directory, KEPT).tags
    if header.orientation != 1 and PLACE_TAGS & tags.keys():
        notes.append("Its place on the earth holds for the picture as it was stored, and was left out.")
    tree = read_tree(directory, wanted)
    if header.orientation != 1:
        tree.tags[ORIENTATION] = Tag(SHORT, 1, header.orientation.to_bytes(2, "little"))
    return Metadata(
        exif=write_block(tree) if tree else None,
        xmp=directory.data(XMP) or None,
        icc=directory.data(ICC_PROFILE) or None,
        density=density(detail),
        tags=tuple((number, tag.type, tag.count, tag.value) for number, tag in sorted(tags.items())),
        notes=tuple(notes),
    )


def density(detail: TiffDetail) -> Density | None:
    """The density in whole numbers: in the file's unit where that is near enough, else for a metre."""
    if detail.resolution is None:
        return None
    across, down, unit = detail.resolution
    values = Fraction(*across), Fraction(*down)
    if unit not in {INCH, CENTIMETRE}:
        shape = values[0] / values[1]
        plain = shape == 1 or max(shape.numerator, shape.denominator) > MOST_COUNT
        return None if plain else Density(shape.numerator, shape.denominator, "aspect")
    wide, high = map(round, values)
    if max(wide, high) <= MOST_COUNT and _near(wide, values[0]) and _near(high, values[1]):
        return Density(wide, high, "inch" if unit == INCH else "centimetre")
    metre = Fraction(10_000, 254) if unit == INCH else Fraction(100)
    wide, high = (round(value * metre) for value in values)
    return Density(wide, high, "metre") if min(wide, high) > 0 and max(wide, high) < 1 << 31 else None


def _near(whole: int, value: Fraction) -> bool:
    return abs(whole - value) <= value * EXACT_ENOUGH
