"""Tiles of a JPEG 2000 as codestreams of their own, for tiles refer to nothing outside them. ITU-T T.800, annex A.

Each stays where it lies on the reference grid: so all that is counted from there (subbands, precincts, code-blocks) is
as it was, and so are the pixels.
"""

from __future__ import annotations

import dataclasses
import struct
from typing import TYPE_CHECKING

from tilework.errors import TooLargeError
from tilework.imaging.formats.header_reader import WholeFile
from tilework.imaging.formats.jp2_codestream import ADVICE, END, SOT, SOT_BYTES, START, markers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.imaging.formats.jp2_codestream import Corners, Frame, Tiles

TLM, PLM, PPM, COM = 0xFF55, 0xFF57, 0xFF60, 0xFF64
ABOUT_ALL = frozenset({TLM, PLM, COM})
"""Markers that tell of all tiles what no decoder needs, and comments."""

CORNERS_AT = 8
"""Of the main header: after SOC, SIZ, its length and its capabilities."""


def main_header(codestream: memoryview, frame: Frame) -> bytes:
    """Return the main header without what it tells of all tiles.

    Raises :class:`~tilework.errors.TooLargeError` where it holds the packets' headers of several tiles.
    """
    parts = [START[:2]]
    for marker, start, stop in markers(WholeFile(codestream), 0):
        if marker == PPM and frame.tiles > 1:
            raise TooLargeError(
                "The JPEG 2000 keeps its tiles' packet headers in one place (PPM), and is too large to be decoded whole.",
                advice=ADVICE,
            )
        if marker != SOT and marker not in ABOUT_ALL:
            parts.append(bytes(codestream[start - 4 : stop]))
    return b"".join(parts)


def tile_codestream(
    codestream: memoryview, header: bytes, tiles: Tiles, tile: int, corners: Corners
) -> Iterator[bytes | memoryview]:
    """Yield, piece by piece, the codestream of one tile with its ``corners``; ``header`` is what main_header gives."""
    places = struct.pack(">8I", *dataclasses.astuple(corners))
    yield header[:CORNERS_AT] + places + header[CORNERS_AT + len(places) :]
    for part in tiles.parts[tile]:
        start = bytes(codestream[part.start : part.start + SOT_BYTES])
        marker, fields, _, _, number, count = struct.unpack(">HHHIBB", start)
        yield struct.pack(">HHHIBB", marker, fields, 0, part.stop - part.start, number, count)
        yield codestream[part.start + SOT_BYTES : part.stop]
    yield END
