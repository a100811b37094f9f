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


def ranges(source: Source) -> Iterator[bytes]:
    """Yield all bytes of the source; raises DamagedImageError where it has become shorter."""
    for start in range(0, source.size, RANGE_BYTES):
        stop = min(source.size, start + RANGE_BYTES)
        part = source.read(start, stop)
        if len(part) < stop - start:
            raise DamagedImageError(
                f"The file ended at byte {start + len(part):,} of {source.size:,} while it was read."
            )
        yield part
