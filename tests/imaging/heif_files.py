"""HEIF files built box by box, of pieces that encoders made or of none: what no encoder at hand writes."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

ALPHA = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"
TRANSFORMS = (b"clap", b"irot", b"imir")
ESSENTIAL = 0x8000


def box(name: bytes, *parts: bytes) -> bytes:
    payload = b"".join(parts)
    return struct.pack(">I4s", len(payload) + 8, name) + payload


def full(name: bytes, version: int, *parts: bytes) -> bytes:
    return box(name, bytes((version, 0, 0, 0)), *parts)


def ispe(width: int, height: int) -> bytes:
    return full(b"ispe", 0, struct.pack(">II", width, height))


def clap(width: int, height: int, across: int = 0, down: int = 0, denominator: int = 1) -> bytes:
    """Offsets count in halves of a pixel."""
    return box(
        b"clap",
        struct.pack(">4I", width, denominator, height, denominator),
        struct.pack(">iIiI", across, 2, down, 2),
    )


def irot(quarters: int) -> bytes:
    return box(b"irot", bytes((quarters,)))


def imir(axis: int) -> bytes:
    return box(b"imir", bytes((axis,)))


HVC1 = box(b"hvcC", bytes((1, 1)) + bytes(14) + b"\xfd\xf8\xf8" + bytes(2) + b"\x0f\0")
"""The description of 8-bit colour with lengths of four bytes, and no parameter sets."""

AV01 = box(b"av1C", b"\x81\x00\x0c\x00")


@dataclass(frozen=True)
class Entry:
    """An item of a file: its properties are whole boxes."""

    id: int
    type: bytes
    data: bytes = b"\0\0\0\x02\x40\x01"
    properties: tuple[bytes, ...] = ()
    extra: bytes = field(default=b"")


def heif(brands: bytes, *entries: Entry, references: tuple[tuple[bytes, int, tuple[int, ...]], ...] = (), primary: int = 1, after: bytes = b"") -> bytes:  # fmt: skip
    """A file of a major brand and compatible ones, in groups of four letters, and of items."""
    ftyp = box(b"ftyp", brands[:4], bytes(4), brands)
    size = len(_meta(entries, references, primary, 0))
    meta = _meta(entries, references, primary, len(ftyp) + size + 8)
    return ftyp + meta + box(b"mdat", *(entry.data for entry in entries)) + after


def _meta(
    entries: tuple[Entry, ...],
    references: tuple[tuple[bytes, int, tuple[int, ...]], ...],
    primary: int,
    start: int,
) -> bytes:
    infos = [
        full(b"infe", 2, struct.pack(">HH", entry.id, 0), entry.type, b"\0", entry.extra) for entry in entries
    ]
    places, position = [], start
    for entry in entries:
        places.append(struct.pack(">HHHII", entry.id, 0, 1, position, len(entry.data)))
        position += len(entry.data)
    properties = [piece for entry in entries for piece in entry.properties]
    links, number = [], 1
    for entry in entries:
        indices = [
            each | (ESSENTIAL if piece[4:8] in TRANSFORMS else 0)
            for each, piece in enumerate(entry.properties, number)
        ]
        number += len(indices)
        links.append(
            struct.pack(">HB", entry.id, len(indices)) + b"".join(struct.pack(">H", each) for each in indices)
        )
    ipma = box(b"ipma", b"\0\0\0\1", struct.pack(">I", len(entries)), *links)
    iref = [
        box(kind, struct.pack(">HH", source, len(targets)), *(struct.pack(">H", each) for each in targets))
        for kind, source, targets in references
    ]
    return full(
        b"meta", 0,
        full(b"hdlr", 0, bytes(4), b"pict", bytes(13)),
        full(b"pitm", 0, struct.pack(">H", primary)),
        full(b"iloc", 0, b"\x44\0", struct.pack(">H", len(entries)), *places),
        full(b"iinf", 0, struct.pack(">H", len(entries)), *infos),
        box(b"iprp", box(b"ipco", *properties), ipma),
        *([full(b"iref", 0, *iref)] if iref else []),
    )  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """A coded picture taken out of an encoder's file: its description's box, and its data."""

    configuration: bytes
    data: bytes

    def entry(self, number: int, kind: bytes, *properties: bytes) -> Entry:
        return Entry(number, kind, self.data, (self.configuration, *properties))


def piece(file: bytes, configuration: bytes) -> Piece:
    """Of a file whose one picture fills its mdat."""
    start = file.index(configuration) - 4
    mdat = file.index(b"mdat") - 4
    return Piece(
        file[start : start + int.from_bytes(file[start : start + 4])],
        file[mdat + 8 : mdat + int.from_bytes(file[mdat : mdat + 4])],
    )
