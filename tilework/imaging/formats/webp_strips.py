"""WebP as :mod:`~tilework.imaging.formats.file_strips` reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.formats import webp_chunks
from tilework.imaging.formats.rgb import parted_rgb
from tilework.imaging.formats.webp import read_metadata, read_pixels

if TYPE_CHECKING:
    from collections.abc import Callable
    from mmap import mmap

    from tilework.imaging.formats.header import Header
    from tilework.imaging.formats.metadata import Metadata
    from tilework.imaging.formats.picture import Picture
    from tilework.imaging.operations.contract import Image

TAIL = b""
LOSSLESS_BYTES = 4
"""Of a pixel: libwebp holds a lossless picture whole."""

ALPHA_BYTES = 2
"""Of a pixel, likewise: alpha, packed and unpacked."""


def samples(header: Header) -> int:
    """Colour, and alpha."""
    return header.pixels.channels + header.pixels.alpha


def decode_into(memory: mmap, data: memoryview, header: Header) -> tuple[str, ...]:
    """Decode."""
    import numpy as np

    size = header.stored
    read_pixels(
        data, header, np.frombuffer(memory, np.uint8).reshape(size.height, size.width, samples(header))
    )
    return webp_chunks.trailing(data)


def prepared(data: memoryview, header: Header) -> tuple[Metadata, Callable[[Image], Picture]]:
    """Blue comes first here."""
    return read_metadata(data, header), parted_rgb


def held_bytes(header: Header) -> int:
    """What libwebp holds of a lossless picture or of alpha; nothing of others."""
    each = LOSSLESS_BYTES if header.lossless else ALPHA_BYTES * header.pixels.alpha
    return each * header.stored.pixels
