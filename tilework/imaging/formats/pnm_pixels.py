"""From the stored bytes of a PNM to a picture, whole and by windows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from tilework.errors import DamagedImageError
from tilework.imaging.formats.bands import bands, blank
from tilework.imaging.formats.picture import Picture
from tilework.imaging.formats.pnm_header import float_order
from tilework.imaging.stopwatch import timed
from tilework.imaging.windows import Size, Window

if TYPE_CHECKING:
    import numpy as np

    from tilework.imaging.formats.pnm_header import PnmDetail
    from tilework.imaging.operations import Pixels
    from tilework.imaging.sources import Source

    Samples: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[Any]]

WIDE_GAP = 1 << 20
"""Bytes of a row beside a window from which the window's rows are read one by one: a read costs about so much."""

FETCH_BYTES = 8 << 20
"""Bytes fetched at once, unless a row has more: a window of wide rows would bring many times its own bytes."""

FULL = {"uint8": 255, "uint16": 65_535}
"""The sample that means full in what is decoded."""


@dataclass(frozen=True, slots=True)
class PnmReader:
    """A PNM of bytes, read by windows: each costs the bytes of its rows, of very long rows only its own."""

    source: Source
    detail: PnmDetail

    @property
    def size(self) -> Size:
        """Width and height."""
        return self.detail.size

    @property
    def pixels(self) -> Pixels:
        """What one pixel is."""
        return self.detail.pixels

    @timed("decode")
    def read(self, window: Window) -> Picture:
        """Return the pixels of ``window``, which lies within the image; raises DamagedImageError."""
        step = max(1, FETCH_BYTES // self.detail.stride)
        if window.height <= step:
            return self._read(window)
        target = blank(window.size, self.pixels)
        for top in range(window.top, window.bottom, step):
            part = Window(window.left, top, window.right, min(window.bottom, top + step))
            found, place = self._read(part), part.within(window)
            target.colour[place] = found.colour
            if target.alpha is not None and found.alpha is not None:
                target.alpha[place] = found.alpha
        return target

    def _read(self, window: Window) -> Picture:
        """Read a window whose rows, with what lies beside it, are fetched at once."""
        detail, height = self.detail, self.detail.size.height
        top, bottom = window.top, window.bottom
        if detail.coding == "floats":
            top, bottom = height - bottom, height - top
        first, last = self._columns(window)
        part = replace(detail, size=Size(last - first, bottom - top))
        rows = range(detail.start + top * detail.stride, detail.start + bottom * detail.stride, detail.stride)
        begin, end = self._offset(first), self._offset(last)
        if detail.stride - (end - begin) > WIDE_GAP:
            stored = b"".join(self._bytes(row + begin, row + end) for row in rows)
        else:
            stored = self._bytes(rows[0] + begin, rows[-1] + end)
        pitch = (len(stored) - part.stride) // max(1, len(rows) - 1)
        found = picture(stored, part, pitch, window.top)
        inner = slice(window.left - first, window.right - first)
        return Picture(found.colour[:, inner], None if found.alpha is None else found.alpha[:, inner])

    def notes(self) -> tuple[str, ...]:
        """There is nothing odd that the header does not tell."""
        return ()

    def _columns(self, window: Window) -> tuple[int, int]:
        """The columns to be read: those of the window, widened to whole bytes."""
        if self.detail.coding != "packed":
            return window.left, window.right
        return window.left // 8 * 8, min(self.size.width, -(-window.right // 8) * 8)

    def _offset(self, column: int) -> int:
        """Where in its row the bytes of a column begin."""
        if self.detail.coding == "packed":
            return -(-column // 8)
        return column * self.detail.samples * self.detail.sample_bytes

    def _bytes(self, start: int, stop: int) -> bytes:
        data = self.source.read(start, stop)
        if len(data) != stop - start:
            raise DamagedImageError(f"The file ended at byte {start + len(data):,} while it was read.")
        return data


def picture(stored: bytes | memoryview, detail: PnmDetail, pitch: int, first_row: int = 0) -> Picture:
    """Turn stored rows, ``pitch`` bytes from one to the next, into a picture; the last row may end with its pixels.

    Samples are stretched so that the largest becomes 255 or 65,535, to the nearest, halves upwards, as netpbm does.
    Raises DamagedImageError for a sample beyond the largest; ``first_row`` is the number of the first one there.
    """
    import numpy as np

    shape = (detail.size.height, detail.stride)
    rows = np.lib.stride_tricks.as_strided(
        np.frombuffer(stored, np.uint8), shape, (pitch, 1), writeable=False
    )
    if detail.coding == "floats":
        rows = rows[::-1]
    target = blank(detail.size, detail.pixels)
    for top, bottom in bands(detail.size):
        part = _band(rows[top:bottom], detail, first_row + top)
        target.colour[top:bottom] = part.colour
        if target.alpha is not None and part.alpha is not None:
            target.alpha[top:bottom] = part.alpha
    return target


def _band(rows: Samples, detail: PnmDetail, row: int) -> Picture:
    """Turn rows of bytes, the first of which has the number ``row``, into pixels."""
    import numpy as np

    if detail.coding == "packed":
        return Picture((np.unpackbits(rows, axis=1, count=detail.size.width) ^ 1) * np.uint8(255))
    kind = float_order(detail) if detail.coding == "floats" else ">u1" if detail.sample_bytes == 1 else ">u2"
    samples = np.ascontiguousarray(rows).view(kind)
    if detail.coding == "samples":
        samples = stretched(samples, detail, row * detail.size.width * detail.samples)
    return parted(samples, detail)


def stretched(samples: Samples, detail: PnmDetail, first: int) -> Samples:
    """Stretch samples of any shape; ``first`` is the place of the first among all. Raises DamagedImageError."""
    import numpy as np

    full = FULL[detail.pixels.dtype]
    if detail.most == full:
        return samples
    if samples.max() > detail.most:
        at = first + int((samples.reshape(-1) > detail.most).argmax())
        raise DamagedImageError(
            f"The PNM has a sample beyond its maximum of {detail.most:,} in {row_of(at, detail)}."
        )
    values = np.arange(detail.most + 1, dtype=np.uint64)
    table = (2 * values * np.uint64(full) + np.uint64(detail.most)) // np.uint64(2 * detail.most)
    return table.astype(detail.pixels.dtype)[samples]


def row_of(place: int, detail: PnmDetail) -> str:
    """The row in which a sample lies, ``place`` counted from 0 over all."""
    return f"row {place // (detail.size.width * detail.samples):,}"


def parted(samples: Samples, detail: PnmDetail) -> Picture:
    """Part rows of samples into colour, blue first, and alpha."""
    import numpy as np

    pixels = samples.reshape(len(samples), detail.size.width, detail.samples)
    alpha = np.ascontiguousarray(pixels[:, :, -1]) if detail.alpha else None
    return Picture(pixels[:, :, 0] if detail.channels == 1 else pixels[:, :, 2::-1], alpha)
