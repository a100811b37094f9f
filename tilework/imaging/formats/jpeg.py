"""JPEG: its header walked marker by marker, and the metadata around its pixels. ITU-T T.81, annex B; JFIF 1.02."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tilework.errors import DamagedImageError, UnsupportedFormatError, UnsupportedPixelsError
from tilework.imaging.formats import exif
from tilework.imaging.formats.header import Format, Header
from tilework.imaging.formats.metadata import Density, Metadata
from tilework.imaging.operations import Pixels
from tilework.imaging.windows import Size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.imaging.formats.header_reader import HeaderReader

SOI, EOI, SOS, TEM = 0xD8, 0xD9, 0xDA, 0x01
APP0, APP1, APP2, APP13, COM = 0xE0, 0xE1, 0xE2, 0xED, 0xFE
RESTARTS = range(0xD0, 0xD8)
FRAMES = {0xC0: "baseline", 0xC1: "extended", 0xC2: "progressive"}
"""The kinds of frames that are read (SOF0 to SOF2, Huffman-coded DCT)."""

OTHER_FRAMES = {
    0xC3: "a lossless JPEG",
    **dict.fromkeys((0xC5, 0xC6, 0xC7), "a hierarchical JPEG"),
    **dict.fromkeys((0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF), "an arithmetic-coded JPEG"),
    0xF7: "a JPEG-LS",
}
EXIF_TAG = b"Exif\0\0"
XMP_TAG = b"http://ns.adobe.com/xap/1.0/\0"
ICC_TAG = b"ICC_PROFILE\0"
IPTC_TAG = b"Photoshop 3.0\0"
JFIF_TAG = b"JFIF\0"
DENSITY_UNITS = ("aspect", "inch", "centimetre")

SAMPLINGS = {(1, 1): "4:4:4", (2, 1): "4:2:2", (1, 2): "4:4:0", (2, 2): "4:2:0", (4, 1): "4:1:1"}
"""Luma samples for each chroma sample (across, down), and their names."""

FRAME_BYTES = 6
"""Precision, height, width and number of components, before three bytes for each component."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A marker and where its payload lies; ``start == stop`` for a marker without one."""

    marker: int
    start: int
    stop: int


class _Bytes(Protocol):
    def read(self, start: int, length: int) -> bytes:
        """Return ``length`` bytes from ``start``, or raise."""
        ...


def segments(source: _Bytes) -> Iterator[Segment]:
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


def read_header(reader: HeaderReader) -> Header:
    """Read what the header tells; raises DamagedImageError and the errors for what is not read."""
    frame: Segment | None = None
    exif_data: bytes | None = None
    has_icc = False
    for segment in segments(reader):
        reader.count_part()
        if segment.marker in OTHER_FRAMES:
            raise UnsupportedFormatError(
                f"The file is {OTHER_FRAMES[segment.marker]}; ordinary JPEGs are read."
            )
        if segment.marker in FRAMES and frame is None:
            frame = segment
        elif segment.marker == APP1 and exif_data is None and _tagged(reader, segment, EXIF_TAG):
            exif_data = _payload(reader, segment)[len(EXIF_TAG) :]
        elif segment.marker == APP2 and _tagged(reader, segment, ICC_TAG):
            has_icc = True
    if frame is None:
        raise DamagedImageError("The JPEG has no frame header before its picture data.")
    return _header(FRAMES[frame.marker], _payload(reader, frame), exif_data, has_icc=has_icc)


def _header(kind: str, frame: bytes, exif_data: bytes | None, *, has_icc: bool) -> Header:
    if len(frame) < FRAME_BYTES or len(frame) < FRAME_BYTES + 3 * frame[5]:
        raise DamagedImageError("The JPEG's frame header is cut short.")
    bits, height, width, components = struct.unpack_from(">BHHB", frame)
    if not width or not height:
        raise DamagedImageError(f"The JPEG's header says {width} x {height} pixels.")
    if bits != 8:  # noqa: PLR2004
        raise UnsupportedPixelsError(
            f"The JPEG has {bits} bits a sample; 8 are read.", advice="Convert it to a PNG."
        )
    if components not in {1, 3}:
        colour = "CMYK" if components == 4 else f"{components}-channel"  # noqa: PLR2004
        raise UnsupportedPixelsError(
            f"The JPEG has {colour} pixels; grey and colour (YCbCr, RGB) are read.",
            advice="Convert it to RGB first.",
        )
    return Header(
        format=Format.JPEG,
        stored=Size(width, height),
        pixels=Pixels("uint8", components),
        bits=bits,
        colour="grey" if components == 1 else "colour",
        orientation=exif.orientation(exif_data) if exif_data else exif.UPRIGHT,
        layers=kind == "progressive",
        subsampling=_subsampling(frame, components),
        has_icc=has_icc,
        has_exif=exif_data is not None,
    )


def _subsampling(frame: bytes, components: int) -> str | None:
    """Name how much finer the first component is sampled than the two others; None for grey or anything unusual."""
    factors = [divmod(frame[FRAME_BYTES + 3 * index + 1], 16) for index in range(components)]
    if components == 1 or factors[1] != factors[2] or 0 in factors[1]:
        return None
    (luma_across, luma_down), (across, down) = factors[0], factors[1]
    if luma_across % across or luma_down % down:
        return None
    return SAMPLINGS.get((luma_across // across, luma_down // down))


def _payload(source: _Bytes, segment: Segment) -> bytes:
    return source.read(segment.start, segment.stop - segment.start)


def _tagged(source: _Bytes, segment: Segment, tag: bytes) -> bool:
    length = min(len(tag), segment.stop - segment.start)
    return source.read(segment.start, length) == tag


@dataclass(frozen=True, slots=True)
class _Data:
    """A whole file in memory, read like a source."""

    data: bytes | memoryview

    def read(self, start: int, length: int) -> bytes:
        if start + length > len(self.data):
            raise DamagedImageError(f"The file ends at byte {len(self.data):,}, within its header.")
        return bytes(self.data[start : start + length])


def read_metadata(data: bytes) -> Metadata:
    """Collect what stands before the picture in a whole JPEG file."""
    source = _Data(data)
    exif_data: bytes | None = None
    xmp: bytes | None = None
    density: Density | None = None
    colour: list[bytes] = []
    text: list[bytes] = []
    for segment in segments(source):
        payload = data[segment.start : segment.stop]
        if segment.marker == APP1 and exif_data is None and payload.startswith(EXIF_TAG):
            exif_data = payload[len(EXIF_TAG) :]
        elif segment.marker == APP1 and xmp is None and payload.startswith(XMP_TAG):
            xmp = payload[len(XMP_TAG) :]
        elif segment.marker == APP2 and payload.startswith(ICC_TAG):
            colour.append(_segment(APP2, payload))
        elif segment.marker == COM or (segment.marker == APP13 and payload.startswith(IPTC_TAG)):
            text.append(_segment(segment.marker, payload))
        elif segment.marker == APP0 and payload.startswith(JFIF_TAG):
            density = _density(payload)
    return Metadata(exif=exif_data, xmp=xmp, density=density, colour=tuple(colour), text=tuple(text))


def _density(jfif: bytes) -> Density | None:
    if len(jfif) < 12 or jfif[7] >= len(DENSITY_UNITS):  # noqa: PLR2004
        return None
    unit, across, down = struct.unpack_from(">BHH", jfif, 7)
    return Density(across, down, DENSITY_UNITS[unit]) if across and down else None  # type: ignore[arg-type]


def _segment(marker: int, payload: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2) + payload


def insert_metadata(encoded: memoryview, metadata: Metadata) -> bytes:
    """Return a JPEG that OpenCV encoded with ``metadata`` in it, after its JFIF segment."""
    jfif = next(segments(_Data(encoded)))
    head = bytearray(encoded[: jfif.stop])
    density = metadata.density
    if density is not None and density.unit in DENSITY_UNITS:
        units = DENSITY_UNITS.index(density.unit)
        struct.pack_into(">BHH", head, jfif.start + 7, units, density.across, density.down)
    parts = []
    if metadata.exif is not None:
        parts.append(_segment(APP1, EXIF_TAG + metadata.exif))
    if metadata.xmp is not None:
        parts.append(_segment(APP1, XMP_TAG + metadata.xmp))
    return b"".join((bytes(head), *parts, *metadata.colour, *metadata.text, encoded[jfif.stop :]))


def why_undecodable(data: bytes) -> str:
    """Say what is wrong with a JPEG whose header was good and whose picture OpenCV could not decode."""
    start = max(segment.stop for segment in segments(_Data(data)))
    if data.rfind(b"\xff\xd9", start) < 0:
        return f"The JPEG is cut short: it ends at byte {len(data):,}, before its end marker."
    return "The JPEG's picture data cannot be decoded."
