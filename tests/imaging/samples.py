"""Images for the tests: noise as arrays and as files, and the pieces that files are made of."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np

from tilework.testing.pictures import noise, picture  # noqa: F401 - tests find all images here

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def scene(width: int, height: int, channels: int = 3, seed: int = 0) -> Image:
    """Smoothed noise, uint8: has edges of all strengths and survives JPEG."""
    return cv2.GaussianBlur(noise(width, height, channels, seed=seed), (9, 9), 0)


def jpeg(array: Image, *options: int) -> bytes:
    return cv2.imencode(".jpg", array, list(options))[1].tobytes()


def png(array: Image) -> bytes:
    return cv2.imencode(".png", array)[1].tobytes()


def decoded(data: bytes, flags: int = cv2.IMREAD_UNCHANGED) -> Image:
    array = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    assert array is not None
    return array


def chunk(name: bytes, payload: bytes) -> bytes:
    return len(payload).to_bytes(4) + name + payload + zlib.crc32(name + payload).to_bytes(4)


def ihdr(width: int, height: int, bits: int, colour_type: int, interlace: int = 0) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, interlace))


def png_of_rows(
    width: int, bits: int, colour_type: int, rows: list[bytes], *, before: bytes = b"", after: bytes = b""
) -> bytes:
    """A PNG of unfiltered rows, with more chunks before and after its pixel data."""
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    header = ihdr(width, len(rows), bits, colour_type)
    return SIGNATURE + header + before + chunk(b"IDAT", pixels) + after + chunk(b"IEND", b"")


def segment(marker: int, payload: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2) + payload


def with_segments(data: bytes, *parts: bytes) -> bytes:
    """A JPEG with more segments right after SOI."""
    return data[:2] + b"".join(parts) + data[2:]


def exif(orientation: int, order: str = "<") -> bytes:
    """A smallest EXIF block: one directory with the orientation."""
    start = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    return start + struct.pack(order + "IH", 8, 1) + entry + struct.pack(order + "I", 0)


@dataclass
class CountingSource:
    """Bytes that remember how they were read."""

    data: bytes
    reads: list[tuple[int, int]] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self, start: int, stop: int) -> bytes:
        self.reads.append((start, stop))
        return self.data[start:stop]
