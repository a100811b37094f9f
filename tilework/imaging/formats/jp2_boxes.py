"""The boxes of a JP2 file, and what those about its colours tell. ITU-T T.800 (JPEG 2000, part 1), annex I."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError
from tilework.imaging.formats.header_reader import WholeFile
from tilework.imaging.formats.metadata import Density

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.imaging.formats.header_reader import Readable

SIGNATURE = b"\0\0\0\x0cjP  \r\n\x87\n"
FILE_TYPE = b"ftyp" + b"jp2 " + bytes(4) + b"jp2 "
EXIF_ID = b"JpgTiffExif->JP2"
"""The identity (UUID) of a box with an EXIF block, in ASCII; Adobe's and ExifTool's way."""

XMP_ID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
"""XMP, part 3, section 1.1.6: the identity of a box with an XMP packet."""

GEO_ID = bytes.fromhex("b14bf8bd083d4b43a5ae8cd7d5a6ce03")
"""GeoJP2: the identity of a box with a small GeoTIFF that places the image on the earth."""

ID_BYTES = 16
SRGB, GREY = 16, 17
ENUMERATED, PROFILES = 1, (2, 3)
"""How a colr box names colours: by a number, or by an ICC profile (restricted, any)."""

OPACITY, WHOLE_IMAGE = 1, 0
MOST_16 = 65_535


@dataclass(frozen=True, slots=True)
class Box:
    """A box's type and where its payload lies."""

    type: bytes
    start: int
    stop: int


def boxes(source: Readable, start: int, stop: int) -> Iterator[Box]:
    """Walk the boxes between two bytes; raises DamagedImageError where there is none or one reaches beyond."""
    while start < stop:
        length, name = struct.unpack(">I4s", source.read(start, 8))
        payload = start + 8
        if length == 1:
            length, payload = int.from_bytes(source.read(payload, 8)), payload + 8
        end = start + length if length else stop
        if end < payload:
            raise DamagedImageError(f"The JPEG 2000 is broken at byte {start:,}: no box where one must be.")
        if end > stop:
            raise DamagedImageError(
                f"The JPEG 2000 is cut short: what begins at byte {start:,} should end at byte {end:,}, "
                f"and the data ends at byte {stop:,}."
            )
        yield Box(name, payload, end)
        start = end


def payload_of(source: Readable, box: Box) -> bytes:
    """Return what the box holds."""
    return source.read(box.start, box.stop - box.start)


def boxed(name: bytes, *payload: bytes) -> bytes:
    """Return a box, with a long length where a short one does not reach."""
    length = 8 + sum(map(len, payload))
    if length < 1 << 32:
        return b"".join((struct.pack(">I4s", length, name), *payload))
    return b"".join((struct.pack(">I4sQ", 1, name, length + 8), *payload))


@dataclass(frozen=True, slots=True, kw_only=True)
class JP2Header:
    """What the box ``jp2h`` holds.

    ``shape`` is (height, width, components); ``colour`` the number of the colours, or ``icc`` their profile;
    ``channels`` are (component, type, association) as cdef has them, None without one.
    """

    shape: tuple[int, int, int]
    colour: int | None = None
    icc: bytes | None = None
    channels: tuple[tuple[int, int, int], ...] | None = None
    palette: bool = False
    density: Density | None = None


def read_jp2_header(source: Readable, header: Box) -> JP2Header:
    """Read ``jp2h``. Raises DamagedImageError where it lacks its first box, ihdr, or a box is too short."""
    found: dict[bytes, bytes] = {}
    for count, box in enumerate(boxes(source, header.start, header.stop)):
        payload = payload_of(source, box)
        # of several colr boxes the first that names its colours in a known way counts
        if box.type != b"colr" or payload[:1] in {b"\1", b"\2", b"\3"}:
            found.setdefault(box.type, payload)
        if count >= MOST_BOXES:
            raise DamagedImageError("The JPEG 2000 has more boxes in its header than any has use for.")
    try:
        height, width, components = struct.unpack_from(">IIH", found[b"ihdr"])
        colour, icc = _colour(found.get(b"colr"))
        return JP2Header(
            shape=(height, width, components),
            colour=colour,
            icc=icc,
            channels=_channels(found.get(b"cdef")),
            palette=b"pclr" in found,
            density=_density(found.get(b"res ")),
        )
    except (KeyError, struct.error) as error:
        raise DamagedImageError("A box of the JPEG 2000's header (jp2h) is missing or cut short.") from error


MOST_BOXES = 1_000
"""Boxes in ``jp2h``, of which seven kinds are known."""


def _colour(colr: bytes | None) -> tuple[int | None, bytes | None]:
    if colr is None:
        return None, None
    if colr[0] == ENUMERATED:
        return struct.unpack_from(">I", colr, 3)[0], None
    return None, colr[3:]


def _channels(cdef: bytes | None) -> tuple[tuple[int, int, int], ...] | None:
    if cdef is None:
        return None
    (count,) = struct.unpack_from(">H", cdef)
    if count * 6 + 2 > len(cdef):
        raise struct.error
    return tuple(struct.iter_unpack(">HHH", cdef[2 : 2 + count * 6]))


def _density(res: bytes | None) -> Density | None:
    """Return the resolution of the capture, else of the display: numerators, denominators and powers of ten."""
    found = {} if res is None else {box.type: box for box in boxes(WholeFile(res), 0, len(res))}
    for name in (b"resc", b"resd"):
        if res is None or name not in found:
            continue
        down, down_by, across, across_by, down_power, across_power = struct.unpack_from(
            ">HHHHbb", res, found[name].start
        )
        if down_by and across_by:
            values = (across / across_by * 10.0**across_power, down / down_by * 10.0**down_power)
            if all(1 <= value < 1 << 31 for value in values):
                return Density(round(values[0]), round(values[1]), "metre")
    return None


def resolution(density: Density) -> bytes:
    """Return the box for a resolution that is not only an aspect."""
    parts = []
    for value in (density.per_metre.down, density.per_metre.across):
        power = 0
        while value > MOST_16:
            value, power = round(value / 10), power + 1  # noqa: PLW2901 - until it fits
        parts.append((value, power))
    (down, down_power), (across, across_power) = parts
    return boxed(
        b"res ", boxed(b"resc", struct.pack(">HHHHbb", down, 1, across, 1, down_power, across_power))
    )
