"""The presets of a deployment: those in its input bucket, before those that come with Tilework."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tilework.errors import VersionGoneError
from tilework.jobs.object_keys import PRESETS
from tilework.jobs.preset_file import MOST_BYTES, read_presets, too_long
from tilework.jobs.presets import Presets

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.jobs.stores import ObjectInfo, ObjectStore

LOOK_LIFE_SECONDS = 5.0
"""How long one look at the bucket is good for, while a backlog is worked off."""

CLOCKS_APART = 2.0
"""Seconds by which a drop must be older than a look: S3 tells whole seconds, by a clock that is not ours."""


class BucketPresets:
    """Reads ``.tilework/presets.toml`` of ``inputs``, above ``shipped``. Thread-safe.

    ``clock`` gives seconds since the epoch. A look costs one HEAD; the file is read only when it is another.
    """

    def __init__(self, inputs: ObjectStore, shipped: Presets, clock: Callable[[], float]) -> None:
        self._inputs = inputs
        self._shipped = shipped
        self._clock = clock
        self._lock = threading.Lock()
        self._looked = 0.0
        self._file: ObjectInfo | None = None
        self._found = Presets()

    def latest(self) -> Presets:
        """The presets as they are now. Raises ServiceError, AccessDeniedError."""
        with self._lock:
            return self._look()

    def of_drop(self, dropped: float) -> Presets:
        """The presets for an image dropped at ``dropped`` (seconds since the epoch): never older than the image.

        So whoever puts a preset in place, then drops an image, gets that preset. Raises ServiceError,
        AccessDeniedError.
        """
        with self._lock:
            seen = dropped + CLOCKS_APART <= self._looked
            if seen and self._clock() < self._looked + LOOK_LIFE_SECONDS:
                return self._found.over(self._shipped)
            return self._look()

    def _look(self) -> Presets:
        now = self._clock()
        try:
            file = self._inputs.head(PRESETS)
            if file != self._file:
                self._found = self._read(file)
            self._file = file
        except VersionGoneError:
            self._found, self._file = Presets(), None
        self._looked = now
        return self._found.over(self._shipped)

    def _read(self, file: ObjectInfo) -> Presets:
        if file.size > MOST_BYTES:
            return too_long(PRESETS)
        return read_presets(self._inputs.read(PRESETS, file.version, 0, file.size), PRESETS)
