"""Decoded strips and tiles that are kept for the next window, and memory that is used again and again.

Fresh memory costs about half as much as decoding a JPEG into it: the system clears each page of it first.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image


@dataclass(slots=True)
class SegmentCache:
    """At most ``most`` bytes of decoded segments by their numbers: those that were used last.

    One segment beyond that is in the making.
    """

    most: int
    held: int = 0
    kept: OrderedDict[int, tuple[Image, Image | None]] = field(default_factory=OrderedDict)
    spare: Image | None = None
    making: Image | None = None

    def get(self, number: int) -> Image | None:
        """A segment that is kept, as (rows, columns, samples)."""
        if number not in self.kept:
            return None
        self.kept.move_to_end(number)
        return self.kept[number][0]

    def room(self, length: int) -> Image:
        """So many bytes, not cleared, for the segment in the making; they hold until :meth:`keep` or the next call."""
        import numpy as np

        if self.spare is None or self.spare.size < length:
            self.spare = np.empty(length, np.uint8)
        self.making, self.spare = self.spare, None
        return self.making[:length]

    def keep(self, number: int, pixels: Image) -> None:
        """Keep a segment that has just been made, in the stead of those whose last use is longest ago."""
        import numpy as np

        making, self.making = self.making, None
        if pixels.nbytes > self.most:
            self.spare = making if making is not None else self.spare
            return
        while self.held + pixels.nbytes > self.most:
            _, (dropped, room) = self.kept.popitem(last=False)
            self.held -= dropped.nbytes
            self.spare = room if room is not None else self.spare
        if making is not None and not np.may_share_memory(pixels, making):
            making, self.spare = None, making
        # read-only is what lies in the bytes that were fetched, of which it would keep all
        self.kept[number] = (pixels if pixels.flags.writeable else pixels.copy(), making)
        self.held += pixels.nbytes
