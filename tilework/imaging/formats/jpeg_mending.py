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

JFIF_VERSION = b"\1\2"
TRANSFORM_AT = 11
"""Where Adobe's segment says how colours were transformed: after its tag, a version and two flags."""


def mended(warning: str, data: memoryview) -> tuple[str, memoryview]:
    """Return a note about an oddity, and the file without it: a copy, or ``data`` itself where that may be changed.

    ``data`` ends with the first picture's end marker. Raises :class:`~tilework.errors.DamagedImageError` for a warning
    that means missing or wrong pixels.
    """
    for message, mend in MENDS.items():
        if message in warning:
            whole = memoryview(bytearray(data)) if data.readonly else data
            found = mend(warning, whole)
            if found is not None:
                note, length = found
                return note, whole[:length]
    raise DamagedImageError(f"The JPEG's picture data is damaged: {warning}.")


def _without_padding(warning: str, data: memoryview) -> tuple[str, int] | None:
    """Some cameras fill up their files before the end marker, with the same byte again and again."""
    found = EXTRANEOUS.search(warning)
    count = int(found[1]) if found is not None else 0
    start = len(data) - len(END) - count
    if not count or len(set(data[start : -len(END)])) > 1:
        return None
    data[start : start + len(END)] = END
    return "Padding follows its last row.", start + len(END)


def _with_sequential_scans(warning: str, data: memoryview) -> tuple[str, int] | None:  # noqa: ARG001 - one signature
    """The values that a scan of all coefficients has."""
    places = [scan.stop - len(SEQUENTIAL) for scan in scan_headers(data)]
    changed = [_put(data, place, SEQUENTIAL) for place in places]
    note = "The header of its scan has values of a progressive JPEG, which it is not."
    return (note, len(data)) if any(changed) else None


def _with_known_transform(warning: str, data: memoryview) -> tuple[str, int] | None:  # noqa: ARG001 - one signature
    """What libjpeg takes an unknown one for: YCbCr, or with inks YCCK."""
    transform = b"\2" if _components(data) == b"\4" else b"\1"
    note = "Adobe's marker names a transform of colours that there is not; the usual one was taken."
    return (note, len(data)) if _replaced(data, APP14, ADOBE_TAG, TRANSFORM_AT, transform) else None


def _with_known_version(warning: str, data: memoryview) -> tuple[str, int] | None:  # noqa: ARG001 - one signature
    """The last one that there is."""
    note = "Its JFIF header has a version that there is not."
    return (note, len(data)) if _replaced(data, APP0, JFIF_TAG, len(JFIF_TAG), JFIF_VERSION) else None


def _without_profile(warning: str, data: memoryview) -> tuple[str, int] | None:  # noqa: ARG001 - one signature
    """A segment without its tag is none of a profile."""
    return (LEFT_OUT, len(data)) if _replaced(data, APP2, ICC_TAG, 0, bytes(len(ICC_TAG))) else None


def _components(data: memoryview) -> bytes:
    """How many components the first scan has, as it is written."""
    scan = next(segment for segment in segments(WholeFile(data)) if segment.marker == SOS)
    return bytes(data[scan.start : scan.start + 1])


def _replaced(data: memoryview, marker: int, tag: bytes, offset: int, value: bytes) -> bool:
    """Put ``value`` into each segment of that marker and tag; whether that changed anything."""
    changed = False
    for segment in segments(WholeFile(data)):
        start = segment.start + offset
        tagged = segment.marker == marker and data[segment.start : segment.start + len(tag)] == tag
        if tagged and start < segment.stop:
            changed = _put(data, start, value) or changed
    return changed


def _put(data: memoryview, start: int, value: bytes) -> bool:
    before = bytes(data[start : start + len(value)])
    data[start : start + len(before)] = value[: len(before)]
    return before != value


MENDS: dict[str, Callable[[str, memoryview], tuple[str, int] | None]] = {
    "extraneous bytes before marker 0xd9": _without_padding,
    "Invalid SOS parameters": _with_sequential_scans,
    "Unknown Adobe color transform": _with_known_transform,
    "unknown JFIF revision": _with_known_version,
    "bad ICC marker": _without_profile,
}
"""What libjpeg says, and what puts it right."""
