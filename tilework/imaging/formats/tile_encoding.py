"""One tile of a tiled TIFF as the bytes that the file holds: padded, red first, predicted, packed.

Choices, by measurement (512 x 512 x 3, 8 bits, one core): libdeflate at level 6 takes 8 to 14 ms and all before it 0.1;
the differences are OpenCV's and NumPy's, which are five times as quick as imagecodecs' predictors. Of a photograph with its
sensor's noise zlib-ng that only looks for runs takes 2.9 ms and makes 2 to 3 % fewer bytes: there is nothing to match in noise.
Blurred it makes 20 % more. So a sample decides. A mask's tile (edges of that photograph) takes zlib-ng 0.27 ms when it looks
for runs alone, libdeflate 0.86 for 12 % more bytes. OpenCV's JPEG is as quick as TurboJPEG's and nearer to the pixels, and is
the one that whole JPEGs get.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from tilework.imaging.formats import jpeg
from tilework.imaging.formats.header_reader import WholeFile
from tilework.imaging.formats.jpeg_segments import APP0, DHT, DQT, segments
from tilework.imaging.formats.rgb import red_first
from tilework.imaging.formats.tiff_coding import DEFLATE_LEVEL, FLOATING
from tilework.imaging.formats.tiff_jpeg import EOI, SOI
from tilework.imaging.stopwatch import timed

if TYPE_CHECKING:
    from tilework.imaging.formats.cog import CogLayout
    from tilework.imaging.formats.picture import Picture
    from tilework.imaging.operations.contract import Image

SAMPLES, SAMPLE_BYTES = 4, 6 << 10
"""Pieces of a tile that tell how to deflate it: 3 % of one of 512 x 512 x 3."""

BETTER = 0.985
"""To how much runs must pack a sample beside matches, of which more are found in the whole: up to 5 %. Of 32 kinds of
pictures none became larger than at level 6, and three could have been 1 to 3 % smaller."""

BLANK_TILES = 16
"""Encoded tiles of one value that a process keeps."""

TABLES = frozenset({DQT, DHT})
"""Segments that all tiles share (ITU-T T.81, annex B.5)."""


@timed("encode")
def encode_tile(picture: Picture, layout: CogLayout) -> bytes:
    """Encode the pixels of a tile, of at most ``layout.tile`` columns and rows; the same input gives the same bytes.

    A smaller picture, at the right or bottom edge, is continued by its last column and row: differences of these are
    zeros and rows repeat, which packs best, and a JPEG has no edge there that would ring into the picture. Raises
    ValueError for a picture of other pixels or a larger one.
    """
    if picture.pixels != layout.pixels or max(picture.colour.shape[:2]) > layout.tile:
        raise ValueError(f"{picture.size} of {picture.pixels} for a tile of {layout.tile} of {layout.pixels}")
    array = _padded(picture.colour if layout.compression == "jpeg" else red_first(picture), layout.tile)
    return _blank_tile(_pixel(array), array.shape, layout) if _is_blank(array) else _packed(array, layout)


@functools.lru_cache(maxsize=8)
def jpeg_tables(layout: CogLayout) -> bytes:
    """Return the tables (tag 347) of all JPEG tiles of a layout; none for another compression."""
    import numpy as np

    if layout.compression != "jpeg":
        return b""
    blank = np.zeros((16, 16, 3) if layout.pixels.channels > 1 else (16, 16), np.uint8)
    return _parted(jpeg.encoded(blank, layout.subsampling, layout.quality))[1]


def _padded(array: Image, tile: int) -> Image:
    import cv2

    height, width = array.shape[:2]
    if (height, width) == (tile, tile):
        return array
    return cv2.copyMakeBorder(array, 0, tile - height, 0, tile - width, cv2.BORDER_REPLICATE)


def _is_blank(array: Image) -> bool:
    """Whether all pixels are the same to the bit; of most pictures the first row says no."""
    import numpy as np

    step = len(_pixel(array))
    for part in (array[0], array):
        run = np.ascontiguousarray(part).reshape(-1).view(np.uint8)
        if not np.array_equal(run[step:], run[:-step]):
            return False
    return True


def _pixel(array: Image) -> bytes:
    """The first pixel."""
    return bytes(array[0, 0].data)


@functools.lru_cache(maxsize=BLANK_TILES)
def _blank_tile(pixel: bytes, shape: tuple[int, ...], layout: CogLayout) -> bytes:
    import numpy as np

    array = np.empty(shape, layout.pixels.dtype)
    array[:] = np.frombuffer(pixel, layout.pixels.dtype)
    return _packed(array, layout)


def _packed(array: Image, layout: CogLayout) -> bytes:
    """The bytes of (tile, tile) or (tile, tile, samples): red first, but for JPEG blue first."""
    import imagecodecs

    if layout.compression == "jpeg":
        return _jpeg_tile(array, layout)
    if layout.predictor is not None:
        rows = _planes_of_bytes(array) if layout.predictor == FLOATING else array.reshape(len(array), -1)
        array = _differences(rows, layout.pixels.channels + layout.pixels.alpha)
    data = array.tobytes()
    if layout.compression == "none":
        return data
    if layout.compression == "lzw":
        return bytes(imagecodecs.lzw_encode(data))
    return _in_runs(data) if layout.mask else _deflated(data)


def _deflated(data: bytes) -> bytes:
    """Deflate by whichever way packs a sample better: both are read alike, and the data alone decides."""
    sample = _sample(data)
    if sample is data:
        return min(_by_matches(data), _in_runs(data), key=len)
    return _in_runs(data) if len(_in_runs(sample)) < BETTER * len(_by_matches(sample)) else _by_matches(data)


def _by_matches(data: bytes) -> bytes:
    import imagecodecs

    return bytes(imagecodecs.deflate_encode(data, level=DEFLATE_LEVEL))


def _in_runs(data: bytes) -> bytes:
    """Deflate that looks for runs of one byte and nothing else, so that no code is spent on how far back something lies."""
    from zlib_ng import zlib_ng

    packer = zlib_ng.compressobj(DEFLATE_LEVEL, memLevel=9, strategy=zlib_ng.Z_RLE)
    return packer.compress(data) + packer.flush()


def _sample(data: bytes) -> bytes:
    """Some pieces from all over the data, or all of it where there is little more."""
    step = len(data) // SAMPLES
    if step < 2 * SAMPLE_BYTES:
        return data
    starts = range((step - SAMPLE_BYTES) // 2, len(data) - SAMPLE_BYTES, step)
    return b"".join(data[start : start + SAMPLE_BYTES] for start in starts)


def _differences(rows: Image, step: int) -> Image:
    """Each number less the one ``step`` before it in its row (TIFF 6.0, section 14); they wrap around."""
    import numpy as np

    found = np.empty_like(rows)
    found[:, :step] = rows[:, :step]
    np.subtract(rows[:, step:], rows[:, :-step], out=found[:, step:])
    return found


def _planes_of_bytes(array: Image) -> Image:
    """(height, bytes of a row): the highest bytes of a row's numbers, then the next (Adobe's TIFF Technical Note 3)."""
    import cv2
    import numpy as np

    height, item = len(array), array.itemsize
    numbers = np.ascontiguousarray(array).view(np.uint8).reshape(height, -1, item)
    planes = np.empty((height, item, numbers.shape[1]), np.uint8)
    cv2.split(numbers, [planes[:, item - 1 - index] for index in range(item)])
    return planes.reshape(height, -1)


def _jpeg_tile(array: Image, layout: CogLayout) -> bytes:
    """A JPEG without its tables, which must be those of all tiles."""
    own, tables = _parted(jpeg.encoded(array, layout.subsampling, layout.quality))
    if tables != jpeg_tables(layout):
        raise RuntimeError("the JPEG encoder used other tables for this tile than for the others")
    return own


def _parted(stream: memoryview) -> tuple[bytes, bytes]:
    """A JPEG's own part, without the marker of JFIF, which has no place in a TIFF, and its tables as a stream."""
    own, tables, position = [SOI], [SOI], len(SOI)
    for segment in segments(WholeFile(stream)):
        if segment.marker in TABLES:
            tables.append(bytes(stream[position : segment.stop]))
        elif segment.marker != APP0:
            own.append(bytes(stream[position : segment.stop]))
        position = segment.stop
    return b"".join((*own, stream[position:])), b"".join((*tables, EOI))
