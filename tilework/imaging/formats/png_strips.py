"""PNG in strips: a few rows at a time become a small PNG of their own, which the one decoder decodes.

A row's filter refers to the row above it. So each small PNG begins with the last row of the one before, unfiltered;
its rows are put in as they are, without compression. Where samples are no whole bytes, or stand for colours of a
palette, the rows are first decoded as if their bytes were grey, for filters work on bytes (W3C PNG, section 9).

An interlaced file holds seven pictures one after the other. It is gone through once, checked, and then read at seven
places at the same time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError
from tilework.imaging.formats import png
from tilework.imaging.formats.opencv import decoded, parted
from tilework.imaging.formats.picture import Found, Picture
from tilework.imaging.formats.png_chunks import assemble
from tilework.imaging.formats.png_stream import PixelStream
from tilework.imaging.limits import MIB
from tilework.imaging.windows import Size

if TYPE_CHECKING:
    from collections.abc import Generator

    from tilework.imaging.formats.header import Header
    from tilework.imaging.operations.contract import Image
    from tilework.imaging.sources import Source

BLOCK_BYTES = MIB
"""Rows decoded at a time, about: they are copied some four times on their way."""

CARRIERS = {
    1: (8, png.GREY),
    2: (16, png.GREY),
    3: (8, png.RGB),
    4: (8, png.RGB_ALPHA),
    6: (16, png.RGB),
    8: (16, png.RGB_ALPHA),
}
"""For each distance in bytes that filters look back, a kind of PNG of that many bytes a pixel; no palette, no loss."""

ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
"""The passes of an interlaced file: first pixel (across, down), and steps from pixel to pixel (section 8.1)."""

SAMPLES = {png.GREY: 1, png.RGB: 3, png.PALETTE: 1, png.GREY_ALPHA: 2, png.RGB_ALPHA: 4}


def read(source: Source, header: Header, rows: int) -> Generator[Picture, None, Found]:
    """Yield the strips, and return what else was found; see :func:`~tilework.imaging.formats.strips.read_strips`."""
    stream = PixelStream(source)
    parts = _passes(stream, header) if stream.interlaced else [_Pass(_Rows(stream, header))]
    height = header.stored.height
    for top in range(0, height, rows):
        strip = _empty(header, min(rows, height - top))
        for part in parts:
            part.fill(strip, top)
        if top + rows >= height and not stream.interlaced:
            stream.finish()
        yield strip
        del strip
    return Found((), stream.metadata())


def _empty(header: Header, rows: int) -> Picture:
    import numpy as np

    shape, pixels = (rows, header.stored.width), header.pixels
    colour = np.empty(shape if pixels.channels == 1 else (*shape, pixels.channels), pixels.dtype)
    return Picture(colour, np.empty(shape, pixels.dtype) if pixels.alpha else None)


def _passes(stream: PixelStream, header: Header) -> list[_Pass]:
    """Go through all the passes of an interlaced file, and stand at the beginning of each at the same time."""
    found = []
    for left, top, across, down in ADAM7:
        width, height = -(-(header.stored.width - left) // across), -(-(header.stored.height - top) // down)
        if width > 0 and height > 0:
            rows = _Rows(stream.fork(), replace(header, stored=Size(width, height)))
            found.append(_Pass(rows, left, top, across, down))
            rows.skip(stream, height)
    stream.finish()
    return found


@dataclass(frozen=True, slots=True)
class _Pass:
    """Rows of every ``across``-th pixel of every ``down``-th row, from the pixel (``left``, ``top``) on."""

    rows: _Rows
    left: int = 0
    top: int = 0
    across: int = 1
    down: int = 1

    def fill(self, strip: Picture, above: int) -> None:
        """Fill in its pixels of a strip that has ``above`` rows above it."""
        first = max(self.top, self.top + -(-(above - self.top) // self.down) * self.down) - above
        part = slice(first, None, self.down), slice(self.left, None, self.across)
        self.rows.fill(Picture(strip.colour[part], None if strip.alpha is None else strip.alpha[part]))


class _Rows:
    """The rows of a PNG, from the first to the last."""

    def __init__(self, stream: PixelStream, header: Header) -> None:
        width, samples = header.stored.width, SAMPLES[stream.colour_type]
        self.stream = stream
        self.header = header
        self.row_bytes = (width * stream.bits * samples + 7) // 8
        pixel_bytes = max(1, stream.bits * samples // 8)
        self.carrier = CARRIERS[pixel_bytes]
        self.carrier_width = self.row_bytes // pixel_bytes
        self.direct = self.carrier == (stream.bits, stream.colour_type) and not stream.meaning
        # the row above the first counts as zeros
        self.above = bytes(self.row_bytes)
        self.step = max(1, BLOCK_BYTES // self.row_bytes)

    def skip(self, stream: PixelStream, count: int) -> None:
        """Let ``stream`` pass over so many rows like these."""
        for top in range(0, count, self.step):
            stream.filtered(min(self.step, count - top) * (1 + self.row_bytes))

    def fill(self, strip: Picture) -> None:
        """Fill a strip with the next rows."""
        height, step = strip.colour.shape[0], self.step
        for top in range(0, height, step):
            block = self._next(min(step, height - top))
            if block.pixels != self.header.pixels:
                raise DamagedImageError("The pixels are not those that the header announces.")
            strip.colour[top : top + step] = block.colour
            if strip.alpha is not None and block.alpha is not None:
                strip.alpha[top : top + step] = block.alpha

    def _next(self, count: int) -> Picture:
        filtered = self.stream.filtered(count * (1 + self.row_bytes))
        bits, colour_type = self.carrier
        carried = decoded(
            assemble(
                Size(self.carrier_width, 1 + count), bits, colour_type, b"\0" + self.above + filtered, level=0
            )
        )
        if carried is None:
            raise DamagedImageError(png.UNDECODABLE)
        carried = carried[1:]
        self.above = _as_stored(carried[-1:])
        if self.direct:
            return parted(carried, self.header.pixels.channels)
        return self._meant(carried)

    def _meant(self, carried: Image) -> Picture:
        """What rows mean whose bytes are known."""
        import numpy as np

        count = carried.shape[0]
        rows = np.zeros((count, 1 + self.row_bytes), np.uint8)
        rows[:, 1:] = np.frombuffer(_as_stored(carried), np.uint8).reshape(count, -1)
        size = Size(self.header.stored.width, count)
        whole = assemble(
            size,
            self.stream.bits,
            self.stream.colour_type,
            rows.tobytes(),
            before=self.stream.meaning,
            level=0,
        )
        return png.decode(whole, self.header).picture


def _as_stored(array: Image) -> bytes:
    """The bytes of rows as a PNG has them: red first, and the upper byte of a sample."""
    import numpy as np

    if array.ndim == 3:  # noqa: PLR2004
        array = array[:, :, [2, 1, 0, 3][: array.shape[2]]]
    return np.ascontiguousarray(array, array.dtype.newbyteorder(">")).tobytes()
