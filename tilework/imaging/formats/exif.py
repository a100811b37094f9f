"""The little of EXIF that a result must get right: orientation, size, and no thumbnail of what it no longer shows.

EXIF is a TIFF structure: a byte order, then directories of 12-byte entries (tag, type, count, value or offset); see
CIPA DC-008 (Exif 2.32), section 4.5. What cannot be followed is left as it is.
"""

from __future__ import annotations

import contextlib
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.imaging.windows import Size

ORIENTATION = 0x0112
EXIF_DIRECTORY = 0x8769
WIDTH, HEIGHT = 0xA002, 0xA003
THUMBNAIL_OFFSET, THUMBNAIL_LENGTH = 0x0201, 0x0202
LONG = 4
UPRIGHT = 1
ORIENTATIONS = range(1, 9)
ENTRY_BYTES = 12


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry: its tag, its type, and where its value (or the offset of it) lies."""

    tag: int
    type: int
    position: int


class _Directories:
    """An EXIF block's bytes, changeable, with the byte order it names."""

    def __init__(self, exif: bytes) -> None:
        self.data = bytearray(exif)
        order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
        if order is None:
            raise ValueError("no TIFF header")
        self.order = order

    def get(self, code: str, position: int) -> int:
        value: int = struct.unpack_from(self.order + code, self.data, position)[0]
        return value

    def put(self, code: str, position: int, value: int) -> None:
        struct.pack_into(self.order + code, self.data, position, value)

    def entries(self, directory: int) -> Iterator[_Entry]:
        for index in range(self.get("H", directory)):
            start = directory + 2 + index * ENTRY_BYTES
            yield _Entry(self.get("H", start), self.get("H", start + 2), start + 8)

    def next_position(self, directory: int) -> int:
        """Where the offset of the following directory is written."""
        return directory + 2 + self.get("H", directory) * ENTRY_BYTES


def orientation(exif: bytes) -> int:
    """Return the orientation, 1 to 8, of an EXIF block (from its byte order on); 1 where none can be read."""
    try:
        block = _Directories(exif)
        for entry in block.entries(block.get("I", 4)):
            if entry.tag == ORIENTATION:
                value = block.get("I" if entry.type == LONG else "H", entry.position)
                return value if value in ORIENTATIONS else UPRIGHT
    except (struct.error, ValueError):
        pass
    return UPRIGHT


def for_upright(exif: bytes, size: Size) -> bytes:
    """Return the block for an upright result of ``size``: orientation 1, its size, no thumbnail.

    The thumbnail would show the image before the operations, and viewers prefer it to the image.
    """
    try:
        block = _Directories(exif)
    except ValueError:
        return exif
    for change in (_put_upright, _drop_thumbnail):
        with contextlib.suppress(struct.error):
            change(block, size)
    return bytes(block.data)


def _put_upright(block: _Directories, size: Size) -> None:
    for entry in block.entries(block.get("I", 4)):
        if entry.tag == ORIENTATION:
            block.put("I" if entry.type == LONG else "H", entry.position, UPRIGHT)
        elif entry.tag == EXIF_DIRECTORY:
            with contextlib.suppress(struct.error):
                _put_size(block, block.get("I", entry.position), size)


def _put_size(block: _Directories, directory: int, size: Size) -> None:
    for entry in block.entries(directory):
        if entry.tag in {WIDTH, HEIGHT}:
            side = size.width if entry.tag == WIDTH else size.height
            if entry.type == LONG:
                block.put("I", entry.position, side)
            elif side <= 0xFFFF:  # noqa: PLR2004 - what a SHORT holds
                block.put("H", entry.position, side)


def _drop_thumbnail(block: _Directories, size: Size) -> None:  # noqa: ARG001 - one signature for all changes
    """Unhook the directory after the first, which describes the thumbnail, and blank the thumbnail's bytes."""
    hook = block.next_position(block.get("I", 4))
    directory = block.get("I", hook)
    if not directory:
        return
    block.put("I", hook, 0)
    found = {entry.tag: block.get("I", entry.position) for entry in block.entries(directory)}
    start, length = found.get(THUMBNAIL_OFFSET, 0), found.get(THUMBNAIL_LENGTH, 0)
    if start and start + length <= len(block.data):
        block.data[start : start + length] = bytes(length)
