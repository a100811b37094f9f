"""Large images of formats that can only be read in sequence: once, from top to bottom, in flat memory.

Each strip has the pixels that :func:`~tilework.imaging.formats.decode` gives, by the same decoder; what that refuses is
refused here. docs/decisions/strips.md tells how, and what was measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError, TooLargeError
from tilework.imaging.formats import jpeg_strips, png_strips
from tilework.imaging.formats.header import Format
from tilework.imaging.formats.picture import Picture
from tilework.imaging.formats.table import row
from tilework.imaging.limits import MIB

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tilework.imaging.formats.header import Header
    from tilework.imaging.sources import Source

FLAT_BYTES = 32 * MIB
"""What reading takes beside its strips, above what was measured: a range of the source, blocks of rows, page tables."""


class Strips(Iterator[Picture]):
    """The strips of an image, and then sentences about what was odd in it and taken all the same."""

    def __init__(self, parts: Generator[Picture, None, tuple[str, ...]], header: Header) -> None:
        self.notes: tuple[str, ...] = ()
        self._parts = parts
        self._header = header

    def __next__(self) -> Picture:
        try:
            part = next(self._parts)
        except StopIteration as end:
            self.notes = end.value or ()
            raise StopIteration from None
        if part.pixels != self._header.pixels:
            raise DamagedImageError("The pixels are not those that the header announces.")
        return part

    def close(self) -> None:
        """Read no further, and give back what was opened."""
        self._parts.close()


def read_strips(source: Source, header: Header, rows: int, folder: Path | None = None) -> Strips:
    """Read an image's strips of ``rows`` rows, the last one shorter, as they are stored (not turned upright).

    The source is read once, by ranges of a few MiB. ``folder`` is on a disk, where a JPEG has files without a name
    for its bytes, encoded and decoded, while it is read; None is the system's own for such. A JPEG that is damaged
    gives no strip, a PNG those before the damage: a reader keeps nothing until the last one has come.

    Raises, now or with a strip, :class:`~tilework.errors.DamagedImageError` and the other errors of ``decode``,
    :class:`~tilework.errors.TooLargeError` for an image that its format does not give in strips, MemoryError, and
    OSError where the folder's disk is full.
    """
    if not streams(header):
        raise TooLargeError(
            f"A {row(header.format).name} file is decoded whole, in memory, and this one is too large for that.",
            advice="Convert it to a tiled TIFF.",
        )
    if header.format is Format.JPEG:
        return Strips(jpeg_strips.read(source, header, rows, folder), header)
    return Strips(png_strips.read(source, header, rows), header)


def streams(header: Header) -> bool:
    """Whether an image's format is read in strips."""
    return header.format in {Format.JPEG, Format.PNG}


def strip_memory(header: Header, rows: int) -> int:
    """The memory, in bytes, that reading strips of ``rows`` rows takes, with two strips in it.

    It grows with the image for a JPEG in several scans, a progressive one above all: libjpeg holds its coefficients.
    """
    inks = header.format is Format.JPEG and header.colour == "CMYK"
    held = jpeg_strips.coefficient_bytes(header) if header.format is Format.JPEG else 0
    row_bytes = header.stored.width * (header.pixels.bytes + (jpeg_strips.INKS if inks else 0))
    return FLAT_BYTES + held + 2 * min(rows, header.stored.height) * row_bytes
