"""Unpacking one strip or tile of a TIFF. Whatever a decoder leaves out or passes over is found here, by its length."""

from __future__ import annotations

import lzma
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from tilework.imaging.formats import tiff_fax, tiff_jpeg, tiff_pictures
from tilework.imaging.formats.tiff_coding import (
    CCITT,
    DEFLATE,
    FLOATING,
    HORIZONTAL,
    JPEG,
    JPEGS_2000,
    LZMA,
    LZW,
    NONE,
    OLD_DEFLATE,
    WEBP,
    ZSTD,
)
from tilework.imaging.formats.tiff_damage import SegmentDamageError
from tilework.imaging.limits import MIB

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.imaging.formats.tiff_coding import Coding
    from tilework.imaging.formats.tiff_samples import Samples
    from tilework.imaging.operations.contract import Image

    Stored: TypeAlias = bytes | memoryview
    Buffer: TypeAlias = Stored | Image

REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
MOST_LZMA_BYTES = 128 * MIB
"""Memory of an LZMA decoder: twice what its highest preset asks for; a stream can ask for 4 GiB."""

SPARE_BYTES = 256
"""Image for what goes beyond the pixels: a run of PackBits reaches 128 bytes, padding adds a few."""


@dataclass(frozen=True, slots=True)
class Packed:
    """The bytes of one segment.

    ``shape`` is (rows, columns, samples) of a whole segment, ``rows`` how many of its rows are needed; more may be
    there. ``odd`` is told, in a sentence, what was strange and costs no pixel. ``room`` gives memory, of so many bytes,
    in which the segment may be returned.
    """

    data: Stored
    shape: tuple[int, int, int]
    rows: int
    odd: Callable[[str], None]
    room: Callable[[int], Image]


def unpack(packed: Packed, coding: Coding, samples: Samples, order: Literal["<", ">"]) -> Image:
    """Return a segment's samples as (rows, columns, samples), in this machine's byte order; fewer than 8 bits in 8.

    ``order`` is the file's byte order. Raises SegmentDamageError where anything is missing or wrong.
    """
    _, width, count = packed.shape
    shape = (packed.rows, width, count)
    if coding.compression == JPEG:
        pixels, notes = tiff_jpeg.jpeg_samples(packed, coding.tables, samples)
        for note in notes:
            packed.odd(note)
        return pixels
    if coding.compression in JPEGS_2000:
        return tiff_pictures.jpeg_2000_samples(bytes(packed.data), coding.compression, samples, shape)
    if coding.compression == WEBP:
        return tiff_pictures.webp_samples(bytes(packed.data), shape)
    data = bytes(packed.data).translate(REVERSED_BITS) if coding.reversed_bits else packed.data
    if coding.compression in CCITT:
        return tiff_fax.samples(bytes(data), coding.compression, width, packed.rows)[:, :, None]
    row_bytes = -(-width * count * samples.bits // 8)
    needed = row_bytes * packed.rows
    unpacked = _unpacked(coding.compression, data, row_bytes * packed.shape[0], packed)
    if len(unpacked) < needed:
        raise SegmentDamageError(f"it ends after {len(unpacked):,} of {needed:,} bytes of pixels")
    return _samples(unpacked[:needed], coding.predictor, samples, order, shape)


def _samples(
    data: Buffer, predictor: int, samples: Samples, order: Literal["<", ">"], shape: tuple[int, int, int]
) -> Image:
    """Bytes to numbers, each the sum of its differences where a predictor was used."""
    import imagecodecs
    import numpy as np

    if samples.bits < 8:  # noqa: PLR2004
        run = shape[1] * shape[2]
        packed: Image = imagecodecs.packints_decode(bytes(data), "u1", samples.bits, runlen=run)
        return packed.reshape(shape)
    if predictor == FLOATING:
        bytes_of_planes = np.frombuffer(data, samples.dtype).reshape(shape)
        floats: Image = imagecodecs.floatpred_decode(bytes_of_planes, axis=-2)
        return floats
    stored = np.frombuffer(data, np.dtype(samples.dtype).newbyteorder(order)).reshape(shape)
    numbers = stored.astype(samples.dtype, copy=False)
    if predictor != HORIZONTAL:
        return numbers
    if not numbers.flags.writeable:
        numbers = numbers.copy()
    whole = numbers.view(f"u{numbers.itemsize}")
    imagecodecs.delta_decode(whole, axis=-2, out=whole)
    return numbers


def _unpacked(compression: int, data: Stored, most: int, packed: Packed) -> Buffer:
    """Bytes that a segment of ``most`` bytes holds; fewer where its stream ends early."""
    if compression == NONE:
        return data
    if compression in {DEFLATE, OLD_DEFLATE}:
        return _deflate(data, packed.room(most), packed.odd)
    if compression == LZMA:
        return _slowly(lzma.LZMADecompressor(memlimit=MOST_LZMA_BYTES), data, most, packed.odd)
    if compression == ZSTD:
        return _imagecodec("zstd_decode", data, packed.room(most))
    if compression == LZW and bytes(data[:1]) == b"\0" and len(data) > 1 and data[1] & 1:
        raise SegmentDamageError("it is packed by the LZW of before TIFF 6.0, which is not read")
    name = "lzw_decode" if compression == LZW else "packbits_decode"
    unpacked = _imagecodec(name, data, packed.room(most + SPARE_BYTES))
    if len(unpacked) > most:
        packed.odd("it holds more than its pixels")
    return unpacked


def _imagecodec(name: str, data: Stored, room: Image) -> Buffer:
    import imagecodecs

    try:
        unpacked: Image = getattr(imagecodecs, name)(data, out=room)
    except RuntimeError as error:
        raise SegmentDamageError(f"its packed data is corrupt ({error})") from error
    return unpacked


def _deflate(data: Stored, room: Image, odd: Callable[[str], None]) -> Buffer:
    """The quick decoder (libdeflate); where that complains the slow one, which tells how far it came."""
    try:
        return _imagecodec("deflate_decode", data, room)
    except SegmentDamageError:
        return _slowly(zlib.decompressobj(), data, room.size, odd)


def _slowly(
    stream: zlib._Decompress | lzma.LZMADecompressor, data: Stored, most: int, odd: Callable[[str], None]
) -> Buffer:
    """Unpack with a stream that stops at ``most`` bytes; what only lacks its end, or goes on, is whole."""
    try:
        unpacked = stream.decompress(data, most)
        if len(unpacked) == most and not stream.eof:
            stream.decompress(getattr(stream, "unconsumed_tail", b""), 1)
            if not stream.eof:
                odd("its stream does not end with its pixels")
    except (zlib.error, lzma.LZMAError, EOFError) as error:
        raise SegmentDamageError(f"its packed data is corrupt ({error})") from error
    return unpacked
