"""Holes of zeros in a JPEG's picture data, which a broken copy leaves behind, and which libjpeg may decode in silence.

A run of zero bits is a run of the first code of the Huffman tables. Where that code ends a block, it is a flat part of
the picture. Where it is a coefficient, it would be blocks in a row whose 63 coefficients are all alike: no picture has
those, and the copy lost something there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tilework.imaging.formats.header_reader import WholeFile
from tilework.imaging.formats.jpeg_frame import FRAMES
from tilework.imaging.formats.jpeg_segments import DHT, SOS, end_of_picture, payload_of, segments

if TYPE_CHECKING:
    from collections.abc import Iterator

HOLE = bytes(96)
HOLES = re.compile(re.escape(HOLE))
"""768 zero bits: four blocks whose coefficients take 3 bits each."""

END_OF_BLOCK = 0
COMPONENTS_AT = 5
"""Where a frame header counts its components (T.81, B.2.2)."""

LENGTHS = 16
"""Bytes that count the codes of each length, before the symbols themselves (T.81, B.2.4.2)."""


def find_hole(data: bytes | memoryview) -> int | None:
    """Where zeros stand for picture data in the first picture of a whole file; None where there is no such place."""
    scan = silent_scan(data)
    return None if scan is None else hole_after(data, scan)


def hole_after(data: bytes | memoryview, scan: int) -> int | None:
    """Where zeros stand for picture data from byte ``scan`` on."""
    # the search of bytes is ten times as quick, but what is mapped has none
    found = data.find(HOLE, scan) if isinstance(data, bytes) else _found(data, scan)
    return found if 0 <= found < (end_of_picture(data) or 0) else None


def _found(data: memoryview, scan: int) -> int:
    match = HOLES.search(data, scan)
    return -1 if match is None else match.start()


def silent_scan(head: bytes | memoryview) -> int | None:
    """Where the scan begins, if zeros in it are no picture data and decode in silence; it may end there."""
    first: dict[int, int] = {}
    components = 0
    for segment in segments(WholeFile(head)):
        payload = payload_of(WholeFile(head), segment)
        if segment.marker in FRAMES:
            components = payload[COMPONENTS_AT]
        if segment.marker == DHT:
            first |= dict(_first_symbols(payload))
        elif segment.marker == SOS:
            if payload[0] < components:
                # scans of one component each: a flat one, of chroma say, is all zeros
                return None
            tables = {0x10 | selectors & 15 for selectors in payload[2 : 1 + 2 * payload[0] : 2]}
            if all(first.get(table, END_OF_BLOCK) == END_OF_BLOCK for table in tables):
                return None
            return segment.stop
    return None


def _first_symbols(tables: bytes) -> Iterator[tuple[int, int]]:
    """The class and number of each table, and what its code of zeros means."""
    position = 0
    while position + LENGTHS + 1 < len(tables):
        symbols = position + 1 + LENGTHS
        yield tables[position], tables[symbols]
        position = symbols + sum(tables[position + 1 : symbols])
