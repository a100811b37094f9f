"""JPEG 2000 that is refused from its header: kinds that are not read, and claims."""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING

import pytest

from tests.imaging.jp2_files import (
    ALPHA,
    GREY,
    LIMITS,
    RGB,
    cdef,
    changed,
    code_of,
    colr,
    file_of,
    parts,
    pillow,
    profile_for,
)
from tilework.errors import TileworkError
from tilework.imaging.formats import probe
from tilework.imaging.formats.jp2_boxes import boxed
from tilework.imaging.sources import BytesSource

if TYPE_CHECKING:
    pass


REFUSED: dict[str, tuple[bytes, str, str]] = {
    "sYCC": (changed(pillow(RGB), b"colr", colr(18)), "unsupported_pixels", "sYCC"),
    "CMYK": (changed(pillow(ALPHA), b"colr", colr(12)), "unsupported_pixels", "CMYK"),
    "Lab": (changed(pillow(RGB), b"colr", colr(14)), "unsupported_pixels", "CIELab"),
    "an unknown colour": (changed(pillow(RGB), b"colr", colr(99)), "unsupported_pixels", "kind 99"),
    "a CMYK profile": (changed(pillow(ALPHA), b"colr", profile_for(b"CMYK")), "unsupported_pixels", "CMYK"),
    "a Lab profile": (changed(pillow(RGB), b"colr", profile_for(b"Lab ")), "unsupported_pixels", "Lab"),
    "grey with three components": (
        changed(pillow(RGB), b"colr", colr(17)),
        "unsupported_pixels",
        "3 components",
    ),
    "premultiplied alpha": (
        changed(pillow(ALPHA), b"cdef", cdef((0, 0, 1), (1, 0, 2), (2, 0, 3), (3, 2, 0))),
        "unsupported_pixels",
        "no plain alpha",
    ),
    "a channel of no meaning": (
        changed(pillow(ALPHA), b"cdef", cdef((0, 0, 1), (1, 0, 2), (2, 0, 3), (3, 65535, 65535))),
        "unsupported_pixels",
        "no plain alpha",
    ),
    "channels that are not there": (
        changed(pillow(RGB), b"cdef", cdef((0, 0, 1), (1, 0, 2), (7, 0, 3))),
        "damaged",
        "cdef",
    ),
    "a colour twice": (
        changed(pillow(RGB), b"cdef", cdef((0, 0, 1), (1, 0, 1), (2, 0, 3))),
        "damaged",
        "cdef",
    ),
    "a palette": (changed(pillow(GREY), b"pclr", bytes(20)), "unsupported_pixels", "palette"),
    "no header": (file_of(*(part for part in parts(pillow(RGB)) if part[0] != b"jp2h")), "damaged", "jp2h"),
    "no codestream": (file_of(*parts(pillow(RGB))[:-1]), "damaged", "jp2c"),
    "no size in its header": (changed(pillow(RGB), b"ihdr", None), "damaged", "jp2h"),
    "another size in its header": (
        changed(pillow(RGB), b"ihdr", struct.pack(">IIHBBBB", 70, 91, 3, 7, 7, 0, 0)),
        "damaged",
        "different sizes",
    ),
    "pages of text": (
        file_of((b"ftyp", b"jpm \0\0\0\0jpm "), *parts(pillow(RGB))[1:]),
        "unsupported_format",
        "jpm",
    ),
    "a film": (
        file_of((b"ftyp", b"mjp2\0\0\0\0mjp2"), *parts(pillow(RGB))[1:]),
        "unsupported_format",
        "mjp2",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_read_is_refused_from_its_header_with_a_reason(name: str) -> None:
    data, code, word = REFUSED[name]
    with pytest.raises(TileworkError, match=word) as caught:
        probe(BytesSource(data), LIMITS)
    assert caught.value.code == code


def siz(data: bytes, offset: int, value: bytes) -> bytes:
    """A bare codestream with bytes of its size marker replaced, ``offset`` bytes after SOC."""
    return data[: 2 + offset] + value + data[2 + offset + len(value) :]


BARE = pillow(RGB, no_jp2=True)


def claims(width: int, height: int, components: int, tile: int = 2**31 - 1) -> bytes:
    head = struct.pack(">HHHH8IH", 0xFF4F, 0xFF51, 38 + 3 * min(components, 9), 0,
                       width, height, 0, 0, tile, tile, 0, 0, components)  # fmt: skip
    return head + b"\7\1\1" * min(components, 9) + bytes(100)


@pytest.mark.parametrize(
    ("data", "code", "word"),
    [
        (siz(BARE, 40, b"\x87"), "unsupported_pixels", "several depths"),
        (siz(BARE, 40, b"\x87\1\1\x87\1\1\x87\1\1"), "unsupported_pixels", "signed"),
        (siz(BARE, 40, b"\3\1\1\3\1\1\3\1\1"), "unsupported_pixels", "4 bits"),
        (siz(BARE, 40, b"\x13\1\1\x13\1\1\x13\1\1"), "unsupported_pixels", "20 bits"),
        (siz(BARE, 40, b"\7\1\1\7\2\2\7\2\2"), "unsupported_pixels", "subsampled"),
        (claims(2**31, 2**31, 3), "too_large", "limit: side"),
        (claims(2**31, 1, 1), "too_large", "limit: side"),
        (claims(100_000, 100_000, 1), "too_large", "limit: pixels"),
        (claims(10, 10, 16_384), "damaged", "16,384 components"),
        (claims(10, 10, 16_385), "damaged", "16,385 components"),
        (claims(10, 10, 0), "damaged", "0 components"),
        (claims(10, 10, 5), "unsupported_pixels", "5 components"),
        (claims(0, 10, 3), "damaged", "no pixels"),
        (claims(10, 10, 3, tile=0), "damaged", "no pixels"),
        (claims(30_000, 30_000, 3, tile=1), "damaged", "900,000,000 tiles"),
        (BARE[:30], "damaged", "ends at byte 30"),
        (b"\0\0\0\x0cjP  \r\n\x87\n" + boxed(b"ftyp", b"jp2 \0\0\0\0jp2 ") + b"\xff" * 30, "damaged", "cut short"),
    ],
)  # fmt: skip
def test_odd_and_hostile_codestreams_are_refused_from_their_header(data: bytes, code: str, word: str) -> None:
    start = time.perf_counter()
    with pytest.raises(TileworkError, match=word) as caught:
        probe(BytesSource(data), LIMITS)
    assert caught.value.code == code
    assert time.perf_counter() - start < 5


def test_a_million_boxes_are_too_many() -> None:
    data = b"\0\0\0\x0cjP  \r\n\x87\n" + boxed(b"free") * 1_000_000
    assert code_of(data)[0] == "too_large"


def test_tiny_blocks_are_reckoned_with_before_they_have_memory() -> None:
    """Blocks of 4 x 4 cost 450 bytes each: 28 for a sample."""
    small, usual = (
        probe(BytesSource(pillow(RGB, codeblock_size=(side, side))), LIMITS).scratch for side in (4, 64)
    )
    assert small - usual > 25 * RGB.size
