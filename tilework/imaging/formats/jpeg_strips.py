"""JPEG as :mod:`~tilework.imaging.formats.file_strips` reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.formats import jpeg_segments
from tilework.imaging.formats.jpeg import CONVERTED, frame_of, inks_to_srgb, read_metadata, read_pixels
from tilework.imaging.formats.jpeg_frame import GREY, INKS
from tilework.imaging.formats.jpeg_mending import END
from tilework.imaging.formats.picture import Picture

if TYPE_CHECKING:
    from collections.abc import Callable
    from mmap import mmap

    from tilework.imaging.formats.header import Header
    from tilework.imaging.formats.metadata import Metadata
    from tilework.imaging.operations.contract import Image

TAIL = END


def samples(header: Header) -> int:
    """Grey, colour, or four inks."""
    return frame_of(header).components


def decode_into(memory: mmap, data: memoryview, header: Header) -> tuple[str, ...]:
    """Decode; ``data`` may be mended."""
    length = len(data) - len(TAIL)
    ended = data[:length] if data[:length][-len(END) :] == END else data
    _, notes = read_pixels(ended, length, header, memory)
    return (*notes, CONVERTED) if samples(header) == INKS else notes


def prepared(data: memoryview, header: Header) -> tuple[Metadata, Callable[[Image], Picture]]:
    """Inks become sRGB by their profile."""
    metadata = read_metadata(data, header)
    if samples(header) == GREY:
        return metadata, lambda pixels: Picture(pixels[:, :, 0])
    profile = jpeg_segments.read_metadata(data).icc if samples(header) == INKS else None
    if profile is None:
        return metadata, Picture
    return metadata, lambda inks: Picture(inks_to_srgb(inks, profile))


def held_bytes(header: Header) -> int:
    """What libjpeg holds of a JPEG whose picture comes in several scans: its coefficients."""
    inks = INKS * header.stored.pixels if samples(header) == INKS else 0
    return header.scratch - inks
