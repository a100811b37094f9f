"""One version of an object as imaging reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tilework.jobs.stores import ObjectStore

WHOLE_BYTES = 8 * 2**20
"""An object up to this size is fetched by one request: for a photo a second one costs more than the bytes it spares."""


@dataclass(slots=True)
class ObjectSource:
    """``size`` bytes at random access."""

    store: ObjectStore
    key: str
    version: str
    size: int
    _whole: bytes | None = None

    def read(self, start: int, stop: int) -> bytes:
        """Bytes [start, stop) of the version. Raises VersionGoneError, ServiceError."""
        if self.size > WHOLE_BYTES:
            return self.store.read(self.key, self.version, start, stop)
        if self._whole is None:
            self._whole = self.store.read(self.key, self.version, 0, self.size)
        return self._whole[start:stop]
