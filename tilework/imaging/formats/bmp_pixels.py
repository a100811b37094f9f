"""From the stored rows of a BMP to a picture, in bands, so that little memory is needed beside the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from tilework.errors import DamagedImageError
from tilework.imaging.formats import bmp_rle
from tilework.imaging.formats.bands import bands, blank

if TYPE_CHECKING:
    import numpy as np

    from tilework.imaging.formats.bmp_header import BmpDetail
    from tilework.imaging.formats.header import Header
    from tilework.imaging.formats.picture import Picture

    Bytes: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
    Words: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.unsignedinteger[Any]]]


def picture(data: memoryview, header: Header, detail: BmpDetail) -> Picture:
    """Unpack the pixels of a BMP that is not run-length coded; ``data`` holds its rows, padding included.

    Raises DamagedImageError for a palette index without a colour.
    """
    import numpy as np

    width, height = header.stored.width, header.stored.height
    stride = (width * detail.bits + 31) // 32 * 4
    stored = np.zeros((height, stride), np.uint8) if len(data) < height * stride else None
    if stored is None:
        stored = np.frombuffer(data, np.uint8, height * stride).reshape(height, stride)
    else:
        stored.reshape(-1)[: len(data)] = np.frombuffer(data, np.uint8)
    return _unpacked(stored if detail.top_down else stored[::-1], header, detail)


def _unpacked(rows: Bytes, header: Header, detail: BmpDetail) -> Picture:
    """Unpack rows of (height, stride) bytes, the upper first."""
    empty = blank(header.stored, header.pixels)
    for top, bottom in bands(header.stored):
        part = rows[top:bottom]
        if detail.bits <= 8:  # noqa: PLR2004
            paint(empty, _indices(part, header.stored.width, detail.bits), top, detail)
        elif detail.bits == 24:  # noqa: PLR2004
            empty.colour[top:bottom] = part[:, : 3 * header.stored.width].reshape(len(part), -1, 3)
        else:
            _take_apart(empty, part, top, header, detail)
    return empty


def run_length_picture(data: memoryview, header: Header, detail: BmpDetail) -> tuple[Picture, int, int]:
    """Unpack a run-length coded BMP; returns the picture, the bytes that it took, and the pixels left out of it.

    Raises DamagedImageError as :func:`picture` and :func:`.bmp_rle.unpack` do.
    """
    import numpy as np

    packed, used, skipped = bmp_rle.unpack(data, header.stored, detail.bits)
    indices = np.frombuffer(packed, np.uint8).reshape(header.stored.height, -1)[::-1]
    empty = blank(header.stored, header.pixels)
    for top, bottom in bands(header.stored):
        paint(empty, indices[top:bottom], top, detail)
    return empty, used, skipped


def paint(target: Picture, indices: Bytes, top: int, detail: BmpDetail) -> None:
    """Write the palette's colours for ``indices`` of shape (rows, width) from row ``top`` on; raises DamagedImageError."""
    import numpy as np

    palette = np.frombuffer(detail.palette, np.uint8).reshape(-1, 3)
    if len(palette) < 1 << detail.bits and indices.max() >= len(palette):
        row, column = (int(at) for at in np.argwhere(indices >= len(palette))[0])
        raise DamagedImageError(
            f"The BMP's pixel in row {top + row:,}, column {column:,} has the colour {indices[row, column]} of a "
            f"palette of {len(palette)}."
        )
    table = palette[:, 0] if target.colour.ndim == 2 else palette  # noqa: PLR2004
    target.colour[top : top + len(indices)] = table[indices]


def _indices(rows: Bytes, width: int, bits: int) -> Bytes:
    """Take bytes of (rows, stride) apart into indices of (rows, width)."""
    import numpy as np

    if bits == 8:  # noqa: PLR2004
        return rows[:, :width]
    shifts = np.arange(8 - bits, -1, -bits, dtype=np.uint8)
    apart = (rows[:, :, None] >> shifts) & np.uint8((1 << bits) - 1)
    return apart.reshape(len(rows), -1)[:, :width]


def _take_apart(target: Picture, rows: Bytes, top: int, header: Header, detail: BmpDetail) -> None:
    """Write the channels that masks tell from pixels of 16 or 32 bits."""
    import numpy as np

    kind = np.dtype(f"<u{detail.bits // 8}")
    words: Words = np.ascontiguousarray(rows).view(kind)[:, : header.stored.width]
    most = np.iinfo(header.pixels.dtype).max
    red, green, blue, alpha = detail.masks
    place = slice(top, top + len(rows))
    for channel, mask in enumerate((blue, green, red)):
        target.colour[place, :, channel] = _channel(words, mask, most)
    if target.alpha is not None:
        target.alpha[place] = _channel(words, alpha, most)


def _channel(words: Words, mask: int, most: int) -> Words:
    """The samples under a mask, stretched so that all its bits become ``most``; fractions are dropped, as Pillow does."""
    import numpy as np

    if not mask:
        return np.zeros_like(words)
    shift = (mask & -mask).bit_length() - 1
    samples: Words = (words & words.dtype.type(mask)) >> words.dtype.type(shift)
    if mask >> shift == most:
        return samples
    return samples.astype(np.uint64) * np.uint64(most) // np.uint64(mask >> shift)


def unused_bytes_vary(data: memoryview) -> bool:
    """Whether the fourth bytes of 32-bit pixels, which nothing declares as alpha, look as if somebody had meant them."""
    import numpy as np

    fourth = np.frombuffer(data, np.uint8, len(data) // 4 * 4)[3::4]
    return bool(fourth.min() != fourth.max())
