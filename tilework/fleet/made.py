"""What a unit has made, as its manifest tells it: where its tiles and arrays lie in the objects of its attempt."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from tilework.errors import UnreadableMessageError
from tilework.fleet.bundles import Place

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    Table: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.uint64]]

COLUMNS = 5
"""Of a table of tiles: level, number in the level, number of the object, offset, bytes."""


@dataclass(frozen=True, slots=True)
class Made:
    """``tiles`` (tiles, 5) of 64 bits: level, index, object, offset, bytes. ``sizes`` are the bytes of those objects.

    ``firsts`` are the bytes of the first tile of a level, each of which has an object of its own. ``arrays`` are the
    places of what was left for later stages, by the name of the set and that of the array in it.
    """

    tiles: Table
    sizes: tuple[int, ...] = ()
    firsts: Mapping[int, int] = field(default_factory=dict)
    arrays: Mapping[str, Mapping[str, Place]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seconds: float = 0.0


def tiles_name(item: int) -> str:
    """What an attempt calls an object of tiles."""
    return f"tiles-{item}"


def arrays_name(item: int) -> str:
    """What an attempt calls an object of arrays."""
    return f"arrays-{item}"


def first_name(level: int) -> str:
    """What an attempt calls the first tile of a level."""
    return f"first-{level}"


def made_text(made: Made) -> str:
    """As the manifest holds it."""
    table = base64.b85encode(zlib.compress(made.tiles.astype("<u8").tobytes(), 1)).decode()
    arrays = {
        name: {each: [place.item, place.offset, place.length] for each, place in found.items()}
        for name, found in made.arrays.items()
    }
    told = {
        "tiles": table,
        "sizes": made.sizes,
        "firsts": made.firsts,
        "arrays": arrays,
        "notes": made.notes,
        "seconds": round(made.seconds, 3),
    }
    return json.dumps(told, separators=(",", ":"))


def place_of(text: str, level: int, index: int) -> tuple[str, Place]:
    """The name of the object that holds a tile, and where it lies there, from what a manifest holds.

    Without NumPy, which who shows a tile may not have. Raises UnreadableMessageError, also where the unit has not made it.
    """
    try:
        told: dict[str, Any] = json.loads(text)
        if index == 0:
            return first_name(level), Place(0, 0, told["firsts"][str(level)])
        for row in struct.iter_unpack(f"<{COLUMNS}Q", _table(told)):
            if row[:2] == (level, index):
                return tiles_name(row[2]), Place(*row[2:])
    except (ValueError, KeyError, TypeError, AttributeError, zlib.error, struct.error) as error:
        raise UnreadableMessageError(f"A manifest lacks what it must have: {error!r:.200}.") from error
    raise UnreadableMessageError(f"A manifest does not tell of tile {index} of level {level}.")


def _table(told: dict[str, Any]) -> bytes:
    return zlib.decompress(base64.b85decode(told["tiles"]))


def made_of(text: str) -> Made:
    """The inverse of :func:`made_text`. Raises UnreadableMessageError."""
    import numpy as np

    try:
        told: dict[str, Any] = json.loads(text)
        table = np.frombuffer(_table(told), "<u8").reshape(-1, COLUMNS)
        return Made(
            table,
            tuple(told["sizes"]),
            {int(level): size for level, size in told["firsts"].items()},
            {
                name: {each: Place(*place) for each, place in found.items()}
                for name, found in told["arrays"].items()
            },
            tuple(told["notes"]),
            told["seconds"],
        )
    except (ValueError, KeyError, TypeError, AttributeError, zlib.error) as error:
        raise UnreadableMessageError(f"A manifest lacks what it must have: {error!r:.200}.") from error
