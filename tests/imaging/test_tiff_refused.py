"""TIFFs that are refused: what the table of formats does not list, hostile claims, and damage told with its place."""

from __future__ import annotations

import io
import struct
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from tests.imaging.samples import noise, scene
from tests.imaging.tiffs import LONG, LONG8, RATIONAL, SHORT, built, claim, grey, read, written
from tilework.errors import (
    DamagedImageError,
    ImageError,
    TooLargeError,
    UnsupportedFormatError,
    UnsupportedPixelsError,
)
from tilework.imaging.formats import probe
from tilework.imaging.limits import Limits
from tilework.imaging.pipeline import parse
from tilework.imaging.run import process
from tilework.imaging.sources import BytesSource

BODY = bytes(256)
PAGE = grey(16, 16, 16, 256)
UNTILED = {tag: value for tag, value in PAGE.items() if tag not in {273, 278, 279}}


def refused(data: bytes, limits: Limits | None = None) -> ImageError:
    with pytest.raises(ImageError) as caught:
        probe(BytesSource(data), limits or Limits())
    return caught.value


@pytest.mark.parametrize(
    ("tags", "kind", "reason"),
    [
        ({262: (SHORT, 5), 277: (SHORT, 4)}, UnsupportedPixelsError, "CMYK"),
        ({262: (SHORT, 8), 277: (SHORT, 3)}, UnsupportedPixelsError, "CIE Lab"),
        ({262: (SHORT, 32845), 277: (SHORT, 3)}, UnsupportedPixelsError, "LogLuv"),
        ({262: (SHORT, 32803)}, UnsupportedPixelsError, "colour filter array"),
        ({262: (SHORT, 777)}, UnsupportedPixelsError, "interpretation 777"),
        ({277: (SHORT, 2)}, UnsupportedPixelsError, "2 channels"),
        ({277: (SHORT, 4)}, UnsupportedPixelsError, "4 channels"),
        ({277: (SHORT, 4), 262: (SHORT, 2), 338: (SHORT, 0)}, UnsupportedPixelsError, "4 channels"),
        ({277: (SHORT, 5), 262: (SHORT, 2), 338: (SHORT, (0, 2))}, UnsupportedPixelsError, "4 channels"),
        ({262: (SHORT, 3), 277: (SHORT, 2), 338: (SHORT, 2)}, UnsupportedPixelsError, "palette"),
        ({258: (SHORT, 16), 262: (SHORT, 3)}, UnsupportedPixelsError, "palette"),
        ({339: (SHORT, 2)}, UnsupportedPixelsError, "8-bit signed"),
        ({258: (SHORT, 32)}, UnsupportedPixelsError, "32-bit unsigned"),
        ({258: (SHORT, 64), 339: (SHORT, 2)}, UnsupportedPixelsError, "64-bit signed"),
        ({258: (SHORT, 64), 339: (SHORT, 6)}, UnsupportedPixelsError, "complex"),
        ({258: (SHORT, 12)}, UnsupportedPixelsError, "12-bit"),
        (
            {258: (SHORT, (5, 6, 5)), 277: (SHORT, 3), 262: (SHORT, 2)},
            UnsupportedPixelsError,
            "different kinds",
        ),
        ({258: (SHORT, 32), 339: (SHORT, 3), 262: (SHORT, 0)}, UnsupportedPixelsError, "white as zero"),
        ({262: (SHORT, 6), 277: (SHORT, 3)}, UnsupportedPixelsError, "combination"),
        ({259: (SHORT, 7), 258: (SHORT, 12)}, UnsupportedPixelsError, "12-bit"),
        ({259: (SHORT, 7), 258: (SHORT, 16)}, UnsupportedPixelsError, "combination"),
        ({259: (SHORT, 4)}, UnsupportedPixelsError, "combination"),
        ({259: (SHORT, 6)}, UnsupportedFormatError, "old-style JPEG"),
        ({259: (SHORT, 34887)}, UnsupportedFormatError, "LERC"),
        ({259: (SHORT, 50002)}, UnsupportedFormatError, "JPEG XL"),
        ({259: (SHORT, 999)}, UnsupportedFormatError, "compression 999"),
        ({259: (SHORT, 3), 258: (SHORT, 1), 292: (LONG, 1)}, UnsupportedFormatError, "two-dimensional"),
        ({259: (SHORT, 5), 317: (SHORT, 9)}, UnsupportedFormatError, "predictor 9"),
        ({259: (SHORT, 5), 317: (SHORT, 3)}, DamagedImageError, "does not go together"),
        ({32997: (LONG, 5)}, UnsupportedPixelsError, "volume"),
    ],
)
def test_what_the_table_does_not_list_is_refused_by_name(
    tags: dict[int, Any], kind: type[ImageError], reason: str
) -> None:
    error = refused(built(PAGE | tags, body=BODY))
    assert type(error) is kind
    assert reason in error.reason


@pytest.mark.parametrize(
    ("data", "kind", "reason"),
    [
        (b"II*\0", DamagedImageError, "ends at byte 4"),
        (b"II*\0" + bytes(8), DamagedImageError, "no directory"),
        (b"II*\0\xff\xff\xff\x7f", DamagedImageError, "its header points to bytes 2,147,483,647"),
        (b"II+\0\x08\0\0\0" + b"\xff" * 8 + bytes(99), DamagedImageError, "its header points to bytes"),
        (b"II+\0\x04\0\0\0" + bytes(99), DamagedImageError, "offsets have 4 bytes"),
        (b"II*\0\x08\0\0\0\xff\xff" + bytes(900_000), DamagedImageError, "65,535 entries"),
        (b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 1 << 60), DamagedImageError, "entries"),
        (built({256: (LONG, 0)}), DamagedImageError, "0 x 0 pixels"),
        (
            built(PAGE | {257: (RATIONAL, (1, 1))}, body=BODY),
            DamagedImageError,
            "tag 257 holds no whole numbers",
        ),
        (built({256: (LONG, 16), 257: (LONG, 16)}), DamagedImageError, "where its pixels lie"),
        (built(PAGE | {256: (LONG, 1 << 31), 257: (LONG, 1 << 31)}, body=BODY), TooLargeError, "limit: side"),
        (
            built(PAGE | {256: (LONG, 1 << 20), 257: (LONG, 1 << 20)}, body=BODY),
            TooLargeError,
            "limit: window_pixels",
        ),
        (
            built(PAGE | {273: (LONG, 1 << 30)}, body=BODY),
            DamagedImageError,
            "strip 0 of 1 lies at bytes 1,073,741,824",
        ),
        (built(PAGE | {278: (LONG, 1)}, body=BODY), DamagedImageError, "holds 1 numbers where 16 must be"),
        (built(PAGE | {262: (SHORT, 3)}, body=BODY), DamagedImageError, "palette has 0 numbers"),
        (
            built(
                UNTILED | {322: (SHORT, 16), 323: (SHORT, 0), 324: (LONG, 16), 325: (LONG, 256)}, body=BODY
            ),
            DamagedImageError,
            "tiles of 16 x 0",
        ),
        (
            built(
                UNTILED
                | {256: (LONG, 30_000), 257: (LONG, 30_000), 322: (SHORT, 1), 323: (SHORT, 1)}
                | {324: (LONG, 16), 325: (LONG, 256)},
                body=BODY,
            ),
            TooLargeError,
            "900,000,000 strips or tiles",
        ),
        (
            built(
                UNTILED
                | {
                    259: (SHORT, 8),
                    322: (LONG, 1 << 31),
                    323: (LONG, 1 << 31),
                    324: (LONG, 16),
                    325: (LONG, 256),
                },
                body=BODY,
            ),
            TooLargeError,
            "limit: ratio",
        ),
    ],
)
def test_hostile_headers_are_refused_with_what_they_claim(
    data: bytes, kind: type[ImageError], reason: str
) -> None:
    error = refused(data)
    assert type(error) is kind
    assert reason in error.reason


@pytest.mark.parametrize("tag", [34675, 700, 42112, 33723])
def test_values_of_gigabytes_are_refused_before_they_are_read(tag: int) -> None:
    data = built(PAGE | {tag: (7, bytes(100))}, body=BODY)
    assert "claims 2,147,483,648 bytes" in refused(claim(data, tag, count=1 << 31)).reason
    assert "outside the file" in refused(claim(data, tag, count=2_000_000)).reason


def test_an_index_of_400_000_tiles_is_read() -> None:
    count = 640 * 640
    tiles = {256: (LONG, 10_240), 257: (LONG, 10_240), 322: (SHORT, 16), 323: (SHORT, 16), 259: (SHORT, 5)}
    for kind, big in ((LONG, False), (LONG8, True)):
        tags = UNTILED | tiles | {324: (kind, [16] * count), 325: (kind, [256] * count)}
        header = probe(BytesSource(built(tags, big=big, body=bytes(1 << 20))), Limits())
        assert header.stored.width == 10_240


def test_a_tile_index_that_points_outside_is_refused_with_the_tile() -> None:
    offsets = [16] * 64
    offsets[40] = 1 << 31
    tags = UNTILED | {256: (LONG, 128), 257: (LONG, 128), 322: (SHORT, 16), 323: (SHORT, 16)}
    data = built(tags | {324: (LONG, offsets), 325: (LONG, [256] * 64)}, body=BODY)
    assert "tile 40 of 64 lies at bytes 2,147,483,648 to 2,147,483,904" in refused(data).reason


def damaged(data: bytes) -> str:
    with pytest.raises(DamagedImageError) as caught:
        read(data)
    return caught.value.reason


@pytest.mark.parametrize(
    "compression", ["packbits", "lzw", "adobe_deflate", "zstd", "lzma", "jpeg", "webp", "jpeg2000"]
)
def test_a_tile_that_ends_early_is_damage_told_by_its_number_and_byte(compression: str) -> None:
    data = written(scene(64, 64), photometric="rgb", compression=compression, tile=(32, 32))
    start, length = _second(data)
    assert f"tile 1 (byte {start:,}) of 4 is damaged" in damaged(_with_second_count(data, length // 2))
    garbled = bytearray(data)
    garbled[start : start + length] = np.random.default_rng(0).bytes(length)
    reason = damaged(bytes(garbled))
    assert f"tile 1 (byte {start:,}) of 4 is damaged" in reason


def _second(data: bytes) -> tuple[int, int]:
    """Where the second tile lies, and its length."""
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages[0]
        return page.dataoffsets[1], page.databytecounts[1]


def _with_second_count(data: bytes, count: int) -> bytes:
    changed = bytearray(data)
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        tag = file.pages[0].tags[325]
        code = {3: "<H", 4: "<I"}[tag.dtype]
        struct.pack_into(code, changed, tag.valueoffset + struct.calcsize(code), count)
    return bytes(changed)


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt"])
def test_fax_codes_that_are_changed_anywhere_are_damage(compression: str) -> None:
    """The decoders pass over it and leave rows white."""
    image = Pillow.fromarray((scene(131, 64, 1) > 127).astype(np.uint8) * 255).convert("1")
    file = io.BytesIO()
    image.save(file, "TIFF", compression=compression)
    original = file.getvalue()
    with Pillow.open(file) as opened:
        start, length = opened.tag_v2[273][0], opened.tag_v2[279][0]
        expected = np.asarray(opened.convert("L"))
    generator = np.random.default_rng(3)
    told = 0
    for _ in range(40):
        data = bytearray(original)
        data[start + int(generator.integers(length))] ^= 1 << int(generator.integers(8))
        try:
            found = read(bytes(data)).colour
        except DamagedImageError:
            told += 1
        else:
            # a bit that means another picture, or none at the very end
            assert np.count_nonzero(found != expected) < 100
    assert told >= 30


def test_a_short_uncompressed_strip_is_damage() -> None:
    reason = damaged(built(PAGE | {279: (LONG, 100)}, body=BODY))
    assert "strip 0 (byte 16) of 1 is damaged: it ends after 100 of 256 bytes" in reason


def test_a_file_cut_anywhere_is_damaged() -> None:
    for options in ({"compression": "lzw"}, {"tile": (16, 16)}, {"compression": "jpeg"}):
        data = written(scene(48, 40), photometric="rgb", **options)
        for stop in np.linspace(1, len(data) - 1, 40).astype(int):
            with pytest.raises(ImageError):
                read(data[:stop])


def test_a_wrong_checksum_of_deflate_is_damage() -> None:
    packed = bytearray(imagecodecs.zlib_encode(noise(16, 16, 1).tobytes()))
    packed[-1] ^= 1
    tags = grey(16, 16, 16, len(packed), _259=(SHORT, 8))
    assert "corrupt" in damaged(built(tags, body=bytes(packed)))


def test_a_tile_whose_picture_has_another_size_is_damage_before_it_is_decoded() -> None:
    large = imagecodecs.jpeg8_encode(scene(640, 640, 1))
    for compression, body in (
        (7, large),
        (34712, imagecodecs.jpeg2k_encode(scene(640, 640, 1), codecformat="j2k")),
    ):
        tags = grey(16, 16, 16, len(body), _259=(SHORT, compression))
        assert "where 16 x 16 in 1 must be" in damaged(built(tags, body=body))


def test_old_lzw_is_told_by_name() -> None:
    assert "before TIFF 6.0" in damaged(built(PAGE | {259: (SHORT, 5)}, body=b"\0\1" + BODY))


def test_operations_refuse_depths_that_opencv_does_not_take() -> None:
    data = written(noise(9, 9, 1, "int32"))
    assert process(BytesSource(data), parse("invert"), Limits()).dtype == "int32"
    with pytest.raises(UnsupportedPixelsError):
        process(BytesSource(data), parse("blur(3)"), Limits())


def test_a_tile_too_large_for_the_working_set_is_refused_with_the_header() -> None:
    array = np.zeros((64, 64), np.uint8)
    data = written(array, compression="zlib", tile=(4096, 4096))
    with pytest.raises(TooLargeError, match="limit: working_set"):
        process(BytesSource(data), parse("invert"), Limits(working_set=1 << 24))
