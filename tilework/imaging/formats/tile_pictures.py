"""A tile as a file holds it, as a picture that a browser shows: nothing is decoded that can be carried over as it is.

A JPEG tile gets its tables back (ITU-T T.81, annex B.5), and is the file's own to the bit. Others become a PNG of the
same pixels: a horizontal predictor of bytes is PNG's filter Sub, so that what was unpacked is packed again unseen.
Without NumPy: who serves tiles may have none.
"""

from __future__ import annotations

import sys
import zlib
from array import array
from itertools import accumulate
from typing import TYPE_CHECKING

from tilework.errors import DamagedImageError, TileNotShownError
from tilework.imaging.formats.png_chunks import assemble
from tilework.imaging.formats.tile_archive import picture_of
from tilework.imaging.windows import Size

if TYPE_CHECKING:
    from tilework.imaging.formats.cog import CogLayout

JFIF = bytes.fromhex("ffe0 0010 4a464946 00 0101 00 0001 0001 00 00")
"""What a TIFF leaves out, and says that three components are YCbCr (JFIF 1.02)."""

MARKER_BYTES = 2
AS_IT_IS, SUB = b"\0", b"\1"
COLOUR_TYPES = {(1, False): 0, (3, False): 2, (1, True): 4, (3, True): 6}
BITS = {"uint8": 8, "uint16": 16}
LEVEL = 1
"""Of a PNG that is made for one look. A photo's tile of 512 x 512 takes 12 ms; level 6 takes 26, for 4 % less bytes."""

CLEAR, END, FIRST_CODE = 256, 257, 258
LEAST_BITS, MOST_BITS = 9, 12


def media_type(layout: CogLayout) -> str | None:
    """What the tiles of ``layout`` become; None where no browser shows such pixels exactly."""
    if layout.compression == "jpeg":
        return "image/jpeg"
    if layout.scheme != "cog":
        return "image/png"
    return "image/png" if layout.pixels.dtype in BITS and not layout.premultiplied else None


def tile_picture(tile: bytes, layout: CogLayout, jpeg_tables: bytes = b"") -> bytes:
    """The picture of a tile, of ``layout.tile`` columns and rows also where the image ends within it.

    Raises :class:`~tilework.errors.TileNotShownError` where :func:`media_type` is None, DamagedImageError.
    """
    kind = media_type(layout)
    if kind is None:
        multiplied = ", multiplied by their alpha" if layout.premultiplied else ""
        raise TileNotShownError(f"No browser shows pixels of {layout.pixels.dtype}{multiplied}.")
    if layout.scheme != "cog":
        return picture_of(tile)
    if kind == "image/jpeg":
        start, stop = MARKER_BYTES, len(jpeg_tables) - MARKER_BYTES
        return tile[:start] + JFIF + jpeg_tables[start:stop] + tile[start:]
    data = _unpacked(tile, layout)
    filtered = layout.predictor is not None
    if layout.pixels.dtype == "uint16":
        data, filtered = _highest_first(data, layout), False
    length = layout.tile * layout.pixels.bytes
    lead = SUB if filtered else AS_IT_IS
    rows = b"".join(lead + data[start : start + length] for start in range(0, len(data), length))
    pixels = layout.pixels
    colour = COLOUR_TYPES[pixels.channels, pixels.alpha]
    return assemble(Size(layout.tile, layout.tile), BITS[pixels.dtype], colour, rows, level=LEVEL)


def _unpacked(tile: bytes, layout: CogLayout) -> bytes:
    size = layout.tile * layout.tile * layout.pixels.bytes
    try:
        if layout.compression == "deflate":
            tile = zlib.decompressobj().decompress(tile, size)
        elif layout.compression == "lzw":
            tile = lzw_unpacked(tile, size)
    except (zlib.error, IndexError) as error:
        raise DamagedImageError(f"The tile cannot be unpacked: {error}.") from error
    if len(tile) != size:
        raise DamagedImageError(f"The tile holds {len(tile):,} bytes where {size:,} must be.")
    return tile


def _highest_first(data: bytes, layout: CogLayout) -> bytes:
    """Numbers of 16 bits, lowest byte first, as PNG has them; a predictor is undone, for it is not Sub of their bytes."""
    numbers = array("H", data)
    if sys.byteorder == "big":
        numbers.byteswap()
    if layout.predictor is not None:
        step = layout.pixels.channels + layout.pixels.alpha
        for start in range(0, len(numbers), layout.tile * step):
            for each in range(start, start + step):
                place = slice(each, start + layout.tile * step, step)
                numbers[place] = array("H", [number & 0xFFFF for number in accumulate(numbers[place])])
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers.tobytes()


def lzw_unpacked(data: bytes, most: int) -> bytes:
    """The bytes of an LZW stream (TIFF 6.0, section 13), little more than ``most`` of them.

    Raises IndexError where it tells a code too early.
    """
    single = [bytes((byte,)) for byte in range(256)] + [b"", b""]
    words, found = single.copy(), bytearray()
    before, width, bits, held = b"", LEAST_BITS, 0, 0
    for byte in data:
        bits, held = bits << 8 | byte, held + 8
        if held < width:
            continue
        held -= width
        code, bits = bits >> held, bits & (1 << held) - 1
        if code == END:
            break
        if code == CLEAR:
            words, before, width = single.copy(), b"", LEAST_BITS
            continue
        if before:
            # a code that is only now made repeats the word before it
            words.append(before + (words[code] if code < len(words) else before)[:1])
            # one early, as the specification has it
            if len(words) >= (1 << width) - 1 and width < MOST_BITS:
                width += 1
        before = words[code]
        found += before
        if len(found) > most:
            break
    return bytes(found)
