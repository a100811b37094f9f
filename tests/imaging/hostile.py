"""Files that claim more than they hold, or are no images at all: small, and made to cost whoever trusts them."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

from tests.imaging.samples import SIGNATURE, chunk, ihdr, jpeg, scene, segment, with_segments

LONG = 4


def tiff(*entries: tuple[int, int, int, int], next_ifd: int = 0, tail: bytes = b"") -> bytes:
    """A classic little-endian TIFF of one directory of (tag, type, count, value or offset), and what follows it."""
    body = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + struct.pack("<I", next_ifd) + tail


def grey_tiff(
    width: int, height: int, *more: tuple[int, int, int, int], next_ifd: int = 0, tail: bytes = b""
) -> bytes:
    """The entries of an uncompressed grey TIFF of one strip, whose pixels are not there unless ``tail`` has them."""
    entries = {
        256: (256, LONG, 1, width), 257: (257, LONG, 1, height), 258: (258, 3, 1, 8), 259: (259, 3, 1, 1),
        262: (262, 3, 1, 1), 273: (273, LONG, 1, 8), 277: (277, 3, 1, 1), 278: (278, LONG, 1, height),
        279: (279, LONG, 1, min(width * height, 0xFFFFFFFF)),
    }  # fmt: skip
    entries |= {entry[0]: entry for entry in more}
    return tiff(*entries.values(), next_ifd=next_ifd, tail=tail)


def png_claim(width: int, height: int, bits: int, packed: bytes) -> bytes:
    return SIGNATURE + ihdr(width, height, bits, 0) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def blank_png(side: int) -> bytes:
    """A whole, valid PNG of ``side``² black pixels of one bit: 33 KB for 16,384²."""
    return png_claim(side, side, 1, zlib.compress(bytes((side // 8 + 1) * side), 9))


def directories(count: int) -> bytes:
    """A TIFF of ``count`` directories in a chain, each of them sound and tiny."""
    first = grey_tiff(1, 1)
    size = len(first) - 8
    parts = [first[:-4] + struct.pack("<I", len(first)) if count > 1 else first]
    for number in range(1, count):
        after = 8 + size * (number + 1)
        parts.append(first[8:-4] + struct.pack("<I", after if number + 1 < count else 0))
    return b"".join(parts)


def looped() -> bytes:
    return grey_tiff(1, 1, next_ifd=8)


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("photo.jpg", bytes(1_000_000))
    return buffer.getvalue()


XML_BOMB = (
    b"""<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">"""
    + b"".join(b'<!ENTITY %c "%s">' % (98 + level, b"&%c;" % (97 + level) * 10) for level in range(9))
    + b"]><svg>&j;</svg>"
)

FILES: dict[str, tuple[Callable[[], bytes], tuple[str, ...]]] = {
    "a PNG of 33 KB that claims 16384²": (lambda: blank_png(16_384), ("too_large",)),
    "a PNG that claims 100,000²": (lambda: png_claim(100_000, 100_000, 8, b"x"), ("too_large",)),
    "a PNG of 95 bytes with an endless row": (
        lambda: png_claim(2**31 - 1, 1, 8, zlib.compress(bytes(20))),
        ("too_large",),
    ),
    "a PNG whose profile claims 2 GB": (
        lambda: SIGNATURE + ihdr(8, 8, 8, 0) + struct.pack(">I4s", 2**31 - 1, b"iCCP") + bytes(50),
        ("damaged", "too_large"),
    ),
    "a JPEG whose EXIF claims 2 GB": (
        lambda: with_segments(
            jpeg(scene(16, 16)),
            segment(0xE1, b"Exif\0\0II*\0" + struct.pack("<IHHHII", 8, 1, 0x010F, 2, 2**31 - 1, 8)),
        ),
        ("",),
    ),
    "a TIFF of a million directories": (
        lambda: directories(1_000_000),
        ("too_large", "several_pages", "damaged"),
    ),
    "a TIFF whose directories run in a circle": (looped, ("damaged", "too_large", "several_pages")),
    "a TIFF whose profile claims 2 GB": (
        lambda: grey_tiff(4, 4, (34675, 7, 2**31 - 1, 8), tail=bytes(16)),
        ("damaged", "too_large"),
    ),
    "a TIFF whose strip lies outside": (
        lambda: grey_tiff(64, 64, (273, LONG, 1, 2**31 - 1), tail=bytes(64)),
        ("damaged",),
    ),
    "a TIFF that claims 2^31 x 2^31": (lambda: grey_tiff(2**31, 2**31), ("too_large", "damaged")),
    "an SVG": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", ("unsupported_format",)),
    "an XML bomb": (lambda: XML_BOMB, ("not_an_image", "unsupported_format")),
    "a ZIP": (zipped, ("not_an_image",)),
    "a program called photo.jpg": (lambda: b"MZ\x90\0" + bytes(4000), ("not_an_image",)),
}
"""What each is called, how it is made, and the codes that are right for it ("": it is an image after all)."""
