"""The blocks of a GIF up to its picture, and what follows that. CompuServe's GIF89a; all numbers little-endian."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError, TooLargeError, UnsupportedFormatError
from tilework.imaging.windows import Size, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SCREEN_BYTES = 13
"""Signature, width and height of the screen, flags, background, shape of a pixel."""

PICTURE_BYTES = 9
"""Left, top, width, height, flags: what follows the comma that starts a picture."""

EXTENSION, PICTURE, TRAILER = b"!", b",", b";"
CONTROL, APPLICATION = 0xF9, 0xFF
TABLE_FLAG, INTERLACED_FLAG, TRANSPARENT_FLAG = 0x80, 0x40, 0x01
CONTROL_BYTES = 4
NAME_BYTES = 11
"""An application's name and code, its extension's first sub-block."""

CODE_BITS = range(1, 9)

MOST_SUB_BLOCKS = 100_000
"""Sub-blocks behind a picture: 25 MB at their full length."""

ZEROS = re.compile(rb"\0*")


@dataclass(frozen=True, slots=True)
class StillPicture:
    """What a GIF's blocks tell before its pixels.

    ``frame`` is the part of the ``canvas`` that the picture fills. ``table`` holds red, green, blue of each index;
    ``transparent`` is the index that is none. ``code_bits`` is the first size of codes, ``start`` where they begin.
    ``applications`` tells where the sub-blocks of an application's extension begin and end, by its name.
    """

    canvas: Size
    frame: Window
    table: bytes
    transparent: int | None
    interlaced: bool
    code_bits: int
    start: int
    applications: Mapping[bytes, tuple[int, int]]
    notes: tuple[str, ...]

    @property
    def fills_canvas(self) -> bool:
        """Whether nothing of the canvas stays empty."""
        return (self.frame.width, self.frame.height) == (self.canvas.width, self.canvas.height)


def blocks_to_pixels(read: Callable[[int, int], bytes], count: Callable[[], None]) -> StillPicture:
    """Walk the blocks up to the first picture's codes; ``count`` is called for each block and sub-block.

    ``read`` returns so many bytes from a place. Raises :class:`~tilework.errors.DamagedImageError`.
    """
    screen = read(0, SCREEN_BYTES)
    table, position = _table(read, SCREEN_BYTES, screen[10])
    transparent: int | None = None
    applications: dict[bytes, tuple[int, int]] = {}
    while (kind := read(position, 1)) != PICTURE:
        count()
        if kind == TRAILER:
            raise DamagedImageError("The GIF has no picture.")
        if kind == b"\0":
            position += 1
            continue
        if kind != EXTENSION:
            raise DamagedImageError(f"The GIF is broken at byte {position:,}: no block where one must be.")
        label, length = read(position + 1, 2)
        start, position = position + 2, _end_of_extension(read, position + 2, count)
        if label == CONTROL:
            transparent = _transparent(read(start, 1 + length))
        elif label == APPLICATION and length == NAME_BYTES:
            applications[read(start + 1, NAME_BYTES)] = (start + 1 + NAME_BYTES, position)
    fields = read(position + 1, PICTURE_BYTES)
    own, position = _table(read, position + 1 + PICTURE_BYTES, fields[8])
    canvas, frame, notes = _placed(screen, fields)
    return StillPicture(
        canvas=canvas,
        frame=frame,
        table=own or table,
        transparent=transparent,
        interlaced=bool(fields[8] & INTERLACED_FLAG),
        code_bits=read(position, 1)[0],
        start=position + 1,
        applications=applications,
        notes=notes,
    )


def _table(read: Callable[[int, int], bytes], position: int, flags: int) -> tuple[bytes, int]:
    """The colour table that ``flags`` announce, and where it ends."""
    length = 3 << (flags & 7) + 1 if flags & TABLE_FLAG else 0
    return read(position, length) if length else b"", position + length


def _end_of_extension(read: Callable[[int, int], bytes], position: int, count: Callable[[], None]) -> int:
    while length := read(position, 1)[0]:
        count()
        position += 1 + length
    return position + 1


def _transparent(block: bytes) -> int | None:
    """The transparent index that a graphic control block names, its length before it."""
    if len(block) <= CONTROL_BYTES or not block[1] & TRANSPARENT_FLAG:
        return None
    return block[4]


def _placed(screen: bytes, fields: bytes) -> tuple[Size, Window, tuple[str, ...]]:
    """The canvas and the picture's place on it. As browsers do, a screen that is too small grows around its picture."""
    wide, high = struct.unpack_from("<HH", screen, 6)
    left, top, width, height = struct.unpack_from("<HHHH", fields)
    if not width or not height:
        raise DamagedImageError(f"The GIF's header says {width} x {height} pixels.")
    canvas = Size(max(wide, left + width), max(high, top + height))
    grown = (canvas.width, canvas.height) != (wide, high)
    notes = (f"Its picture reaches beyond its screen of {wide} x {high} pixels, which was widened.",)
    return canvas, Window(left, top, left + width, top + height), notes if grown else ()


def end_of_sub_blocks(data: bytes, position: int, most: int) -> int | None:
    """Where the sub-blocks from ``position`` end, their terminator included; None where ``data`` ends before that.

    Raises :class:`~tilework.errors.DamagedImageError` where they go on for more than ``most`` bytes.
    """
    last = position + most
    length = len(data)
    while position < length:
        step = data[position]
        position += 1 + step
        if not step:
            return position
        if position > last:
            raise DamagedImageError(
                f"The GIF's picture data goes on behind byte {last:,}, for more than its pixels can need."
            )
    return None


def refuse_second_picture(data: bytes, position: int) -> int | None:
    """Walk what follows a picture that ends at ``position``; return where the file's blocks end, None if they do not.

    Raises :class:`~tilework.errors.UnsupportedFormatError` for a second picture, and
    :class:`~tilework.errors.TooLargeError` for more than :data:`MOST_SUB_BLOCKS` sub-blocks.
    """
    left = MOST_SUB_BLOCKS
    while True:
        found = ZEROS.match(data, position)
        position = found.end() if found else position
        kind = data[position : position + 1]
        if kind == PICTURE:
            raise UnsupportedFormatError(
                "The file is an animated GIF, or one of several pictures; single pictures are read."
            )
        if kind != EXTENSION:
            return position + 1 if kind == TRAILER else position if kind else None
        position += 2
        step = 1
        while position < len(data) and step:
            step = data[position]
            position += 1 + step
            left -= 1
            if not left:
                raise TooLargeError(f"More than {MOST_SUB_BLOCKS:,} sub-blocks follow the GIF's picture.")


def sub_blocks(data: bytes, position: int) -> Iterator[bytes]:
    """What the sub-blocks from ``position`` hold, one after the other."""
    while step := data[position]:
        yield data[position + 1 : position + 1 + step]
        position += 1 + step
