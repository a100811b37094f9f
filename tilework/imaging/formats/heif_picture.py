"""The picture of a HEIF file, as its items describe it: for HEIC and AVIF, which differ in how it is coded.

ISO/IEC 23008-12. The primary item is the picture, coded by itself or a grid of tiles. Its transforms (clap, irot, imir)
are part of it; the orientation that EXIF repeats is not (section 6.5.10 and 7.2.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError, TooLargeError, UnsupportedFormatError, UnsupportedPixelsError
from tilework.imaging.formats.header import Format, Header
from tilework.imaging.formats.heif_items import Extent, Item, Items, read_items
from tilework.imaging.formats.heif_transforms import Transform, size_after, transforms
from tilework.imaging.formats.isobmff import FULL_BYTES, Box, fields, payload, shown
from tilework.imaging.operations import Pixels
from tilework.imaging.windows import Size

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.imaging.formats.header_reader import HeaderReader

ALPHA_KINDS = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")
"""What auxiliary pictures that are alpha channels call themselves; the second is the elder name, of HEVC alone."""

GRID = b"grid"

CODINGS = {
    b"hvc1": "HEVC",
    b"av01": "AV1",
    b"vvc1": "VVC",
    b"evc1": "EVC",
    b"avc1": "H.264",
    b"jpeg": "JPEG",
    b"j2k1": "JPEG 2000",
    b"unci": "uncompressed",
    b"mski": "mask",
}
"""What an item may be that holds coded pixels, and how people call it."""

DERIVED = {b"iovl": "an overlay of others", b"iden": "another one turned", b"tmap": "a tone-mapped one"}
"""Pictures that are made of others, and are not read."""

PICTURES = frozenset({*CODINGS, *DERIVED, GRID})


@dataclass(frozen=True, slots=True)
class Samples:
    """What a coded item's samples are; ``prefix`` is the length, in bytes, of the lengths within its data."""

    bits: int
    grey: bool
    prefix: int = 0


@dataclass(frozen=True, slots=True)
class Coding:
    """How a format codes its pictures.

    ``item`` is the type of a coded item, ``configuration`` the property that describes its samples, and ``samples``
    reads that property's bytes (IndexError where they are too few). The decoder takes at most ``items`` items.
    """

    item: bytes
    configuration: bytes
    samples: Callable[[bytes], Samples]
    items: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeifDetail:
    """What decoding and the metadata want to know.

    ``coded`` is the size before the transforms. ``streams`` are the extents of each coded item of the picture.
    ``cicp`` holds colour primaries and transfer function by their numbers in ITU-T H.273, None where unspecified.
    """

    coded: Size
    transforms: tuple[Transform, ...]
    samples: Samples
    alpha: bool
    streams: tuple[tuple[Extent, ...], ...]
    exif: tuple[Extent, ...]
    xmp: tuple[Extent, ...]
    icc: Extent | None
    cicp: tuple[int, int] | None
    others: int

    @property
    def stored(self) -> Size:
        """The size after the transforms."""
        return size_after(self.coded, self.transforms)

    def header(self, image_format: Format, scratch: int) -> Header:
        """The header of such a picture, turned upright by its transforms already: EXIF's orientation is void."""
        dtype = "uint8" if self.samples.bits <= 8 else "uint16"  # noqa: PLR2004
        return Header(
            format=image_format,
            stored=self.stored,
            pixels=Pixels(dtype, 1 if self.samples.grey else 3, self.alpha),
            bits=self.samples.bits,
            colour="grey" if self.samples.grey else "colour",
            scratch=scratch,
            lossless=False,
            has_icc=self.icc is not None,
            has_exif=bool(self.exif),
            detail=self,
            notes=self.notes,
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of the file."""
        return (f"It holds {self.others + 1} pictures; its primary one is taken.",) if self.others else ()


def read_picture(reader: HeaderReader, coding: Coding) -> HeifDetail:
    """Read what a file's items tell of its primary picture.

    Raises DamagedImageError, UnsupportedFormatError for one that is coded otherwise, UnsupportedPixelsError for colours
    that are multiplied by alpha already, and TooLargeError.
    """
    items = read_items(reader)
    primary = items.by_id.get(items.primary)
    if primary is None:
        raise DamagedImageError("The file's primary picture is not there.")
    if len(items.by_id) > coding.items:
        raise TooLargeError(f"The file holds {len(items.by_id):,} items; its decoder takes {coding.items:,}.")
    parts = _parts(items, primary, coding)
    alphas = _alphas(reader, items, (primary, *parts))
    if (b"prem", primary.id) in items.references:
        raise UnsupportedPixelsError(
            "The picture's colours are multiplied by its alpha already.",
            advice="Write it again with straight (not premultiplied) alpha.",
        )
    coded = _size(reader, primary)
    reader.limits.check_size(coded)
    icc, cicp = _colour(reader, (*primary.properties, *parts[0].properties))
    return HeifDetail(
        coded=coded,
        transforms=transforms(reader, primary.properties, coded),
        samples=_samples(reader, parts[0], coding),
        alpha=bool(alphas),
        streams=_streams(reader, (*parts, *(alpha for alpha in alphas if alpha.type == coding.item))),
        exif=_described_by(items, primary, b"Exif"),
        xmp=_described_by(items, primary, b"mime"),
        icc=icc,
        cicp=cicp,
        others=_others(items),
    )


def _parts(items: Items, primary: Item, coding: Coding) -> list[Item]:
    """The coded items that the picture consists of: itself, or the tiles of a grid, and never grids in a grid."""
    if primary.type != GRID:
        _check_coding(primary, coding)
        return [primary]
    tiles = [items.by_id.get(number) for number in items.references.get((b"dimg", primary.id), ())]
    found = [tile for tile in tiles if tile is not None]
    if not found or len(found) < len(tiles):
        raise DamagedImageError("The picture is a grid of tiles, and some of them are not there.")
    for tile in found:
        _check_coding(tile, coding)
    return found


def _check_coding(item: Item, coding: Coding) -> None:
    if item.type == coding.item:
        return
    if item.type == GRID:
        raise DamagedImageError("The picture is a grid whose tile is a grid again.")
    if item.type in DERIVED:
        raise UnsupportedFormatError(
            f"The file's picture is {DERIVED[item.type]}; plain ones and grids are read."
        )
    name = CODINGS.get(item.type, shown(item.type))
    raise UnsupportedFormatError(
        f"The file's picture is coded as {name}; here {CODINGS[coding.item]} is read."
    )


def _alphas(reader: HeaderReader, items: Items, pictures: tuple[Item, ...]) -> list[Item]:
    """The alpha channels of the picture, or of each of its tiles."""
    numbers = {picture.id for picture in pictures}
    sources = {
        source
        for (kind, source), targets in items.references.items()
        if kind == b"auxl" and numbers & {*targets}
    }
    found = [items.by_id[source] for source in sorted(sources) if source in items.by_id]
    return [item for item in found if _auxiliary_kind(reader, item) in ALPHA_KINDS]


def _auxiliary_kind(reader: HeaderReader, item: Item) -> bytes:
    box = item.property(b"auxC")
    return payload(reader, box)[FULL_BYTES:].split(b"\0")[0] if box else b""


def _samples(reader: HeaderReader, item: Item, coding: Coding) -> Samples:
    box = item.property(coding.configuration)
    if box is None:
        raise DamagedImageError(f"The picture lacks its description ({coding.configuration.decode()}).")
    try:
        return coding.samples(payload(reader, box))
    except IndexError:
        raise DamagedImageError(
            f"The picture's description ({coding.configuration.decode()}) is cut short."
        ) from None


def _size(reader: HeaderReader, item: Item) -> Size:
    box = item.property(b"ispe")
    if box is None:
        raise DamagedImageError("The picture has no size (ispe).")
    read = fields(reader, box)
    read.take(FULL_BYTES)
    width, height = read.number(4), read.number(4)
    if not width or not height:
        raise DamagedImageError(f"The picture's header says {width} x {height} pixels.")
    return Size(width, height)


UNSPECIFIED = 2
"""The number in ITU-T H.273 for colours about which nothing is known."""


def _colour(
    reader: HeaderReader, properties: tuple[Box, ...]
) -> tuple[Extent | None, tuple[int, int] | None]:
    """Where the ICC profile is, and the numbers of the colours."""
    icc: Extent | None = None
    cicp: tuple[int, int] | None = None
    for box in properties:
        if box.type != b"colr":
            continue
        read = fields(reader, box)
        kind = read.take(4)
        if kind in {b"prof", b"rICC"} and icc is None:
            icc = (box.start + 4, box.stop)
        elif kind == b"nclx" and cicp is None:
            cicp = (read.number(2), read.number(2))
    return icc, None if cicp is None or UNSPECIFIED in cicp else cicp


def _streams(reader: HeaderReader, parts: tuple[Item, ...]) -> tuple[tuple[Extent, ...], ...]:
    for part in parts:
        if not any(stop > start for start, stop in part.extents):
            raise DamagedImageError("The picture has no pixel data.")
        furthest = max(stop for _, stop in part.extents)
        if furthest > reader.size:
            raise DamagedImageError(
                f"The file is cut short: it ends at byte {reader.size:,}, and its pixel data at {furthest:,}."
            )
    return tuple(dict.fromkeys(tuple(part.extents) for part in parts))


XMP_TYPES = (b"application/rdf+xml", b"text/xml")


def _described_by(items: Items, primary: Item, kind: bytes) -> tuple[Extent, ...]:
    """Where the first item of this kind lies that describes the picture (cdsc); nowhere if there is none."""
    for item in items.referring(b"cdsc", primary.id):
        if item.type == kind and (kind != b"mime" or item.content_type in XMP_TYPES):
            return tuple(item.extents)
    return ()


def _others(items: Items) -> int:
    """How many pictures stand beside the primary one: no tiles, thumbnails, or auxiliary ones."""
    parts = {
        number
        for (kind, source), targets in items.references.items()
        for number in {b"dimg": targets, b"thmb": (source,), b"auxl": (source,)}.get(kind, ())
    }
    pictures = {number for number, item in items.by_id.items() if item.type in PICTURES}
    return len(pictures - parts - {items.primary})
