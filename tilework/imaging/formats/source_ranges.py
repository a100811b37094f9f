"""A source from its first byte to its last, by ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError
from tilework.imaging.limits import MIB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.imaging.sources import Source

RANGE_BYTES = 4 * MIB
"""Most bytes asked for at once: fifty milliseconds of a store's connection, and little memory."""


def ranges(source: Source, first: int = 0, share: int = 1) -> Iterator[bytes]:
    """Yield all bytes of the source from ``first`` on, by ranges of a ``share`` of the most.

    Raises DamagedImageError where the source has become shorter.
    """
    step = max(1, RANGE_BYTES // share)
    for start in range(first, source.size, step):
        stop = min(source.size, start + step)
        part = source.read(start, stop)
        if len(part) < stop - start:
            raise DamagedImageError(
                f"The file ended at byte {start + len(part):,} of {source.size:,} while it was read."
            )
        yield part
