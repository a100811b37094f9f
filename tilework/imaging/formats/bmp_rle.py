"""The run-length coding of a BMP, RLE8 and RLE4: pairs of a count and a value, and escapes that begin with a zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError

if TYPE_CHECKING:
    from tilework.imaging.windows import Size

END_OF_ROW, END_OF_PICTURE, DELTA = 0, 1, 2
"""What follows an escape's zero; from 3 on it is the count of pixels that stand there as they are."""

SINGLES = tuple(bytes((value,)) for value in range(256))
NIBBLES = tuple(bytes((value >> 4, value & 15)) for value in range(256))
"""The two pixels in each byte of RLE4."""


class Rows:
    """The palette indices of a picture while it is unpacked, one byte a pixel, the last row of the picture first.

    Pixels that the coding skips stay 0, as they do in every reader; they are counted.
    """

    def __init__(self, size: Size) -> None:
        self.width, self.height = size.width, size.height
        self.indices = bytearray(size.pixels)
        self.x = self.y = 0
        self.written = 0

    def put(self, run: bytes) -> None:
        """Write ``run`` on; raises DamagedImageError where it does not fit its row."""
        count = len(run)
        if self.x + count > self.width or self.y >= self.height:
            raise DamagedImageError(f"The BMP's run-length coding runs over the end of {self.place}.")
        at = self.y * self.width + self.x
        self.indices[at : at + count] = run
        self.x += count
        self.written += count

    def skip(self, right: int, up: int) -> None:
        """Leave pixels out; raises DamagedImageError where that leads out of the picture."""
        self.x += right
        self.y += up
        if self.x > self.width or self.y > self.height:
            raise DamagedImageError(f"The BMP's run-length coding jumps out of the picture, to {self.place}.")

    def end_row(self) -> None:
        """Go to the beginning of the next row."""
        self.x = 0
        self.y += 1

    @property
    def complete(self) -> bool:
        """Whether the last row is full."""
        return self.y >= self.height or (self.y == self.height - 1 and self.x == self.width)

    @property
    def place(self) -> str:
        """The row that is written, counted from the top."""
        return f"row {self.height - 1 - self.y:,}" if self.y < self.height else "the picture"


def unpack(data: memoryview, size: Size, bits: int) -> tuple[bytearray, int, int]:
    """Unpack a picture of 8 or 4 bits a pixel.

    Returns the indices of shape (height, width), bottom row first, how many bytes of ``data`` they took, and how
    many pixels the coding left out. Raises DamagedImageError where a run leaves its row, or where ``data`` ends before
    the picture does.
    """
    rows = Rows(size)
    position, last = 0, len(data) - 1
    while position < last:
        count, value = data[position], data[position + 1]
        position += 2
        if count:
            rows.put(SINGLES[value] * count if bits == 8 else _alternating(NIBBLES[value], count))  # noqa: PLR2004
        elif value == END_OF_ROW:
            rows.end_row()
        elif value == END_OF_PICTURE:
            return rows.indices, position, size.pixels - rows.written
        elif value == DELTA:
            if position + 2 > len(data):
                break
            rows.skip(data[position], data[position + 1])
            position += 2
        else:
            stored = value if bits == 8 else (value + 1) // 2  # noqa: PLR2004
            if position + stored > len(data):
                break
            rows.put(_literal(data[position : position + stored], value, bits))
            position += stored + stored % 2
    if not rows.complete:
        raise DamagedImageError(f"The BMP's run-length coding is cut short in {rows.place}.")
    return rows.indices, min(position, len(data)), size.pixels - rows.written


def _alternating(pair: bytes, count: int) -> bytes:
    return (pair * ((count + 1) // 2))[:count]


def _literal(stored: memoryview, count: int, bits: int) -> bytes:
    if bits == 8:  # noqa: PLR2004
        return bytes(stored)
    return b"".join([NIBBLES[value] for value in stored])[:count]
