"""CCITT-coded strips of a TIFF: modified Huffman, group 3 in one dimension, group 4 (ITU-T T.4 and T.6).

The decoder passes over damage, and the codes have no checksum. But each bilevel picture has one coding only, so what
was decoded is coded again (by libtiff) and must give the very bits that the file holds.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from tilework.imaging.formats.header_reader import HeaderReader
from tilework.imaging.formats.tiff_coding import CCITT_G3, CCITT_G4, CCITT_RLE
from tilework.imaging.formats.tiff_damage import SegmentDamageError
from tilework.imaging.formats.tiff_directory import TiffFile
from tilework.imaging.formats.tiff_segments import STRIP_BYTES, STRIP_OFFSETS
from tilework.imaging.limits import Limits
from tilework.imaging.sources import BytesSource

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image

PILLOW_NAMES = {CCITT_RLE: "tiff_ccitt", CCITT_G3: "group3", CCITT_G4: "group4"}
END_BITS = 24
"""Bits of group 4's end of block, EOFB."""

EOL_BITS = 12
"""Group 3's end of line: eleven zeros, or more, and a one; no row holds so many zeros."""


def samples(data: bytes, compression: int, width: int, rows: int) -> Image:
    """(rows, width) of 0 and 1, uint8. Raises SegmentDamageError where the bits are not those of a picture."""
    import imagecodecs

    decoder, same = {
        CCITT_RLE: ("ccittrle_decode", _starts_with),
        CCITT_G3: ("ccittfax3_decode", _same_rows),
        CCITT_G4: ("ccittfax4_decode", _same_block),
    }[compression]
    try:
        bits: Image = getattr(imagecodecs, decoder)(data, rows, width)
    except (RuntimeError, ValueError) as error:
        raise SegmentDamageError(f"its CCITT codes are corrupt ({error})") from error
    if not same(data, _coded(bits, compression), rows):
        raise SegmentDamageError("its CCITT codes are cut short or corrupt")
    return bits


def _coded(bits: Image, compression: int) -> bytes:
    """The one coding of a picture, in one strip."""
    import numpy as np
    from PIL import Image as Pillow

    rows, width = bits.shape
    picture = Pillow.frombytes(
        "1", (width, rows), np.packbits(bits.astype(np.uint8, copy=False), axis=1).tobytes()
    )
    file = io.BytesIO()
    picture.save(file, "TIFF", compression=PILLOW_NAMES[compression], strip_size=width * rows + 8)
    written = TiffFile(HeaderReader(BytesSource(file.getvalue()), Limits()))
    directory = written.directory(written.first)
    start = directory.number(STRIP_OFFSETS, 0)
    return file.getvalue()[start : start + directory.number(STRIP_BYTES, 0)]


def _starts_with(data: bytes, again: bytes, rows: int) -> bool:  # noqa: ARG001 - one signature for all codings
    return data.startswith(again)


def _same_block(data: bytes, again: bytes, rows: int) -> bool:  # noqa: ARG001 - one signature for all codings
    """Compare up to the end of block, which writers may leave out."""
    last = again.rstrip(b"\0")
    zeros = (last[-1] & -last[-1]).bit_length() - 1
    bits = len(last) * 8 - zeros - END_BITS
    whole, rest = divmod(bits, 8)
    if data[:whole] != again[:whole]:
        return False
    return not rest or (len(data) > whole and (data[whole] ^ again[whole]) >> (8 - rest) == 0)


def _same_rows(data: bytes, again: bytes, rows: int) -> bool:
    """Compare row by row: writers may fill the space before an end of line with zeros."""
    import numpy as np

    (positions, lengths), others = _ones(data, rows), _ones(again, rows)
    return np.array_equal(positions, others[0]) and np.array_equal(lengths, others[1])


def _ones(data: bytes, rows: int) -> tuple[Image, Image]:
    """Where the ones of each row lie, counted from the end of line before it, and how many each row has."""
    import numpy as np

    ones = np.flatnonzero(np.unpackbits(np.frombuffer(data, np.uint8)))
    ends = np.flatnonzero(np.diff(ones, prepend=-1) >= EOL_BITS)[: rows + 1]
    if not len(ends) or ends[0] != 0:
        return ones, ends
    bounds = np.append(ends, len(ones))[: rows + 1]
    lengths = np.diff(bounds)
    inside = ones[bounds[0] : bounds[-1]]
    return inside - np.repeat(ones[bounds[:-1]], lengths), lengths
