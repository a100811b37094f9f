"""The markers and segments of a JPEG, and the metadata in them. ITU-T T.81, annex B; JFIF 1.02; ICC.1, annex B.4."""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError
from tilework.imaging.formats.colour_profiles import SPACE_AT, SPACE_BYTES
from tilework.imaging.formats.header_reader import WholeFile
from tilework.imaging.formats.metadata import INCH, Density, Metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.imaging.formats.header_reader import Readable

SOI, EOI, SOS, DQT, DHT, TEM = 0xD8, 0xD9, 0xDA, 0xDB, 0xC4, 0x01
APP0, APP1, APP2, APP13, APP14, COM = 0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xFE
RESTARTS = range(0xD0, 0xD8)
EXIF_TAG = b"Exif\0\0"
XMP_TAG = b"http://ns.adobe.com/xap/1.0/\0"
ICC_TAG = b"ICC_PROFILE\0"
IPTC_TAG = b"Photoshop 3.0\0"
ADOBE_TAG = b"Adobe"
JFIF_TAG = b"JFIF\0"
MPF_TAG = b"MPF\0"
LEFT_OUT = "Its ICC profile lacks a part, and was left out."
DENSITY_UNITS = ("aspect", "inch", "centimetre")

MOST_DENSITY = 65_535
"""JFIF has 16 bits for it."""

ICC_SEGMENT_BYTES = 65_519
"""Most bytes of a profile in one segment: 65,535 less its length, the tag, a number and a count."""

EXIF_SEGMENT_BYTES = 65_533 - len(EXIF_TAG)
XMP_SEGMENT_BYTES = 65_533 - len(XMP_TAG)

MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""What ends the entropy-coded data of a scan: any marker but a restart's; FF 00 stands for a byte of FF."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A marker and where its payload lies; ``start == stop`` for a marker without one."""

    marker: int
    start: int
    stop: int


def segments(source: Readable) -> Iterator[Segment]:
    """Walk the markers from after SOI to the first SOS, the last one told."""
    position = 2
    while True:
        first, marker = source.read(position, 2)
        if first != 0xFF:  # noqa: PLR2004
            raise DamagedImageError(
                f"The JPEG header is broken at byte {position:,}: no marker where one must be."
            )
        if marker == 0xFF:  # noqa: PLR2004
            position += 1
            continue
        if marker == EOI:
            raise DamagedImageError("The JPEG ends before its picture begins.")
        position += 2
        if marker in RESTARTS or marker in {SOI, TEM}:
            yield Segment(marker, position, position)
            continue
        length = int.from_bytes(source.read(position, 2))
        if length < 2:  # noqa: PLR2004
            raise DamagedImageError(
                f"The JPEG header is broken at byte {position:,}: a segment of no length."
            )
        yield Segment(marker, position + 2, position + length)
        if marker == SOS:
            return
        position += length


def payload_of(source: Readable, segment: Segment) -> bytes:
    """Return what the segment holds."""
    return source.read(segment.start, segment.stop - segment.start)


def tagged(source: Readable, segment: Segment, tag: bytes) -> bool:
    """Whether the segment begins with ``tag``."""
    length = min(len(tag), segment.stop - segment.start)
    return source.read(segment.start, length) == tag


def profile_space(source: Readable, segment: Segment) -> bytes:
    """Which colours a profile describes, in four letters, from its first segment; nothing from a later one."""
    start = segment.start + len(ICC_TAG)
    if segment.stop < start + 2 + SPACE_AT + SPACE_BYTES or source.read(start, 1) != b"\1":
        return b""
    return source.read(start + 2 + SPACE_AT, SPACE_BYTES)


def read_metadata(data: bytes | memoryview) -> Metadata:
    """Collect what stands before the picture in a whole JPEG file."""
    source = WholeFile(data)
    exif_data: bytes | None = None
    xmp: bytes | None = None
    density: Density | None = None
    profile: list[bytes] = []
    text: list[bytes] = []
    for segment in segments(source):
        payload = bytes(data[segment.start : segment.stop])
        if segment.marker == APP1 and exif_data is None and payload.startswith(EXIF_TAG):
            exif_data = payload[len(EXIF_TAG) :]
        elif segment.marker == APP1 and xmp is None and payload.startswith(XMP_TAG):
            xmp = payload[len(XMP_TAG) :]
        elif segment.marker == APP2 and payload.startswith(ICC_TAG):
            profile.append(payload[len(ICC_TAG) :])
        elif segment.marker == COM or (segment.marker == APP13 and payload.startswith(IPTC_TAG)):
            text.append(_segment(segment.marker, payload))
        elif segment.marker == APP0 and payload.startswith(JFIF_TAG):
            density = _density(payload)
    icc, notes = _joined(profile)
    return Metadata(exif=exif_data, xmp=xmp, density=density, icc=icc, text=tuple(text), notes=notes)


def _joined(parts: list[bytes]) -> tuple[bytes | None, tuple[str, ...]]:
    """Join a profile's segments, each led by its number and their count; one that lacks a part is left out."""
    if not parts:
        return None, ()
    ordered = sorted(parts)
    if [part[:2] for part in ordered] != [bytes((index + 1, len(parts))) for index in range(len(parts))]:
        return None, (LEFT_OUT,)
    return b"".join(part[2:] for part in ordered), ()


def _density(jfif: bytes) -> Density | None:
    if len(jfif) < 12 or jfif[7] >= len(DENSITY_UNITS):  # noqa: PLR2004
        return None
    unit, across, down = struct.unpack_from(">BHH", jfif, 7)
    return Density(across, down, DENSITY_UNITS[unit]) if across and down else None  # type: ignore[arg-type]


def _segment(marker: int, payload: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2) + payload


def insert_metadata(encoded: memoryview, metadata: Metadata) -> bytes:
    """Return a JPEG that OpenCV encoded with ``metadata`` in it, after its JFIF segment."""
    jfif = next(segments(WholeFile(encoded)))
    head = bytearray(encoded[: jfif.stop])
    density = None if metadata.density is None else _as_jfif(metadata.density)
    if density is not None:
        units = DENSITY_UNITS.index(density.unit)
        struct.pack_into(">BHH", head, jfif.start + 7, units, density.across, density.down)
    parts = []
    # what another format could hold may be too long for a segment
    if metadata.exif is not None and len(metadata.exif) <= EXIF_SEGMENT_BYTES:
        parts.append(_segment(APP1, EXIF_TAG + metadata.exif))
    if metadata.xmp is not None and len(metadata.xmp) <= XMP_SEGMENT_BYTES:
        parts.append(_segment(APP1, XMP_TAG + metadata.xmp))
    parts += _profile_segments(metadata.icc or b"")
    return b"".join((bytes(head), *parts, *metadata.text, encoded[jfif.stop :]))


def _as_jfif(density: Density) -> Density | None:
    """The density in a unit that JFIF has and in 16 bits; None where it does not fit."""
    across, down, unit = density.across, density.down, density.unit
    if unit == "metre":
        # most pictures' densities are whole numbers to the inch
        across, down, unit = round(across * INCH), round(down * INCH), "inch"
    if unit == "aspect" and across and down:
        divisor = math.gcd(across, down)
        across, down = across // divisor, down // divisor
    fits = min(across, down) > 0 and max(across, down) <= MOST_DENSITY
    return Density(across, down, unit) if fits else None


def _profile_segments(icc: bytes) -> list[bytes]:
    parts = [icc[start : start + ICC_SEGMENT_BYTES] for start in range(0, len(icc), ICC_SEGMENT_BYTES)]
    if len(parts) > 255:  # noqa: PLR2004 - the count is one byte
        return []
    return [
        _segment(APP2, ICC_TAG + bytes((index + 1, len(parts))) + part) for index, part in enumerate(parts)
    ]


def scan_headers(data: memoryview) -> Iterator[Segment]:
    """Walk the headers of all scans of the first picture in a whole file."""
    first = max(segments(WholeFile(data)), key=lambda segment: segment.stop)
    yield first
    for marker, position in _markers_after(data, first.stop):
        length = int.from_bytes(data[position : position + 2])
        if marker == SOS:
            yield Segment(marker, position + 2, position + length)


def end_of_picture(data: bytes | memoryview) -> int | None:
    """Where the end marker (EOI) of the first picture ends, or None where there is none."""
    start = max(segment.stop for segment in segments(WholeFile(data)))
    for marker, position in _markers_after(data, start):
        if marker == EOI:
            return position
    return None


def _markers_after(data: bytes | memoryview, position: int) -> Iterator[tuple[int, int]]:
    """Walk the markers after the first scan's header, each with where it ends: tables, further scans, the end."""
    while (found := MARKER_IN_SCAN.search(data, position)) is not None:
        yield found.group()[1], found.end()
        position = found.end() + int.from_bytes(data[found.end() : found.end() + 2])
