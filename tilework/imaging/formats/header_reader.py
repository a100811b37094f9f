"""Reading a header in few ranges: the first 256 KiB at once, and more only where the header goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tilework.errors import DamagedImageError, TooLargeError
from tilework.imaging.limits import KIB

if TYPE_CHECKING:
    from tilework.imaging.limits import Limits
    from tilework.imaging.sources import Source

HEAD_BYTES = 256 * KIB
"""First read: an EXIF segment has at most 64 KiB, and few headers are longer than three of those."""

STRIDE_BYTES = 64 * KIB
"""Later reads, so that a run of small segments costs one of them."""

FAR_BYTES = 8 * KIB
"""Reads anywhere in the file: a TIFF directory with what it points to, which writers put beside it."""


class HeaderReader:
    """The bytes of a source, within the limits of a header."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self.source = source
        self.limits = limits
        self.size = source.size
        self.head = source.read(0, min(self.size, HEAD_BYTES)) if self.size else b""
        self._block = self.head
        self._block_start = 0
        self._parts = 0
        self._far_bytes = 0

    def read(self, start: int, length: int) -> bytes:
        """Return ``length`` bytes from ``start``.

        Raises :class:`~tilework.errors.DamagedImageError` where the source ends before them, and
        :class:`~tilework.errors.TooLargeError` beyond the limit of a header's bytes.
        """
        stop = start + length
        if stop > self.size:
            raise DamagedImageError(f"The file ends at byte {self.size:,}, within its header.")
        if stop > self.limits.header_bytes:
            raise TooLargeError(
                f"The header is longer than the {self.limits.header_bytes:,} bytes allowed (limit: header_bytes)."
            )
        if stop <= len(self.head):
            return self.head[start:stop]
        if start < self._block_start or stop > self._block_start + len(self._block):
            self._block = self.source.read(start, min(self.size, start + max(length, STRIDE_BYTES)))
            self._block_start = start
        return self._block[start - self._block_start : stop - self._block_start]

    def read_anywhere(self, start: int, length: int) -> bytes:
        """Return ``length`` bytes from ``start``, for headers whose parts lie all over the file.

        All that is read this way together has the limit of a header's bytes, whether it was fetched anew or not.
        Raises as :meth:`read` does.
        """
        stop = start + length
        if stop > self.size:
            raise DamagedImageError(
                f"The file ends at byte {self.size:,}; its header points to bytes {start:,} to {stop:,}: it is cut"
                " short or corrupt."
            )
        self._count_far(length)
        for first, block in ((0, self.head), (self._block_start, self._block)):
            if first <= start and stop <= first + len(block):
                return block[start - first : stop - first]
        self._count_far(max(0, FAR_BYTES - length))
        self._block = self.source.read(start, min(self.size, start + max(length, FAR_BYTES)))
        self._block_start = start
        if len(self._block) < length:
            raise DamagedImageError(f"The file ended at byte {start + len(self._block):,} while it was read.")
        return self._block[:length]

    def _count_far(self, length: int) -> None:
        self._far_bytes += length
        if self._far_bytes > self.limits.header_bytes:
            raise TooLargeError(
                f"The parts of the header are longer than the {self.limits.header_bytes:,} bytes allowed (limit:"
                " header_bytes)."
            )

    def count_part(self) -> None:
        """Count one segment or chunk; raises :class:`~tilework.errors.TooLargeError` when there are too many."""
        self._parts += 1
        if self._parts > self.limits.header_parts:
            raise TooLargeError(
                f"The header has more than the {self.limits.header_parts:,} parts allowed (limit: header_parts)."
            )

    def everything(self) -> bytes:
        """Return all bytes of the source, without reading the head again."""
        if len(self.head) == self.size:
            return self.head
        data = self.head + self.source.read(len(self.head), self.size)
        if len(data) != self.size:
            raise DamagedImageError(
                f"The file ended at byte {len(data):,} of {self.size:,} while it was read."
            )
        return data


class Readable(Protocol):
    """What a walk through a header reads from: a :class:`HeaderReader`, or a :class:`WholeFile`."""

    def read(self, start: int, length: int) -> bytes:
        """Return ``length`` bytes from ``start``, or raise."""
        ...


class WholeFile:
    """A whole file in memory, read like a source."""

    def __init__(self, data: bytes | memoryview) -> None:
        self.data = data

    def read(self, start: int, length: int) -> bytes:
        """Return ``length`` bytes from ``start``; raises DamagedImageError where the file ends before them."""
        if start + length > len(self.data):
            raise DamagedImageError(f"The file ends at byte {len(self.data):,}, within its header.")
        return bytes(self.data[start : start + length])
