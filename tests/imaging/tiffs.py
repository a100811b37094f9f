"""TIFFs for the tests: written by tifffile, or put together from their tags where no library writes such a thing."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile

from tilework.imaging.formats import Header, Picture, decode, probe, read_metadata
from tilework.imaging.formats.metadata import Metadata
from tilework.imaging.limits import Limits
from tilework.imaging.sources import BytesSource

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image

SHORT, LONG, ASCII, RATIONAL, LONG8, IFD = 3, 4, 2, 5, 16, 13
SIZES = {1: 1, ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8, 7: 1, IFD: 4, LONG8: 8}
CODES = {1: "B", SHORT: "H", LONG: "I", LONG8: "Q", IFD: "I"}
Tags = Mapping[int, tuple[int, Any]]


def written(array: Image, **options: Any) -> bytes:
    """By tifffile, with nothing but the tags that the options ask for."""
    file = io.BytesIO()
    tifffile.imwrite(file, array, **{"metadata": None, "software": False, **options})
    return file.getvalue()


def read(data: bytes, page: int | None = None, limits: Limits | None = None) -> Picture:
    return everything(data, page, limits)[1]


def everything(
    data: bytes, page: int | None = None, limits: Limits | None = None
) -> tuple[Header, Picture, Metadata, tuple[str, ...]]:
    """Header, picture, metadata and all notes."""
    header, metadata = read_metadata(data, probe(BytesSource(data), limits or Limits(), page))
    found = decode(data, header)
    assert found.picture.pixels == header.pixels
    return header, found.picture, metadata, (*header.notes, *metadata.notes, *found.notes)


def grey(
    width: int, height: int, offset: int, length: int, **more: tuple[int, Any]
) -> dict[int, tuple[int, Any]]:
    """The tags of an uncompressed grey page in one strip; more by their numbers, as ``_259=(SHORT, 5)``."""
    tags: dict[int, tuple[int, Any]] = {
        256: (LONG, width),
        257: (LONG, height),
        258: (SHORT, 8),
        259: (SHORT, 1),
        262: (SHORT, 1),
        273: (LONG, offset),
        277: (SHORT, 1),
        278: (LONG, height),
        279: (LONG, length),
    }
    return tags | {int(name[1:]): value for name, value in more.items()}


def built(
    *pages: Tags, order: str = "<", big: bool = False, body: bytes = b"", loop: int | None = None
) -> bytes:
    """A TIFF of these pages; ``body`` follows the header at byte 16. The last page leads to page ``loop``."""
    file = bytearray(b"II" if order == "<" else b"MM")
    file += struct.pack(order + ("HHHQ" if big else "HI"), *((43, 8, 0, 0) if big else (42, 0)))
    file = file.ljust(16, b"\0") + body
    hook, positions = (8 if big else 4), []
    offset = "Q" if big else "I"
    for tags in pages:
        file += bytes(-len(file) % 8)
        positions.append(len(file))
        struct.pack_into(order + offset, file, hook, len(file))
        directory, values = _directory(tags, len(file), order, big=big)
        file += directory
        hook = len(file)
        file += bytes(8 if big else 4) + values
    if loop is not None:
        struct.pack_into(order + offset, file, hook, positions[loop])
    return bytes(file)


def _directory(tags: Tags, position: int, order: str, *, big: bool) -> tuple[bytes, bytes]:
    count, entry, offset, room = ("Q", "HHQ", "Q", 8) if big else ("H", "HHI", "I", 4)
    head, values = struct.pack(order + count, len(tags)), b""
    end = position + len(head) + len(tags) * (struct.calcsize("<" + entry) + room) + room
    for tag, (kind, value) in sorted(tags.items()):
        data = _value(kind, value, order)
        head += struct.pack(order + entry, tag, kind, len(data) // SIZES[kind])
        if len(data) <= room:
            head += data.ljust(room, b"\0")
        else:
            head += struct.pack(order + offset, end + len(values))
            values += data + bytes(len(data) % 2)
    return head, values


def _value(kind: int, value: Any, order: str) -> bytes:
    if isinstance(value, bytes):
        return value
    numbers: Sequence[int] = value if isinstance(value, (tuple, list)) else [value]
    if kind == RATIONAL:
        return struct.pack(f"{order}{len(numbers)}I", *numbers)
    return struct.pack(f"{order}{len(numbers)}{CODES[kind]}", *numbers)


def claim(data: bytes, tag: int, *, count: int | None = None, offset: int | None = None) -> bytes:
    """Change what a little-endian classic TIFF's first page says of one tag: its count, or where its value lies."""
    changed = bytearray(data)
    (position,) = struct.unpack_from("<I", data, 4)
    for index in range(struct.unpack_from("<H", data, position)[0]):
        entry = position + 2 + 12 * index
        if struct.unpack_from("<H", data, entry)[0] == tag:
            if count is not None:
                struct.pack_into("<I", changed, entry + 4, count)
            if offset is not None:
                struct.pack_into("<I", changed, entry + 8, offset)
            return bytes(changed)
    raise AssertionError(f"no tag {tag}")


def blue_first(array: Image) -> Image:
    """Colours of (height, width, 3 or more) as the project orders them."""
    return np.ascontiguousarray(array[:, :, 2::-1])


def packed(values: Image, bits: int) -> bytes:
    """Rows of (height, width) with so many bits a sample, each row up to a whole byte."""
    each = np.unpackbits(values[:, :, None], axis=2)[:, :, 8 - bits :]
    return np.packbits(each.reshape(len(values), -1), axis=1).tobytes()
