"""PNG in strips: a few rows at a time become a small PNG of their own, which the one decoder decodes.

A row's filter refers to the row above it. So each small PNG begins with the last row of the one before, unfiltered;
its rows are put in as they are, without compression. Where samples are no whole bytes, or stand for colours of a
palette, the rows are first decoded as if their bytes were grey, for filters work on bytes (W3C PNG, section 9).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError, TooLargeError
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

SAMPLES = {png.GREY: 1, png.RGB: 3, png.PALETTE: 1, png.GREY_ALPHA: 2, png.RGB_ALPHA: 4}


def read(source: Source, header: Header, rows: int) -> Generator[Picture, None, Found]:
    """Yield the strips, and return what else was found; see :func:`~tilework.imaging.formats.strips.read_strips`."""
    import numpy as np

    stream = PixelStream(source)
    if stream.interlaced:
        raise TooLargeError(
            "The PNG is interlaced: it is decoded whole, in memory, and this one is too large for that.",
            advice="Save it without interlacing, or convert it to a tiled TIFF.",
        )
    unfiltered = _Rows(stream, header)
    size, pixels = header.stored, header.pixels
    for top in range(0, size.height, rows):
        shape = (min(rows, size.height - top), size.width)
        colour = np.empty(shape if pixels.channels == 1 else (*shape, pixels.channels), pixels.dtype)
        strip = Picture(colour, np.empty(shape, pixels.dtype) if pixels.alpha else None)
        unfiltered.fill(strip)
        if top + rows >= size.height:
            stream.finish()
        yield strip
        del colour, strip
    return Found((), stream.metadata())


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

    def fill(self, strip: Picture) -> None:
        """Fill a strip with the next rows."""
        height = strip.size.height
        step = max(1, BLOCK_BYTES // self.row_bytes)
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
