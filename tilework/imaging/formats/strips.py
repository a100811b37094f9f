"""Large images of formats that can only be read in sequence: once, from top to bottom, in flat memory.

Each strip has the pixels that :func:`~tilework.imaging.formats.decode` gives, by the same decoder; what that refuses is
refused here. docs/decisions/strips.md tells how, and what was measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError, TooLargeError
from tilework.imaging.formats import file_strips, jp2_strips, jpeg_strips, png_strips, webp_strips
from tilework.imaging.formats.header import Format
from tilework.imaging.formats.picture import Picture
from tilework.imaging.formats.table import row
from tilework.imaging.limits import MIB

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tilework.imaging.formats.file_strips import Filed
    from tilework.imaging.formats.header import Header
    from tilework.imaging.formats.picture import Found
    from tilework.imaging.sources import Source

FLAT_BYTES = 48 * MIB
"""What reading takes beside its strips; 30 MiB were measured: ranges of the source, blocks of rows, and the pages of
files that a decoder fills until they are let go of."""

PNG_ROWS = 16
"""Rows in memory beside a PNG's strips, 14 were measured: a block has one at least, and there are copies of it."""


FILED: dict[Format, Filed] = {Format.JPEG: jpeg_strips, Format.WEBP: webp_strips}
"""Formats whose library decodes a file in one go."""


class Strips(Iterator[Picture]):
    """The strips of an image; ``found`` is what is known after the last one, None before."""

    def __init__(self, parts: Generator[Picture, None, Found], header: Header) -> None:
        self.found: Found | None = None
        self._parts = parts
        self._header = header

    def __next__(self) -> Picture:
        try:
            part = next(self._parts)
        except StopIteration as end:
            self.found = self.found or end.value
            raise StopIteration from None
        if part.pixels != self._header.pixels:
            raise DamagedImageError("The pixels are not those that the header announces.")
        return part

    def close(self) -> None:
        """Read no further, and give back what was opened."""
        self._parts.close()


def read_strips(source: Source, header: Header, rows: int, folder: Path | None = None) -> Strips:
    """Read an image's strips of ``rows`` rows, the last one shorter, as they are stored (not turned upright).

    The source is read once, an interlaced PNG's twice, by ranges of at most :data:`~.source_ranges.RANGE_BYTES`.
    ``folder`` is on a disk: all but a PNG have files without a name there for their bytes, encoded and decoded, as long
    as they are read; None is the system's own folder for such. A JPEG or a WebP that is damaged gives no strip, a PNG
    or a JPEG 2000 those before the damage: a reader keeps nothing until the last one has come.

    Raises, now or with a strip, :class:`~tilework.errors.DamagedImageError` and the other errors of ``read_metadata``
    and ``decode``, :class:`~tilework.errors.TooLargeError` for an image that its format does not give in strips,
    MemoryError, and OSError where the folder's disk is full.
    """
    if header.format is Format.PNG:
        return Strips(png_strips.read(source, header, rows), header)
    if header.format is Format.JP2:
        return Strips(jp2_strips.read(source, header, rows, folder), header)
    filed = FILED.get(header.format)
    if filed is None:
        raise TooLargeError(
            f"A {row(header.format).name} file is decoded whole, in memory, and this one is too large for that.",
            advice="Convert it to a tiled TIFF.",
        )
    return Strips(file_strips.read(source, header, rows, folder, filed), header)


def is_streamed(header: Header) -> bool:
    """Whether :func:`read_strips` reads such an image."""
    return header.format in {Format.PNG, Format.JP2, *FILED}


def strip_disk(header: Header, encoded: int) -> int:
    """The room on a disk, and in the address space, in bytes, that strips of a file of ``encoded`` bytes take."""
    if header.format is Format.JP2:
        # a large tile is there a second time, alone
        return header.stored.pixels * header.pixels.bytes + 2 * encoded
    filed = FILED.get(header.format)
    return 0 if filed is None else header.stored.pixels * filed.samples(header) + encoded + len(filed.TAIL)


def strip_memory(header: Header, rows: int) -> int:
    """The memory, in bytes, that reading strips of ``rows`` rows takes, with two strips in it.

    It grows with the image for a JPEG in several scans, a progressive one above all, for a WebP that is lossless or
    has alpha, and for a JPEG 2000 without tiles: their libraries hold what they decode from.
    """
    size, samples = header.stored, header.pixels.channels + header.pixels.alpha
    sample_bytes = header.pixels.bytes // samples
    held = 0
    if header.format is Format.JPEG:
        held = jpeg_strips.held_bytes(header)
        # inks, and the colours that they become
        samples += jpeg_strips.samples(header) * (header.colour == "CMYK")
    elif header.format is Format.WEBP:
        held = webp_strips.held_bytes(header)
        samples *= 2
    elif header.format is Format.JP2:
        held = jp2_strips.held_bytes(header)
    elif header.format is Format.PNG:
        held = PNG_ROWS * size.width * header.pixels.bytes
    return FLAT_BYTES + held + 2 * min(rows, size.height) * size.width * samples * sample_bytes
