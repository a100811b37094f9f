"""Many small pieces of bytes in few objects, each large enough to be a part of an upload where it can be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tilework.imaging.stopwatch import timed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.jobs.stores import ObjectStore

CONTENT_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a piece lies: the number of its object in the bundle, and bytes."""

    item: int
    offset: int
    length: int


@dataclass(slots=True)
class Bundle:
    """Objects of ``least`` bytes and more, whose keys ``key`` tells by their numbers; one alone may be smaller.

    Twice as much is held in memory, so that what is left at the end joins the last object. Once all is stored,
    ``places`` tell of each piece where it lies, in the order in which they came, and ``sizes`` the bytes of the objects.
    """

    store: ObjectStore
    key: Callable[[int], str]
    least: int
    sizes: list[int] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    _full: list[bytes] = field(default_factory=list)
    _rest: list[bytes] = field(default_factory=list)
    _rest_bytes: int = 0

    def add(self, piece: bytes) -> None:
        """Take a piece. Raises ServiceError."""
        self._rest.append(piece)
        self._rest_bytes += len(piece)
        if self._rest_bytes >= self.least:
            self._store(self._full)
            self._full, self._rest, self._rest_bytes = self._rest, [], 0

    def close(self) -> None:
        """Store what is left."""
        self._store(self._full + self._rest)
        self._full, self._rest = [], []

    @timed("store")
    def _store(self, pieces: list[bytes]) -> None:
        if not pieces:
            return
        item, offset = len(self.sizes), 0
        for piece in pieces:
            self.places.append(Place(item, offset, len(piece)))
            offset += len(piece)
        self.store.put(self.key(item), b"".join(pieces), metadata={}, content_type=CONTENT_TYPE)
        self.sizes.append(offset)
