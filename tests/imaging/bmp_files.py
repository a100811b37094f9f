"""BMP files for the tests, made of their pieces."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.imaging.samples import noise
from tilework.errors import DamagedImageError
from tilework.imaging.formats import Decoded, decode, probe
from tilework.imaging.limits import Limits
from tilework.imaging.sources import BytesSource

LIMITS = Limits()
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
PALETTE = bytes([9, 1, 0, 200, 2, 0, 5, 3, 5, 1, 4, 3])
GREY, COLOUR, ALPHA = noise(37, 23, 1), noise(37, 23), noise(37, 23, 4)


def bmp(width: int, height: int, bits: int, pixels: bytes, *, compression: int = 0, kind: int = 40,
        masks: tuple[int, ...] = (), palette: bytes = b"", colours: int | None = None, planes: int = 1,
        start: int | None = None, tail: bytes = b"", density: tuple[int, int] = (0, 0)) -> bytes:  # fmt: skip
    """A BMP of its pieces; ``palette`` has three bytes an entry, and the entries' fourth is added where it belongs."""
    if kind == 12:
        info = struct.pack("<IHHHH", 12, width, height, planes, bits)
    else:
        count = len(palette) // 3 if colours is None else colours
        info = struct.pack(
            "<IiiHHIIiiII", kind, width, height, planes, bits, compression, 0, *density, count, 0
        )
        info = info[:kind] + struct.pack(f"<{len(masks)}I", *masks)
        info = info.ljust(kind, b"\0")
    entries = [palette[at : at + 3] + (b"" if kind == 12 else b"\0") for at in range(0, len(palette), 3)]
    head = info + b"".join(entries)
    at = 14 + len(head) if start is None else start
    return b"BM" + struct.pack("<IHHI", 14 + len(head) + len(pixels), 0, 0, at) + head + pixels + tail


def read(data: bytes) -> Decoded:
    return decode(data, probe(BytesSource(data), LIMITS))


def by_pillow(data: bytes, mode: str) -> Any:
    """What Pillow sees, blue first."""
    seen = np.asarray(Image.open(io.BytesIO(data)).convert(mode))
    return seen if seen.ndim == 2 else seen[:, :, [2, 1, 0, 3][: seen.shape[2]]]


def refusal(data: bytes) -> str:
    with pytest.raises(DamagedImageError) as caught:
        read(data)
    return caught.value.reason


def packed(indices: Any, bits: int) -> bytes:
    """Rows of palette numbers, the first one first, packed and filled up to four bytes."""
    rows = []
    for row in indices:
        digits = "".join(f"{value:0{bits}b}" for value in row)
        whole = digits.ljust(-(-len(digits) // 32) * 32, "0")
        rows.append(int(whole, 2).to_bytes(len(whole) // 8))
    return b"".join(rows)
