"""The plain kinds of PNM, whose pixels are decimal numbers: read in blocks, so that memory stays flat."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

from tilework.errors import DamagedImageError
from tilework.imaging.formats.picture import Picture
from tilework.imaging.formats.pnm_pixels import FULL, parted, row_of, stretched

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from tilework.imaging.formats.pnm_header import PnmDetail

    Samples: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[Any]]

BLOCK_BYTES = 1 << 18
"""Bytes of text that are read at once."""

BLOCK_SCRATCH = 32 * BLOCK_BYTES
"""Memory of a block while it is read."""

MOST_WIDTH = 1 << 10
"""Characters of a number, with any zeros in front of it, from which it is none."""

EXACT_DIGITS = 18
"""Digits of the longest numbers that 64 bits surely hold."""

LAST_SPACE = 32
"""All white space has codes up to this one."""

SIGN = ord("#")
LINE_ENDS = (ord("\n"), ord("\r"))
"""What a comment begins with, and what ends it."""


def plain_picture(text: memoryview, detail: PnmDetail) -> tuple[Picture, int]:
    """Turn decimal numbers into a picture; returns it and the place in ``text`` where it ends.

    Comments may stand wherever white space may. Raises DamagedImageError for what is no number, for numbers beyond
    the maximum, and where some are missing, naming the row.
    """
    import numpy as np

    samples = np.empty(detail.size.pixels * detail.samples, detail.pixels.dtype)
    filled = 0
    read = _bits if detail.magic == b"P1" else _numbers
    for start, block in _blocks(text, whole_words=detail.magic != b"P1"):
        found, used = read(block, filled, len(samples) - filled, detail)
        samples[filled : filled + len(found)] = found
        filled += len(found)
        if filled == len(samples):
            parts = parted(samples.reshape(detail.size.height, -1), detail)
            return Picture(np.ascontiguousarray(parts.colour)), start + used
    raise DamagedImageError(f"The PNM is cut short: a number is missing in {row_of(filled, detail)}.")


def _blocks(text: memoryview, *, whole_words: bool) -> Iterator[tuple[int, bytes]]:
    """Cut a text into blocks of about :data:`BLOCK_BYTES`, comments blanked out, each with its place."""
    start, commented = 0, False
    while start < len(text):
        stop = min(len(text), start + BLOCK_BYTES)
        block = bytes(text[start:stop])
        if commented or b"#" in block:
            block, commented = _uncommented(block, commented=commented)
        if whole_words and stop < len(text) and not commented:
            block = block[: len(block) - _begun(block)]
        yield start, block
        start += len(block)


def _uncommented(block: bytes, *, commented: bool) -> tuple[bytes, bool]:
    """Blank out the comments of a block that may begin in one; the second result says whether it ends in one."""
    import numpy as np

    characters = np.frombuffer(block, np.uint8)
    places = np.arange(1, len(block) + 1, dtype=np.int32)
    line_ends = np.isin(characters, LINE_ENDS)
    last_end = np.maximum.accumulate(np.where(line_ends, places, np.int32(-1 if commented else 0)))
    last_sign = np.maximum.accumulate(np.where(characters == SIGN, places, np.int32(0)))
    within = last_sign > last_end
    return np.where(within, np.uint8(LAST_SPACE), characters).tobytes(), bool(within[-1])


def _begun(block: bytes) -> int:
    """How long the word is that the block ends within; raises DamagedImageError for one that never ends."""
    tail = block[-MOST_WIDTH:]
    words = re.search(rb"\S*\Z", tail)
    length = len(words[0]) if words is not None else 0
    if length == len(tail):
        raise DamagedImageError("The PNM has a number that never ends.")
    return length


def _bits(block: bytes, first: int, wanted: int, detail: PnmDetail) -> tuple[Samples, int]:
    """The pixels in a block of zeros and ones, at most ``wanted``, and where they end; 1 is black."""
    import numpy as np

    characters = np.frombuffer(block, np.uint8)
    places = np.flatnonzero(characters > LAST_SPACE)[:wanted]
    bits = characters[places] - ord("0")
    if len(bits) and bits.max() > 1:
        raise DamagedImageError(
            f"The PNM has something else than 0 and 1 in {row_of(first + int((bits > 1).argmax()), detail)}."
        )
    return (bits ^ 1) * np.uint8(255), int(places[-1]) + 1 if len(places) else 0


def _numbers(block: bytes, first: int, wanted: int, detail: PnmDetail) -> tuple[Samples, int]:
    """The samples in a block of numbers, at most ``wanted``, stretched, and where they end."""
    import numpy as np

    characters = np.frombuffer(block, np.uint8)
    inked = characters > LAST_SPACE
    ends = np.flatnonzero(inked & ~np.append(inked[1:], np.False_))[:wanted] + 1
    used = int(ends[-1]) if len(ends) else 0
    strange = re.compile(rb"[^\d\s]").search(block, 0, used)
    if strange is not None:
        place = first + int(np.searchsorted(ends, strange.start(), "right"))
        raise DamagedImageError(f"The PNM has something that is no number in {row_of(place, detail)}.")
    starts = np.flatnonzero(inked & ~np.append(np.False_, inked[:-1]))[: len(ends)]
    values = _values(characters, starts, ends) if used else starts
    if used and values.max() > FULL[detail.pixels.dtype]:
        place = first + int(values.argmax())
        raise DamagedImageError(
            f"The PNM has a sample beyond its maximum of {detail.most:,} in {row_of(place, detail)}."
        )
    return stretched(values.astype(detail.pixels.dtype), detail, first) if used else values, used


def _values(characters: Samples, starts: Samples, ends: Samples) -> Samples:
    """The numbers whose digits begin and end at these places; those of many digits are only known to be large."""
    import numpy as np

    widths = ends - starts
    if widths.max() > EXACT_DIGITS:
        return np.fromstring(characters[: ends[-1]].tobytes(), np.float64, sep=" ")
    values = np.zeros(len(ends), np.int64)
    for place in range(int(widths.max())):
        digits = characters[np.maximum(ends - 1 - place, starts)] - np.uint8(ord("0"))
        values += np.where(widths > place, digits, np.uint8(0)) * np.int64(10**place)
    return values
