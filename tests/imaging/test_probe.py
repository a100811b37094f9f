from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.imaging.samples import (
    SIGNATURE,
    CountingSource,
    chunk,
    decoded,
    exif,
    ihdr,
    jpeg,
    noise,
    png,
    png_of_rows,
    scene,
    segment,
    with_segments,
)
from tilework.errors import (
    DamagedImageError,
    EmptyObjectError,
    NotAnImageError,
    TileworkError,
    TooLargeError,
    UnsupportedFormatError,
    UnsupportedPixelsError,
)
from tilework.imaging.formats import Format, probe
from tilework.imaging.formats.header_reader import HEAD_BYTES
from tilework.imaging.formats.signatures import IMAGES
from tilework.imaging.formats.table import ROWS
from tilework.imaging.limits import MIB, Limits
from tilework.imaging.operations import Pixels
from tilework.imaging.sources import BytesSource
from tilework.imaging.windows import Size

LIMITS = Limits()


def saved(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("RGB", 3)])
@pytest.mark.parametrize("size", [(1, 1), (17, 5), (1000, 3)])
def test_a_jpeg_tells_what_pillow_reads_from_it(
    size: tuple[int, int], mode: str, channels: int, progressive: bool
) -> None:
    data = saved(Image.new(mode, size), format="jpeg", progressive=progressive)
    header = probe(BytesSource(data), LIMITS)
    assert (header.format, header.size, header.pixels) == (
        Format.JPEG,
        Size(*size),
        Pixels("uint8", channels),
    )
    assert (header.bits, header.scratch > 0) == (8, progressive)


@pytest.mark.parametrize(("option", "name"), [(0, "4:4:4"), (1, "4:2:2"), (2, "4:2:0")])
def test_a_jpeg_tells_its_chroma_subsampling(option: int, name: str) -> None:
    data = saved(Image.new("RGB", (40, 40)), format="jpeg", subsampling=option)
    assert probe(BytesSource(data), LIMITS).subsampling == name


@pytest.mark.parametrize(
    ("factor", "name"),
    [
        (cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411, "4:1:1"),
        (cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420, "4:2:0"),
        (cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422, "4:2:2"),
        (cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440, "4:4:0"),
        (cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444, "4:4:4"),
    ],
)
def test_every_subsampling_that_opencv_writes_is_named(factor: int, name: str) -> None:
    data = jpeg(noise(40, 40), cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor)
    assert probe(BytesSource(data), LIMITS).subsampling == name


@pytest.mark.parametrize(
    ("mode", "bits", "pixels"),
    [
        ("1", 1, Pixels("uint8", 1)),
        ("L", 8, Pixels("uint8", 1)),
        ("LA", 8, Pixels("uint8", 1, alpha=True)),
        ("I;16", 16, Pixels("uint16", 1)),
        ("P", 1, Pixels("uint8", 3)),
        ("RGB", 8, Pixels("uint8", 3)),
        ("RGBA", 8, Pixels("uint8", 3, alpha=True)),
    ],
)
def test_a_png_tells_what_pillow_wrote(mode: str, bits: int, pixels: Pixels) -> None:
    data = saved(Image.new(mode, (31, 17)), format="png")
    header = probe(BytesSource(data), LIMITS)
    assert (header.format, header.size, header.pixels) == (Format.PNG, Size(31, 17), pixels)
    assert header.bits == bits


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_16_bit_png_tells_what_opencv_wrote(channels: int) -> None:
    header = probe(BytesSource(png(noise(20, 10, channels, "uint16"))), LIMITS)
    assert header.pixels == Pixels("uint16", min(channels, 3), alpha=channels == 4)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("transparent", [False, True])
def test_a_palette_png_tells_its_alpha(bits: int, transparent: bool) -> None:
    before = chunk(b"PLTE", bytes(6)) + (chunk(b"tRNS", b"\x10") if transparent else b"")
    header = probe(BytesSource(png_of_rows(8, bits, 3, [bytes(bits)], before=before)), LIMITS)
    assert (header.colour, header.bits) == ("palette", bits)
    assert header.pixels == Pixels("uint8", 3, alpha=transparent)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_read_from_both_formats(orientation: int, order: str) -> None:
    block = exif(orientation, order)
    upright = Size(20, 30) if orientation >= 5 else Size(30, 20)
    for data in (
        with_segments(jpeg(noise(30, 20)), segment(0xE1, b"Exif\0\0" + block)),
        png_of_rows(30, 8, 0, [bytes(30)] * 20, before=chunk(b"eXIf", block)),
    ):
        header = probe(BytesSource(data), LIMITS)
        assert (header.orientation, header.size, header.has_exif) == (orientation, upright, True)


@pytest.mark.parametrize(
    "block", [exif(0), exif(9), b"", b"II*\0", b"II*\0\xff\xff\xff\xff", b"nonsense", exif(6)[:18]]
)
def test_an_exif_block_without_a_sound_orientation_leaves_the_image_as_it_is(block: bytes) -> None:
    data = with_segments(jpeg(noise(30, 20)), segment(0xE1, b"Exif\0\0" + block))
    assert probe(BytesSource(data), LIMITS).orientation == 1
    assert decoded(data, cv2.IMREAD_COLOR).shape == (20, 30, 3)


def test_a_profile_is_noticed_in_both_formats() -> None:
    profile = b"profile" * 100
    for name in ("jpeg", "png"):
        data = saved(Image.new("RGB", (5, 5)), format=name, icc_profile=profile)
        assert probe(BytesSource(data), LIMITS).has_icc


def test_a_header_takes_one_read_of_256_kib_at_most() -> None:
    source = CountingSource(png(noise(700, 700)))
    probe(source, LIMITS)
    assert source.reads == [(0, HEAD_BYTES)]


def test_a_long_header_takes_few_reads_and_skips_what_it_need_not_know() -> None:
    maker_notes = segment(0xEB, bytes(65_000)) * 30
    source = CountingSource(with_segments(jpeg(noise(30, 20)), maker_notes))
    assert probe(source, LIMITS).size == Size(30, 20)
    assert len(source.reads) <= 31


OTHERS = {
    "Windows icon": saved(Image.new("RGB", (32, 32)), format="ico"),
    "Photoshop": b"8BPS\0\1" + bytes(20),
    "SVG": b'<?xml version="1.0"?>\n<!-- drawn --><svg xmlns="http://www.w3.org/2000/svg"/>',
    "animated PNG": png_of_rows(8, 8, 0, [bytes(8)], before=chunk(b"acTL", bytes(8))),
    "lossless JPEG": b"\xff\xd8" + segment(0xC3, b"\x08\0\x10\0\x10\1\1\x11\0"),
    "arithmetic-coded JPEG": b"\xff\xd8" + segment(0xC9, b"\x08\0\x10\0\x10\1\1\x11\0"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_an_image_of_another_format_is_refused_by_name(name: str) -> None:
    with pytest.raises(UnsupportedFormatError, match=name):
        probe(BytesSource(OTHERS[name]), LIMITS)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"%PDF-1.7\n", "a PDF document"),
        (b"PK\3\4" + bytes(30), "a ZIP archive"),
        (b"\x1f\x8b\x08" + bytes(20), "a gzip archive"),
        (b"MZ\x90\0" + bytes(60), "a Windows program"),
        (b"\x7fELF" + bytes(60), "a program"),
        (b"\0\0\0\x20ftypisom" + bytes(20), "a video"),
        (b"<!DOCTYPE html><html></html>", "a web page"),
        (b"\n<!doctype html>\n<title>404</title>", "a web page"),
        (b"<HTML><BODY>", "a web page"),
        (b'<?xml version="1.0"?><!DOCTYPE lolz []>', "an XML document"),
        (b"Hello, world", "no image format"),
        (b"\xff\xd8", "no image format"),
        (b"\x89PNG", "no image format"),
        (bytes(1000), "no image format"),
    ],
)
def test_what_is_no_image_is_refused_as_what_it_is(data: bytes, name: str) -> None:
    with pytest.raises(NotAnImageError, match=name):
        probe(BytesSource(data), LIMITS)


def test_an_empty_file_is_refused_as_empty_without_reading_a_range_of_nothing() -> None:
    source = CountingSource(b"")
    with pytest.raises(EmptyObjectError):
        probe(source, LIMITS)
    assert source.reads == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (saved(Image.new("CMYK", (9, 9)), format="jpeg"), "CMYK"),
        (b"\xff\xd8" + segment(0xC1, b"\x0c\0\x10\0\x10\1\1\x11\0") + segment(0xDA, bytes(8)), "12 bits"),
        (
            b"\xff\xd8" + segment(0xC0, b"\x08\0\x10\0\x10\2\1\x11\0\2\x11\0") + segment(0xDA, bytes(8)),
            "2-channel",
        ),
    ],
)
def test_a_jpeg_with_pixels_that_are_not_read_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(UnsupportedPixelsError, match=reason):
        probe(BytesSource(data), LIMITS)


GOOD_JPEG, GOOD_PNG = jpeg(scene(40, 30)), png(scene(40, 30))
BROKEN_HEADERS = {
    "a PNG without its header chunk": SIGNATURE + chunk(b"IDAT", b""),
    "a PNG whose header fails its checksum": GOOD_PNG[:20] + b"\xff" + GOOD_PNG[21:],
    "a PNG of no width": SIGNATURE + ihdr(0, 5, 8, 0),
    "a PNG of 3 bits": SIGNATURE + ihdr(5, 5, 3, 0),
    "a PNG without pixels": SIGNATURE + ihdr(5, 5, 8, 0) + chunk(b"IEND", b""),
    "a PNG without its palette": SIGNATURE + ihdr(5, 5, 8, 3) + chunk(b"IDAT", b""),
    "a PNG with garbage for chunks": SIGNATURE + ihdr(5, 5, 8, 0) + b"\xff" * 40,
    "a JPEG without a frame": b"\xff\xd8" + segment(0xDA, bytes(8)),
    "a JPEG that ends at once": b"\xff\xd8\xff\xd9",
    "a JPEG of no height": b"\xff\xd8" + segment(0xC0, b"\x08\0\0\0\x10\1\1\x11\0") + segment(0xDA, bytes(8)),
    "a JPEG with a short frame": b"\xff\xd8" + segment(0xC0, b"\x08\0\x10") + segment(0xDA, bytes(8)),
    "a JPEG with a segment of no length": b"\xff\xd8\xff\xe0\0\1" + bytes(40),
    "a JPEG with garbage for markers": b"\xff\xd8\xff\xe0\0\2garbage",
}


@pytest.mark.parametrize("name", BROKEN_HEADERS)
def test_a_broken_header_is_damage(name: str) -> None:
    with pytest.raises(DamagedImageError):
        probe(BytesSource(BROKEN_HEADERS[name]), LIMITS)


@pytest.mark.parametrize("whole", [GOOD_JPEG, GOOD_PNG], ids=["jpeg", "png"])
def test_a_header_cut_anywhere_has_a_right_end(whole: bytes) -> None:
    for length in range(1, 700):
        try:
            header = probe(BytesSource(whole[:length]), LIMITS)
        except TileworkError as error:
            assert isinstance(error, (DamagedImageError, NotAnImageError))  # noqa: PT017
        else:
            assert header.size == Size(40, 30)


def test_a_png_that_claims_too_much_is_refused_before_it_is_decoded() -> None:
    tiny = chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    with pytest.raises(TooLargeError, match="limit: pixels"):
        probe(BytesSource(SIGNATURE + ihdr(100_000, 100_000, 8, 2) + tiny), LIMITS)
    with pytest.raises(TooLargeError, match="limit: side"):
        probe(BytesSource(SIGNATURE + ihdr(2_000_000, 1, 8, 2) + tiny), LIMITS)
    with pytest.raises(TooLargeError, match="limit: ratio"):
        probe(BytesSource(SIGNATURE + ihdr(16_384, 16_384, 1, 0) + chunk(b"IDAT", bytes(33_000))), LIMITS)


def test_a_blank_page_is_no_bomb() -> None:
    blank = png_of_rows(2480, 1, 0, [bytes(310)] * 3508)
    assert probe(BytesSource(blank), LIMITS).size == Size(2480, 3508)


def test_a_header_that_does_not_end_is_refused() -> None:
    endless = with_segments(GOOD_JPEG, segment(0xEB, bytes(60_000)) * 20)
    with pytest.raises(TooLargeError, match="limit: header_bytes"):
        probe(BytesSource(endless), Limits(header_bytes=MIB))
    many = SIGNATURE + ihdr(5, 5, 8, 0) + chunk(b"teSt", b"") * 200 + GOOD_PNG[33:]
    with pytest.raises(TooLargeError, match="limit: header_parts"):
        probe(BytesSource(many), Limits(header_parts=100))


def test_a_huge_claim_for_one_part_of_the_header_is_refused_without_memory() -> None:
    claim = (1 << 31) - 1
    data = SIGNATURE + ihdr(5, 5, 8, 0) + claim.to_bytes(4) + b"iCCP" + bytes(100)
    with pytest.raises(DamagedImageError, match="within its header"):
        probe(BytesSource(data), LIMITS)


@pytest.mark.parametrize("array", [noise(33, 21), noise(33, 21, 1)], ids=["colour", "grey"])
def test_the_header_announces_the_array_that_opencv_decodes(array: np.ndarray) -> None:
    for data in (jpeg(array), png(array)):
        header, pixels = probe(BytesSource(data), LIMITS), decoded(data)
        assert (header.stored.height, header.stored.width) == pixels.shape[:2]
        assert header.decoded_bytes == pixels.nbytes


def test_every_format_that_is_recognised_is_in_the_table() -> None:
    assert {each.format for each in ROWS} == set(Format)
    assert {image_format for _, _, image_format in IMAGES} - {None} == set(Format)
