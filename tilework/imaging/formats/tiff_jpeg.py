"""Strips and tiles of a TIFF that are JPEGs, with tables that they share.

Each is looked at before it is decoded: what it claims to be must be the strip or tile that it stands for.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError, UnsupportedPixelsError
from tilework.imaging.formats import jpeg
from tilework.imaging.formats.header import Format, Header
from tilework.imaging.formats.header_reader import WholeFile
from tilework.imaging.formats.jpeg_frame import COLOUR, FRAMES, OTHER_FRAMES, Frame, read_frame
from tilework.imaging.formats.jpeg_holes import hole_after, silent_scan
from tilework.imaging.formats.jpeg_segments import APP0, APP14, SOS, payload_of, segments
from tilework.imaging.formats.tiff_damage import SegmentDamageError
from tilework.imaging.formats.tiff_samples import YCBCR
from tilework.imaging.operations import Pixels

if TYPE_CHECKING:
    from tilework.imaging.formats.tiff_samples import Samples
    from tilework.imaging.formats.tiff_unpacking import Packed, Stored
    from tilework.imaging.operations.contract import Image

SOI, EOI, SCAN = b"\xff\xd8", b"\xff\xd9", bytes((0xFF, SOS))
ADOBE = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"
"""Adobe's marker but for its last byte, the colour transform: 0 for RGB, 1 for YCbCr."""

KEPT_HEADS = 16
"""Heads that are remembered: all tiles of a file have one and the same, or its last row another."""


USUAL_HEAD = 4_096
"""Bytes in which a head ends, unless it holds a profile or the like."""


@dataclass(frozen=True, slots=True)
class _Head:
    """What stands before the picture data, complete, and what it says.

    It takes the place of ``stored`` bytes. ``scan`` is where picture data begins in which zeros would decode in silence; None where they would not.
    """

    data: bytes
    stored: int
    frame: Frame
    scan: int | None


def jpeg_samples(packed: Packed, tables: bytes, samples: Samples) -> tuple[Image, tuple[str, ...]]:
    """(rows, width, 1), or (rows, width, 3) with blue first, of a JPEG, and notes about it.

    It may hold at most the packed segment's shape, and at least its rows. Raises SegmentDamageError.
    """
    height, width, count = packed.shape
    try:
        data = packed.data
        if data[: len(SOI)] != SOI:
            raise SegmentDamageError("it holds no JPEG")
        stored = _stored_head(data)
        read_head = _head if len(stored) <= USUAL_HEAD else _head.__wrapped__
        head = read_head(stored, tables, ycbcr=samples.photometric == YCBCR)
        size, components = head.frame.size, head.frame.components
        if size.width != width or not packed.rows <= size.height <= height or components != count:
            raise SegmentDamageError(
                f"it holds a JPEG of {size} pixels in {components} channels where {width} x {packed.rows} in {count} "
                "must be"
            )
        pixels, notes = _decoded(b"".join((head.data, data[head.stored :])), head, packed)
    except (DamagedImageError, UnsupportedPixelsError) as error:
        raise SegmentDamageError(error.reason.rstrip(".")) from error
    return pixels.reshape(*pixels.shape[:2], count)[: packed.rows], notes


def _stored_head(data: Stored) -> bytes:
    """A JPEG as far as its picture data."""
    beginning = bytes(data[:USUAL_HEAD])
    start = beginning.find(SCAN) + len(SCAN)
    guessed = beginning[: start + int.from_bytes(beginning[start : start + 2])]
    if _ends_with_scan(guessed):
        return guessed
    *_, scan = segments(WholeFile(data))
    return bytes(data[: scan.stop])


@functools.lru_cache(maxsize=KEPT_HEADS)
def _ends_with_scan(head: bytes) -> bool:
    """Whether a head that was guessed is one, and no bytes of a table were taken for the marker of its scan."""
    try:
        *_, scan = segments(WholeFile(head))
    except DamagedImageError:
        return False
    return scan.stop == len(head)


@functools.lru_cache(maxsize=KEPT_HEADS)
def _head(stored: bytes, tables: bytes, *, ycbcr: bool) -> _Head:
    """A head with the tables in it and its colours named as the TIFF says.

    The TIFF's photometric interpretation counts, as for libtiff, whatever the JPEG says or a decoder would guess.
    """
    source = WholeFile(stored)
    parts = [SOI, tables.removeprefix(SOI).removesuffix(EOI)]
    frame: Frame | None = None
    position = len(SOI)
    for segment in segments(source):
        if segment.marker in FRAMES:
            frame = read_frame(segment.marker, payload_of(source, segment))
        elif segment.marker in OTHER_FRAMES:
            raise SegmentDamageError(f"it holds {OTHER_FRAMES[segment.marker]}, which is not read")
        if segment.marker not in {APP0, APP14}:
            parts.append(stored[position : segment.stop])
        position = segment.stop
    if frame is None:
        raise SegmentDamageError("its JPEG has no frame header")
    if frame.components == COLOUR:
        parts.insert(1, ADOBE + bytes((ycbcr,)))
    data = b"".join(parts)
    return _Head(data, len(stored), frame, None if frame.kind == "progressive" else silent_scan(data))


def _decoded(picture: bytes, head: _Head, packed: Packed) -> tuple[Image, tuple[str, ...]]:
    """The pixels and notes: at once where nothing is odd, else as an odd file of its own would be read."""
    frame = head.frame
    if picture.endswith(EOI) and (head.scan is None or hole_after(picture, head.scan) is None):
        try:
            room = packed.room(frame.size.pixels * frame.components)
            pixels = jpeg.strict_pixels(picture, frame, room)
            return pixels[:, :, 0] if frame.components == 1 else pixels, ()
        except ValueError:
            pass
    found = jpeg.decode(picture, _header(frame))
    return found.picture.colour, found.notes


def _header(frame: Frame) -> Header:
    grey = frame.components == 1
    return Header(
        format=Format.JPEG,
        stored=frame.size,
        pixels=Pixels("uint8", frame.components),
        bits=8,
        colour="grey" if grey else "colour",
        lossless=False,
        detail=frame,
    )
