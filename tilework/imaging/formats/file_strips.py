"""Strips of a format that its library decodes in one go: from a file and into a file, which are not kept in memory.

No library in use decodes a JPEG or a WebP row by row and tells all damage. So there is one decoder, and what is odd or
damaged is found and told by the same code; a damaged file gives no strip at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tilework.imaging.formats.file_memory import fetched, in_file, kept_out_of_memory, next_rows
from tilework.imaging.formats.picture import Found

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from mmap import mmap
    from pathlib import Path

    from tilework.imaging.formats.header import Header
    from tilework.imaging.formats.metadata import Metadata
    from tilework.imaging.formats.picture import Picture
    from tilework.imaging.operations.contract import Image
    from tilework.imaging.sources import Source


class Filed(Protocol):
    """A format that is read so: what its module provides."""

    TAIL: bytes
    """What stands behind the file in memory."""

    def samples(self, header: Header) -> int:
        """How many samples of 8 bits a pixel has as the library gives it."""
        ...

    def decode_into(self, memory: mmap, data: memoryview, header: Header) -> tuple[str, ...]:
        """Decode a whole file, with its tail, into ``memory``: the notes. Raises as ``decode`` does."""
        ...

    def prepared(self, data: memoryview, header: Header) -> tuple[Metadata, Callable[[Image], Picture]]:
        """Return a file's metadata, and what makes a picture of (rows, width, samples), which it may overwrite.

        Raises as ``read_metadata`` does.
        """
        ...


def read(
    source: Source, header: Header, rows: int, folder: Path | None, filed: Filed
) -> Generator[Picture, None, Found]:
    """Yield the strips, and return what else was found; see :func:`~tilework.imaging.formats.strips.read_strips`."""
    width, height, samples = header.stored.width, header.stored.height, filed.samples(header)
    with in_file(height * width * samples, folder) as (file, decoded):
        encoded = fetched(source, folder, filed.TAIL)
        with kept_out_of_memory(encoded, decoded):
            data = memoryview(encoded)
            # before the file is decoded, for that may mend it
            metadata, picture_of = filed.prepared(data[: source.size], header)
            notes = filed.decode_into(decoded, data, header)
        del encoded, decoded, data
        for top in range(0, height, rows):
            yield picture_of(next_rows(file, (min(rows, height - top), width, samples)))
    return Found(notes, metadata)
