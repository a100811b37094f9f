"""JPEG XL: its pixels as libjxl's, its header, what stands beside them, and what is refused."""

from __future__ import annotations

import io
import struct
import time
from typing import Any

import cv2
import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from tests.imaging.damage import check_random_damage
from tests.imaging.heif_files import box
from tests.imaging.samples import decoded, noise, scene
from tilework.errors import (
    DamagedImageError,
    NoSuchPageError,
    TooLargeError,
    UnsupportedFormatError,
    UnsupportedPixelsError,
)
from tilework.imaging.formats import Picture, decode, probe, read_metadata
from tilework.imaging.formats.jxl_codestream import Bits
from tilework.imaging.limits import Limits
from tilework.imaging.pipeline import parse
from tilework.imaging.run import process
from tilework.imaging.sources import BytesSource

LIMITS = Limits()
BLUR, INVERT = parse("blur(9)"), parse("invert")
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
START = box(b"JXL ", b"\r\n\x87\n") + box(b"ftyp", b"jxl ", bytes(4), b"jxl ")


def read(data: bytes) -> Picture:
    return decode(data, probe(BytesSource(data), LIMITS)).picture


def jxl(array: np.ndarray, **options: Any) -> bytes:
    """Coded without loss, red first."""
    return imagecodecs.jpegxl_encode(array, lossless=True, effort=3, **options)


@pytest.mark.parametrize("container", [False, True])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_every_pixel_is_read_exactly(channels: int, dtype: str, container: bool) -> None:
    array = noise(37, 22, channels, dtype)
    picture = read(jxl(array, usecontainer=container))
    colour = array if channels == 1 else array[:, :, 0] if channels == 2 else array[:, :, 2::-1]
    assert np.array_equal(picture.colour, colour)
    assert (picture.alpha is None) == bool(channels % 2)
    if picture.alpha is not None:
        assert np.array_equal(picture.alpha, array[:, :, -1])


def test_half_floats_become_floats() -> None:
    array = noise(20, 10, 3, "float32").astype(np.float16)
    picture = read(jxl(array))
    assert str(picture.colour.dtype) == "float32"
    assert np.array_equal(picture.colour, array[:, :, ::-1])


@pytest.mark.parametrize("bits", [9, 10, 12, 14])
def test_9_to_15_bits_become_the_upper_ones_of_16(bits: int) -> None:
    array = noise(20, 10, 3, "uint16") >> (16 - bits)
    data = jxl(array, bitspersample=bits)
    assert probe(BytesSource(data), LIMITS).bits == bits
    assert np.array_equal(read(data).colour, array[:, :, ::-1] << (16 - bits))


@pytest.mark.parametrize("bits", [1, 2, 5, 7])
def test_fewer_than_8_bits_are_scaled_to_8(bits: int) -> None:
    most = (1 << bits) - 1
    array = noise(20, 10, 1) & most
    assert np.array_equal(read(jxl(array, bitspersample=bits)).colour, array.astype(int) * 255 // most)


@pytest.mark.parametrize(
    "size", [(1, 1), (8, 8), (256, 256), (160, 120), (16, 9), (300, 7), (513, 1), (8200, 3)]
)
def test_sizes_are_read_however_they_are_written(size: tuple[int, int]) -> None:
    header = probe(BytesSource(jxl(noise(*size, 1))), LIMITS)
    assert (header.size.width, header.size.height) == size


def test_a_result_is_a_png_of_what_opencv_makes_of_the_pixels() -> None:
    array = scene(60, 50)
    data = imagecodecs.jpegxl_encode(array, level=80)
    product = process(BytesSource(data), BLUR, LIMITS)
    shown = np.ascontiguousarray(imagecodecs.jpegxl_decode(data)[:, :, ::-1])
    assert (product.suffix, product.notes) == (".png", ())
    assert np.array_equal(decoded(product.body), cv2.GaussianBlur(shown, (9, 9), 0))


def packed_jpeg(orientation: int) -> tuple[bytes, Image.Image]:
    """A JPEG with EXIF, profile, XMP and resolution, packed without loss, and as Pillow sees it upright."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Maker"
    xmp = b'<x:xmpmeta><rdf:Description dc:title="Bridge"/></x:xmpmeta>'
    buffer = io.BytesIO()
    Image.fromarray(scene(48, 32)).save(
        buffer, "JPEG", quality=95, subsampling=0, exif=exif, icc_profile=PROFILE, xmp=xmp, dpi=(150, 150)
    )
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(buffer.getvalue())))
    return imagecodecs.jpegxl_encode_jpeg(buffer.getvalue(), usecontainer=True), upright


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_applied_once(orientation: int) -> None:
    data, upright = packed_jpeg(orientation)
    header = probe(BytesSource(data), LIMITS)
    assert (header.size.width, header.size.height) == upright.size
    product = process(BytesSource(data), INVERT, LIMITS)
    assert (product.width, product.height) == upright.size
    expected = 255 - imagecodecs.jpegxl_decode(data)
    assert np.array_equal(decoded(product.body), expected[:, :, ::-1])
    assert np.abs(expected.astype(int) - (255 - np.asarray(upright).astype(int))).max() <= 6
    assert Image.open(io.BytesIO(product.body)).getexif()[0x0112] == 1


def test_a_packed_jpeg_keeps_all_that_it_had() -> None:
    data, _ = packed_jpeg(1)
    product = process(BytesSource(data), BLUR, LIMITS)
    result = Image.open(io.BytesIO(product.body))
    assert result.info["icc_profile"] == PROFILE
    assert result.getexif()[0x010F] == "Maker"
    assert b"Bridge" in result.info["xmp"]
    assert result.info["dpi"] == pytest.approx((150, 150), abs=0.02)
    assert product.notes == ()


def test_a_profile_among_the_pixels_is_left_out_with_a_note() -> None:
    data, _ = packed_jpeg(1)
    bare = data.replace(b"jbrd", b"free")
    product = process(BytesSource(bare), BLUR, LIMITS)
    assert "icc_profile" not in Image.open(io.BytesIO(product.body)).info
    assert b"cICP" not in product.body
    assert product.notes == (
        "Its ICC profile is packed among its pixels, where libjxl alone can read it, and was left out.",
    )


EXIF = b"II*\0" + struct.pack("<IHHHIII", 8, 1, 0x0112, 3, 1, 6, 0)


def contained(codestream: bytes, *after: bytes) -> bytes:
    return START + box(b"jxlc", codestream) + b"".join(after)


def test_exif_alone_turns_nothing_wherever_it_stands() -> None:
    codestream = jxl(noise(24, 16))
    exif, xmp = box(b"Exif", bytes(4), EXIF), box(b"xml ", b"<x:xmpmeta/>")
    packed = box(b"brob", b"Exif", imagecodecs.brotli_encode(bytes(4) + EXIF))
    for data in (
        START + exif + box(b"jxlc", codestream),
        contained(codestream, exif, xmp),
        contained(codestream, packed),
    ):
        product = process(BytesSource(data), INVERT, LIMITS)
        assert (product.width, product.height, product.notes) == (24, 16, ())
        assert Image.open(io.BytesIO(product.body)).getexif()[0x0112] == 1
    assert b"<x:xmpmeta/>" in process(BytesSource(contained(codestream, exif, xmp)), INVERT, LIMITS).body


def test_odd_boxes_around_the_picture_are_taken_with_a_note() -> None:
    codestream = jxl(noise(24, 16))
    bomb = imagecodecs.brotli_encode(bytes(20_000_000))
    for odd, words in (
        (b"\0\0\0\x20Exif", "broken behind its picture"),
        (box(b"Exif", b"\0\0\0\0not a block"), "EXIF cannot be read"),
        (box(b"brob", b"Exif", b"\xff\xff no brotli"), "Exif cannot be unpacked"),
        (box(b"brob", b"xml ", bomb), "xml cannot be unpacked"),
    ):
        product = process(BytesSource(contained(codestream, odd)), INVERT, LIMITS)
        assert np.array_equal(decoded(product.body), 255 - noise(24, 16)[:, :, ::-1])
        assert len(product.notes) == 1
        assert words in product.notes[0]


def test_a_codestream_in_parts_is_read() -> None:
    codestream = jxl(noise(24, 16))
    parts = [codestream[:3], codestream[3:5], codestream[5:]]
    last = 0x80000000
    data = START + b"".join(
        box(b"jxlp", (index | (last if index == 2 else 0)).to_bytes(4), part)
        for index, part in enumerate(parts)
    )
    assert np.array_equal(read(data).colour, noise(24, 16)[:, :, ::-1])


def test_colours_that_the_header_names_are_kept_as_numbers() -> None:
    body = process(BytesSource(jxl(noise(24, 16))), BLUR, LIMITS).body
    assert b"cICP\x01\x0d\0\1" in body
    assert b"cICP" not in process(BytesSource(jxl(noise(24, 16))), parse("canny(20, 60)"), LIMITS).body


def packed(*fields: tuple[int, int]) -> bytes:
    """A codestream of (value, bits), the lowest bit first, and some bytes of no meaning."""
    number = position = 0
    for value, bits in fields:
        number |= value << position
        position += bits
    return b"\xff\x0a" + number.to_bytes((position + 7) // 8, "little") + bytes(range(64))


SMALL = ((1, 1), (3, 5), (1, 3))
"""32 x 32: in eighths, and square."""

DEFAULT, CUSTOM = (1, 1), (0, 1)
PLAIN, EXTRA = (0, 1), (1, 1)
EIGHT = ((0, 1), (0, 2))
HUGE = ((0, 1), (3, 2), (2**30 - 1, 30), (1, 3))

REFUSED = {
    "2^30 squared": (packed(*HUGE, DEFAULT), TooLargeError, "side"),
    "2^30 by twice that": (packed(*HUGE[:3], (7, 3), DEFAULT), TooLargeError, "side"),
    "60,000²": (packed((0, 1), (2, 2), (59_999, 18), (1, 3), DEFAULT), TooLargeError, "pixels"),
    "a bomb": (packed((0, 1), (2, 2), (19_999, 18), (1, 3), DEFAULT), TooLargeError, "ratio"),
    "an animation": (packed(*SMALL, CUSTOM, EXTRA, (0, 3), (0, 1), (0, 1), (1, 1)), UnsupportedFormatError, "animated"),
    "4,096 extra channels": (
        packed(*SMALL, CUSTOM, PLAIN, *EIGHT, (1, 1), (3, 2), (4095, 12)), UnsupportedPixelsError, "4096 extra channels",
    ),
    "a black channel": (
        packed(*SMALL, CUSTOM, PLAIN, *EIGHT, (1, 1), (1, 2), CUSTOM, (2, 2), (2, 4)), UnsupportedPixelsError, "neither",
    ),
    "premultiplied alpha": (
        packed(*SMALL, CUSTOM, PLAIN, *EIGHT, (1, 1), (1, 2), CUSTOM, (0, 2), *EIGHT, (0, 2), (0, 2), (1, 1)),
        UnsupportedPixelsError,
        "multiplied by its alpha",
    ),
    "alpha of another depth": (
        packed(*SMALL, CUSTOM, PLAIN, (0, 1), (2, 2), (1, 1), (1, 2), DEFAULT), UnsupportedPixelsError, "12 bits of colour",
    ),
    "24 bits": (
        packed(*SMALL, CUSTOM, PLAIN, (0, 1), (3, 2), (23, 6), (1, 1), (0, 2), (1, 1), DEFAULT), UnsupportedPixelsError, "24 bits",
    ),
    "floats of 24 bits": (
        packed(*SMALL, CUSTOM, PLAIN, (1, 1), (2, 2), (7, 4), (1, 1), (0, 2), (1, 1), DEFAULT),
        UnsupportedPixelsError,
        "floats of 24 bits",
    ),
    "a signature and nothing behind": (b"\xff\x0a", DamagedImageError, "cut short"),
    "boxes without a codestream": (START + box(b"Exif", bytes(9)), DamagedImageError, "no codestream"),
    "something else in its box": (contained(b"no codestream"), DamagedImageError, "no codestream"),
    "a box that claims 2^62": (START + struct.pack(">I4sQ", 1, b"jxlc", 1 << 62), DamagedImageError, "claims"),
    "a million boxes": (START + box(b"free") * 1_000_000, TooLargeError, "parts"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused_from_the_header_at_once(name: str) -> None:
    data, error, words = REFUSED[name]
    start = time.monotonic()
    with pytest.raises(error, match=words):
        probe(BytesSource(data), LIMITS)
    assert time.monotonic() - start < 5


def test_a_real_animation_is_refused_and_there_is_one_page() -> None:
    frames = np.stack([noise(24, 16), noise(24, 16, seed=1)])
    with pytest.raises(UnsupportedFormatError, match="animated"):
        probe(BytesSource(jxl(frames)), LIMITS)
    with pytest.raises(NoSuchPageError):
        probe(BytesSource(jxl(noise(24, 16))), LIMITS, 1)


def test_bits_are_read_lowest_first() -> None:
    bits = Bits(b"\x4d\x02")
    assert [bits.take(1), bits.take(2), bits.flag(), bits.take(6)] == [1, 2, True, 36]


@pytest.mark.parametrize("container", [False, True])
def test_a_file_cut_anywhere_is_damaged(container: bool) -> None:
    whole = jxl(noise(64, 48), usecontainer=container)
    for length in [*range(12, 300, 23), *range(300, len(whole), 397), len(whole) - 1]:
        with pytest.raises(DamagedImageError):
            process(BytesSource(whole[:length]), BLUR, LIMITS)


def test_a_hole_in_the_picture_is_damage() -> None:
    whole = imagecodecs.jpegxl_encode(noise(300, 200), level=90)
    middle = len(whole) // 2
    with pytest.raises(DamagedImageError, match="damaged"):
        process(BytesSource(whole[:middle] + bytes(512) + whole[middle + 512 :]), BLUR, LIMITS)


def test_a_file_cut_short_says_where() -> None:
    whole = jxl(noise(64, 48))
    with pytest.raises(DamagedImageError, match="it ends at byte 5,000, before its last pixel"):
        process(BytesSource(whole[:5000]), BLUR, LIMITS)


def test_metadata_of_a_bare_codestream_is_none() -> None:
    data = jxl(noise(24, 16))
    _, metadata = read_metadata(data, probe(BytesSource(data), LIMITS))
    assert (metadata.exif, metadata.xmp, metadata.icc) == (None, None, None)


def test_random_damage_ends_in_a_result_or_a_reason() -> None:
    check_random_damage([jxl(noise(30, 20)), packed_jpeg(6)[0], jxl(noise(30, 20, 4, "uint16"))], head=60)
