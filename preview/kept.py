"""What stays of an image that was looked at: it, open, and how it is zoomed; or a file that somebody sent."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from preview.coarse import ReadingTurn
from preview.zooming import Zoomed

if TYPE_CHECKING:
    from preview.opened import Opened
    from tilework.imaging.limits import Limits
    from tilework.imaging.sources import Source


class KeptImage:
    """An image that is open; ``beside`` are bytes of its file that its source holds. For several threads.

    ``turn`` is that of reading a whole image once to show it small.
    """

    def __init__(
        self,
        opened: Opened,
        source: Source,
        limits: Limits,
        *,
        turn: ReadingTurn | None = None,
        beside: int = 0,
    ) -> None:
        self.opened = opened
        self._source = source
        self._limits = limits
        self._turn = turn or ReadingTurn()
        self._beside = beside
        self._lock = threading.Lock()
        self._zoomed: Zoomed | None = None

    @property
    def bytes(self) -> int:
        """All that it takes of the memory."""
        zoomed = self._zoomed
        return self.opened.bytes + self._beside + (0 if zoomed is None else zoomed.bytes)

    def zoomed(self) -> Zoomed:
        """It as it is zoomed. Raises ImageError, ServiceError, NotZoomableError."""
        with self._lock:
            if self._zoomed is None:
                self._zoomed = Zoomed(self.opened, self._source, self._limits, self._turn)
            return self._zoomed


class KeptFile:
    """A file that somebody sent."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    @property
    def bytes(self) -> int:
        """All that it takes of the memory."""
        return len(self.data)
