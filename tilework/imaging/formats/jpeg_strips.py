"""JPEG in strips: decoded in one go, as any other, but from a file and into a file, which are not kept in memory.

No library in use decodes a JPEG row by row and tells all damage. So there is one decoder, and what is odd or damaged
is found and told by the same code; a damaged file gives no strip at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.formats import jpeg_segments
from tilework.imaging.formats.file_memory import in_file, kept_out_of_memory
from tilework.imaging.formats.jpeg import CONVERTED, frame_of, inks_to_srgb, read_pixels
from tilework.imaging.formats.jpeg_frame import GREY, INKS
from tilework.imaging.formats.jpeg_mending import END
from tilework.imaging.formats.picture import Picture
from tilework.imaging.formats.source_ranges import ranges

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path
    from typing import IO

    from tilework.imaging.formats.file_memory import FileMemory
    from tilework.imaging.formats.header import Header
    from tilework.imaging.operations.contract import Image
    from tilework.imaging.sources import Source


def read(
    source: Source, header: Header, rows: int, folder: Path | None
) -> Generator[Picture, None, tuple[str, ...]]:
    """Yield the strips, and return the notes; see :func:`~tilework.imaging.formats.strips.read_strips`."""
    frame = frame_of(header)
    width, height = frame.size.width, frame.size.height
    encoded = _fetched(source, folder)
    decoded = in_file(height * width * frame.components, folder)
    profile = None
    if frame.components == INKS:
        profile = jpeg_segments.read_metadata(memoryview(encoded.memory)).icc
    with kept_out_of_memory(encoded.memory, decoded.memory):
        data = memoryview(encoded.memory)
        ended = data[: source.size] if data[source.size - len(END) : source.size] == END else data
        _, notes = read_pixels(ended, source.size, header, decoded.memory)
    del encoded, data, ended
    for top in range(0, height, rows):
        pixels = _next_pixels(decoded.file, (min(rows, height - top), width, frame.components))
        if frame.components == GREY:
            yield Picture(pixels[:, :, 0])
        else:
            yield Picture(pixels if profile is None else inks_to_srgb(pixels, profile))
        del pixels
    return notes if profile is None else (*notes, CONVERTED)


def coefficient_bytes(header: Header) -> int:
    """The memory of the coefficients of a JPEG whose picture comes in several scans, 0 for one in a single scan."""
    inks = INKS * header.stored.pixels if header.colour == "CMYK" else 0
    return header.scratch - inks


def _fetched(source: Source, folder: Path | None) -> FileMemory:
    """The encoded file, and an end marker behind it."""
    fetched = in_file(source.size + len(END), folder)
    for part in ranges(source):
        fetched.file.write(part)
    fetched.file.write(END)
    fetched.file.flush()
    return fetched


def _next_pixels(file: IO[bytes], shape: tuple[int, int, int]) -> Image:
    import numpy as np

    pixels = np.empty(shape, np.uint8)
    file.readinto(pixels.data)  # type: ignore[attr-defined] - of every file that is open for bytes
    return pixels
