"""Decoded strips and tiles that are kept for the next window, and memory that is used again and again.

Fresh memory costs time, too: the system clears each page of it first.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.imaging.operations.contract import Image


@dataclass(slots=True)
class SegmentCache:
    """At most ``most`` bytes of decoded segments by their numbers, and one beyond that in the making."""

    most: int
    held: int = 0
    kept: dict[int, tuple[Image, Image | None]] = field(default_factory=dict)
    order: list[tuple[tuple[bool, int], int]] = field(default_factory=list)
    worth: Callable[[int], tuple[bool, int]] = lambda number: (True, number)
    spare: Image | None = None
    making: Image | None = None

    def get(self, number: int) -> Image | None:
        """A segment that is kept, as (rows, columns, samples)."""
        found = self.kept.get(number)
        return None if found is None else found[0]

    def arrange(self, worth: Callable[[int], tuple[bool, int]]) -> None:
        """From now on drop first what is worth least, by its number."""
        self.worth = worth
        self.order = [(worth(number), number) for number in self.kept]
        heapq.heapify(self.order)

    def room(self, length: int) -> Image:
        """So many bytes, not cleared, for the segment in the making; they hold until :meth:`keep` or the next call."""
        import numpy as np

        if self.spare is None or self.spare.size < length:
            self.spare = np.empty(length, np.uint8)
        self.making, self.spare = self.spare, None
        return self.making[:length]

    def keep(self, number: int, pixels: Image) -> None:
        """Keep a segment that has just been made, unless all others are worth more."""
        import numpy as np

        making, self.making = self.making, None
        if making is not None and not np.may_share_memory(pixels, making):
            making, self.spare = None, making
        self.kept[number] = (pixels, making)
        self.held += pixels.nbytes
        heapq.heappush(self.order, (self.worth(number), number))
        while self.held > self.most:
            dropped, room = self.kept.pop(heapq.heappop(self.order)[1])
            self.held -= dropped.nbytes
            self.spare = room if room is not None else self.spare
        if number in self.kept and not pixels.flags.writeable:
            # it lies in the bytes that were fetched, all of which it would keep
            self.kept[number] = (pixels.copy(), None)
