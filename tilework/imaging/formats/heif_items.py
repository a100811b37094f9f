"""The items of a HEIF file, which HEIC and AVIF share: what its meta box says of them (ISO/IEC 14496-12, 8.11)."""

from __future__ import annotations

import struct
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError, UnsupportedFormatError
from tilework.imaging.formats.isobmff import FULL_BYTES, Box, Fields, boxes, fields, payload

if TYPE_CHECKING:
    from tilework.imaging.formats.header_reader import HeaderReader

SEQUENCE_BRANDS = frozenset({b"msf1", b"avis", b"hevc", b"hevx", b"vvcs", b"evcs"})
"""Brands of files that hold a sequence of pictures, with times, in a moov box beside the items."""

IN_FILE, IN_IDAT = 0, 1
"""Where an item's bytes are: at positions of the file, or within the meta box's own idat."""

MIME_INFO_VERSIONS = (2, 3)
"""Versions of an item's entry that tell its type in four letters; earlier ones are of no picture."""

Extent = tuple[int, int]
"""Where some bytes of an item start in the file, and where they stop."""


@dataclass(slots=True)
class Item:
    """An item: its ``type`` (``hvc1``, ``grid``, ``Exif`` …), its properties in their order, and where it lies."""

    id: int
    type: bytes = b""
    content_type: bytes = b""
    properties: list[Box] = field(default_factory=list)
    extents: list[Extent] = field(default_factory=list)

    def property(self, name: bytes) -> Box | None:
        """The first property of a type."""
        return next((box for box in self.properties if box.type == name), None)


@dataclass(slots=True)
class Items:
    """All items by their number, ``primary`` the number of the picture to be shown.

    ``references`` holds, by type and the number of the item from which they go, the numbers to which they go.
    """

    primary: int = 0
    by_id: dict[int, Item] = field(default_factory=dict)
    references: dict[tuple[bytes, int], tuple[int, ...]] = field(default_factory=dict)

    def referring(self, kind: bytes, target: int) -> list[Item]:
        """Items from which a reference of this type goes to ``target``."""
        return [
            self.by_id[source]
            for (name, source), targets in self.references.items()
            if name == kind and target in targets and source in self.by_id
        ]


def read_items(reader: HeaderReader) -> Items:
    """Read the meta box of a HEIF file.

    Raises :class:`~tilework.errors.DamagedImageError`, :class:`~tilework.errors.TooLargeError` for more parts than
    the limits allow, and :class:`~tilework.errors.UnsupportedFormatError` for a sequence of pictures.
    """
    meta: Box | None = None
    brands: frozenset[bytes] = frozenset()
    for box in boxes(reader, 0, reader.size):
        if box.type == b"ftyp":
            data = payload(reader, box)
            brands = frozenset(data[index : index + 4] for index in range(0, len(data), 4) if index != 4)  # noqa: PLR2004
        elif box.type == b"moov" and brands & SEQUENCE_BRANDS:
            raise UnsupportedFormatError("The file is a sequence of pictures; single pictures are read.")
        elif box.type == b"meta" and meta is None:
            meta = box
        if meta is not None and not brands & SEQUENCE_BRANDS:
            break
    if meta is None:
        raise DamagedImageError("The file has no list of its pictures (meta).")
    return _Meta(reader).read(meta)


class _Meta:
    """What is found in a meta box, while it is read."""

    def __init__(self, reader: HeaderReader) -> None:
        self.reader = reader
        self.items = Items()

    def read(self, meta: Box) -> Items:
        found = {box.type: box for box in boxes(self.reader, meta.start + FULL_BYTES, meta.stop)}
        for name in (b"pitm", b"iinf", b"iprp"):
            if name not in found:
                raise DamagedImageError(f"The file's list of pictures lacks its box {name.decode()}.")
        primary, version = self._full(found[b"pitm"])
        self.items.primary = primary.number(4 if version else 2)
        self._infos(found[b"iinf"])
        self._properties(found[b"iprp"])
        if b"iloc" in found:
            self._locations(found[b"iloc"], found.get(b"idat"))
        if b"iref" in found:
            self._references(found[b"iref"])
        return self.items

    def _full(self, box: Box) -> tuple[Fields, int]:
        """The fields of a full box after its version and flags, and the version."""
        read = fields(self.reader, box)
        version = read.number(1)
        read.take(3)
        return read, version

    def _infos(self, iinf: Box) -> None:
        version = self.reader.read_anywhere(iinf.start, 1)[0] if iinf.size else 0
        for box in boxes(self.reader, iinf.start + FULL_BYTES + (4 if version else 2), iinf.stop):
            read, version = self._full(box)
            if box.type != b"infe" or version not in MIME_INFO_VERSIONS:
                continue
            item = Item(read.number(2 if version == MIME_INFO_VERSIONS[0] else 4))
            read.take(2)
            item.type = read.take(4)
            read.text()
            item.content_type = read.text() if item.type == b"mime" else b""
            if item.id in self.items.by_id:
                raise DamagedImageError(f"The file has two items of the number {item.id}.")
            self.items.by_id[item.id] = item

    def _properties(self, iprp: Box) -> None:
        found = list(boxes(self.reader, iprp.start, iprp.stop))
        every = [
            box for part in found if part.type == b"ipco" for box in boxes(self.reader, part.start, part.stop)
        ]
        for part in found:
            if part.type == b"ipma":
                self._associations(part, every)

    def _associations(self, ipma: Box, every: list[Box]) -> None:
        read, version = self._full(ipma)
        wide = self.reader.read_anywhere(ipma.start + 3, 1)[0] & 1
        for _ in range(read.number(4)):
            self.reader.count_part()
            item = self.items.by_id.get(read.number(4 if version else 2))
            count = read.number(1)
            listed = read.take(count * (2 if wide else 1))
            indices = (
                [index & 0x7FFF for index in struct.unpack(f">{count}H", listed)]
                if wide
                else [index & 0x7F for index in listed]
            )
            if item is None:
                continue
            if item.properties or max(indices, default=0) > len(every):
                raise DamagedImageError(
                    f"The file's item {item.id} has a property that is not there, or has all twice."
                )
            item.properties = [every[index - 1] for index in indices if index]

    def _locations(self, iloc: Box, idat: Box | None) -> None:
        read, version = self._full(iloc)
        offset_size, length_size = divmod(read.number(1), 16)
        base_size, index_size = divmod(read.number(1), 16)
        sizes = (offset_size, length_size, base_size, index_size if version else 0)
        wide = 4 if version > 1 else 2
        for _ in range(read.number(wide)):
            self.reader.count_part()
            item = self.items.by_id.get(read.number(wide))
            method = read.number(2) & 15 if version else IN_FILE
            read.take(2)
            extents = self._extents(read, sizes)
            if item is not None and method == IN_FILE:
                item.extents = [(start, start + length) for start, length in extents]
            elif item is not None and method == IN_IDAT and idat is not None:
                item.extents = [
                    (idat.start + start, idat.start + start + length) for start, length in extents
                ]

    def _extents(self, read: Fields, sizes: tuple[int, int, int, int]) -> list[Extent]:
        """Offset and length of each extent of the next item."""
        offset_size, length_size, base_size, index_size = sizes
        base, found = read.number(base_size), []
        for _ in range(read.number(2)):
            self.reader.count_part()
            read.take(index_size)
            found.append((base + read.number(offset_size), read.number(length_size)))
        return found

    def _references(self, iref: Box) -> None:
        version = self.reader.read_anywhere(iref.start, 1)[0] if iref.size else 0
        wide = 4 if version else 2
        found: dict[tuple[bytes, int], list[int]] = defaultdict(list)
        for box in boxes(self.reader, iref.start + FULL_BYTES, iref.stop):
            read = fields(self.reader, box)
            source = read.number(wide)
            targets = Fields(read.take(read.number(2) * wide), read.name)
            while targets.left:
                self.reader.count_part()
                found[box.type, source].append(targets.number(wide))
        self.items.references = {key: tuple(targets) for key, targets in found.items()}
