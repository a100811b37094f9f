"""JPEGs that are odd and whose picture is whole: what libjpeg warns of is put right, so that nothing else is missed.

libjpeg warns once and goes on, and what it would say of the rest is lost. So a file is decoded strictly, and again with
the oddity mended; whatever is wrong beside it is found then. Messages are those of libjpeg-turbo's jerror.h.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError
from tilework.imaging.formats.header_reader import WholeFile
from tilework.imaging.formats.jpeg_segments import (
    ADOBE_TAG,
    APP0,
    APP2,
    APP14,
    EOI,
    ICC_TAG,
    JFIF_TAG,
    LEFT_OUT,
    SOS,
    scan_headers,
    segments,
)

if TYPE_CHECKING:
    from collections.abc import Callable

END = bytes((0xFF, EOI))
EXTRANEOUS = re.compile(r"(\d+) extraneous bytes before marker 0xd9")
SEQUENTIAL = b"\0\x3f\0"
"""First and last coefficient, and bit positions, of a scan that is not progressive."""

SEGMENT_HEAD = 4
"""A segment's marker and length, before its payload."""

JFIF_VERSION = b"\1\2"
TRANSFORM_AT = 11
"""Where Adobe's segment says how colours were transformed: after its tag, a version and two flags."""


def mended(warning: str, data: bytes) -> tuple[str, bytes]:
    """Return a note about an oddity, and the file without it.

    ``data`` ends with the first picture's end marker. Raises :class:`~tilework.errors.DamagedImageError` for a warning
    that means missing or wrong pixels.
    """
    for message, mend in MENDS.items():
        if message in warning:
            note, better = mend(warning, data)
            if better != data:
                return note, better
    raise DamagedImageError(f"The JPEG's picture data is damaged: {warning}.")


def _without_padding(warning: str, data: bytes) -> tuple[str, bytes]:
    """Some cameras fill up their files before the end marker, with the same byte again and again."""
    found = EXTRANEOUS.search(warning)
    count = int(found[1]) if found is not None else 0
    start = len(data) - len(END) - count
    if len(set(data[start : -len(END)])) > 1:
        return "", data
    return "Padding follows its last row.", data[:start] + END


def _with_sequential_scans(warning: str, data: bytes) -> tuple[str, bytes]:  # noqa: ARG001 - one signature for all
    whole = bytearray(data)
    for scan in scan_headers(data):
        whole[scan.stop - len(SEQUENTIAL) : scan.stop] = SEQUENTIAL
    return "The header of its scan has values of a progressive JPEG, which it is not.", bytes(whole)


def _with_known_transform(warning: str, data: bytes) -> tuple[str, bytes]:  # noqa: ARG001 - one signature for all
    """What libjpeg takes an unknown one for: YCbCr, or with inks YCCK."""
    transform = b"\2" if b"\4" in _components(data) else b"\1"
    note = "Adobe's marker names a transform of colours that there is not; the usual one was taken."
    return note, _replaced(data, APP14, ADOBE_TAG, TRANSFORM_AT, transform)


def _with_known_version(warning: str, data: bytes) -> tuple[str, bytes]:  # noqa: ARG001 - one signature for all
    note = "Its JFIF header has a version that there is not."
    return note, _replaced(data, APP0, JFIF_TAG, len(JFIF_TAG), JFIF_VERSION)


def _without_profile(warning: str, data: bytes) -> tuple[str, bytes]:  # noqa: ARG001 - one signature for all
    whole = bytearray(data)
    for segment in reversed(list(segments(WholeFile(data)))):
        if segment.marker == APP2 and data.startswith(ICC_TAG, segment.start):
            del whole[segment.start - SEGMENT_HEAD : segment.stop]
    return LEFT_OUT, bytes(whole)


def _components(data: bytes) -> bytes:
    """How many components the first scan has, as it is written."""
    scan = next(segment for segment in segments(WholeFile(data)) if segment.marker == SOS)
    return data[scan.start : scan.start + 1]


def _replaced(data: bytes, marker: int, tag: bytes, offset: int, value: bytes) -> bytes:
    whole = bytearray(data)
    for segment in segments(WholeFile(data)):
        start = segment.start + offset
        if segment.marker == marker and data.startswith(tag, segment.start) and start < segment.stop:
            whole[start : start + len(value)] = value
    return bytes(whole)


MENDS: dict[str, Callable[[str, bytes], tuple[str, bytes]]] = {
    "extraneous bytes before marker 0xd9": _without_padding,
    "Invalid SOS parameters": _with_sequential_scans,
    "Unknown Adobe color transform": _with_known_transform,
    "unknown JFIF revision": _with_known_version,
    "bad ICC marker": _without_profile,
}
"""What libjpeg says, and what puts it right."""
