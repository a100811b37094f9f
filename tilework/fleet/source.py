"""One version of an object as imaging reads it."""

from __future__ import annotations

import contextlib
import os
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tilework.errors import ServiceError
from tilework.imaging.stopwatch import timed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tilework.jobs.stores import ObjectStore

WHOLE_BYTES = 8 * 2**20
"""An object up to this size is fetched by one request: for a photo a second one costs more than the bytes it spares."""


AHEAD_AT_ONCE = 4
AHEAD_BYTES = 16 * 2**20
"""Of what is fetched before it is asked for: the next row of tiles, packed."""


@dataclass(slots=True)
class _Ahead:
    """What is on its way, in threads of the process ``owner``: one that was forked from it has none of them."""

    pool: ThreadPoolExecutor
    coming: dict[tuple[int, int], Future[bytes]] = field(default_factory=dict)
    owner: int = field(default_factory=os.getpid)


@dataclass(slots=True)
class ObjectSource:
    """``size`` bytes at random access. Picklable until something is expected of it."""

    store: ObjectStore
    key: str
    version: str
    size: int
    _whole: bytes | None = None
    _ahead: _Ahead | None = None

    @timed("read")
    def read(self, start: int, stop: int) -> bytes:
        """Bytes [start, stop) of the version. Raises VersionGoneError, ServiceError."""
        if self.size > WHOLE_BYTES:
            ahead = self._mine()
            coming = ahead.coming.pop((start, stop), None) if ahead is not None else None
            if coming is not None:
                # what failed a while ago may be there now
                with contextlib.suppress(ServiceError):
                    return coming.result()
            return self._fetch(start, stop)
        if self._whole is None:
            self._whole = self._fetch(0, self.size)
        return self._whole[start:stop]

    def expect(self, ranges: Sequence[tuple[int, int]]) -> None:
        """Begin to fetch these ranges, as far as there is room for them; those of before are forgotten."""
        if self.size <= WHOLE_BYTES:
            return
        ahead = self._mine()
        if ahead is None:
            ahead = self._ahead = _Ahead(ThreadPoolExecutor(AHEAD_AT_ONCE, thread_name_prefix="ahead"))
        before, ahead.coming = ahead.coming, {}
        room = AHEAD_BYTES
        for each in ranges:
            room -= each[1] - each[0]
            if room < 0:
                break
            ahead.coming[each] = before.pop(each) if each in before else ahead.pool.submit(self._fetch, *each)
        for forgotten in before.values():
            forgotten.cancel()

    def rest(self) -> None:
        """Let no thread go on, as is wise before a fork: what is under way is waited for."""
        ahead, self._ahead = self._mine(), None
        if ahead is not None:
            ahead.pool.shutdown(cancel_futures=True)

    def _mine(self) -> _Ahead | None:
        return self._ahead if self._ahead is not None and self._ahead.owner == os.getpid() else None

    def _fetch(self, start: int, stop: int) -> bytes:
        return self.store.read(self.key, self.version, start, stop)
