"""Tags of TIFF and EXIF directories that are carried over, as a tree, and the directories written from one.

An EXIF block is a small TIFF of such directories (CIPA DC-008, section 4.5); so the tags of a TIFF become the EXIF of a
JPEG, and the other way round.
"""

from __future__ import annotations

import struct
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tilework.errors import ImageError
from tilework.imaging.formats.tiff_directory import CODES, LONG

if TYPE_CHECKING:
    from collections.abc import Container

    from tilework.imaging.formats.tiff_directory import Directory

EXIF_DIRECTORY, GPS_DIRECTORY, INTEROPERABILITY_DIRECTORY = 34665, 34853, 40965
SUBDIRECTORIES = frozenset({EXIF_DIRECTORY, GPS_DIRECTORY, INTEROPERABILITY_DIRECTORY})
DEEPEST = 3
MOST_TREE_BYTES = 1 << 20
"""Bytes of one value of a directory below; maker notes have some 100 KiB."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag's type, count and value, the bytes of which are little-endian."""

    type: int
    count: int
    value: bytes


@dataclass(slots=True)
class Tree:
    """A directory's tags, and the directories below it by the tags that point to them."""

    tags: dict[int, Tag] = field(default_factory=dict)
    below: dict[int, Tree] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.tags or self.below)


def little_endian(kind: int, value: bytes, *, swap: bool) -> bytes:
    """Return a value's bytes in the other order where ``swap``, else as they are."""
    code = CODES[kind][-1]
    if not swap or code in {"s", "B", "b"}:
        return value
    numbers = array({"I": "I", "i": "I", "f": "I", "d": "Q", "q": "Q", "Q": "Q", "H": "H", "h": "H"}[code])
    numbers.frombytes(value)
    numbers.byteswap()
    return numbers.tobytes()


def read_tree(directory: Directory, wanted: Container[int] | None = None, depth: int = 1) -> Tree:
    """Read the tags that are wanted (None: all) and the directories below; what cannot be read is left out."""
    tree, file = Tree(), directory.file
    for tag, entry in directory.entries.items():
        if wanted is not None and tag not in wanted:
            continue
        try:
            if tag in SUBDIRECTORIES:
                if depth < DEEPEST:
                    tree.below[tag] = read_tree(file.directory(directory.number(tag, 0)), None, depth + 1)
            elif 0 < entry.length <= MOST_TREE_BYTES:
                value = little_endian(entry.type, file.value(entry), swap=file.order == ">")
                tree.tags[tag] = Tag(entry.type, entry.amount, value)
        except ImageError:
            continue
    return tree


def write_directory(tree: Tree, position: int, *, big: bool = False, following: int = 0) -> bytes:
    """Write a little-endian directory that will lie at ``position``, all that it points to behind it.

    ``following`` is the position of the next in its chain, 0 where it is the last.
    """
    count_code, entry_code, offset_code = ("Q", "HHQ", "Q") if big else ("H", "HHI", "I")
    room = struct.calcsize(f"<{offset_code}")
    tags = sorted({*tree.tags, *tree.below})
    size = struct.calcsize(f"<{count_code}") + len(tags) * (struct.calcsize(f"<{entry_code}") + room) + room
    head, tail = bytearray(struct.pack(f"<{count_code}", len(tags))), bytearray()
    for number in tags:
        tail += bytes(len(tail) % 2)
        end = position + size + len(tail)
        if number in tree.below:
            head += struct.pack(f"<{entry_code}{offset_code}", number, 18 if big else LONG, 1, end)
            tail += write_directory(tree.below[number], end, big=big)
            continue
        tag = tree.tags[number]
        head += struct.pack(f"<{entry_code}", number, tag.type, tag.count)
        if len(tag.value) <= room:
            head += tag.value.ljust(room, b"\0")
        else:
            head += struct.pack(f"<{offset_code}", end)
            tail += tag.value
    return bytes(head + following.to_bytes(room, "little") + tail)


def write_block(tree: Tree) -> bytes:
    """Write an EXIF block, from its byte order on."""
    return b"II*\0" + struct.pack("<I", 8) + write_directory(tree, 8)
