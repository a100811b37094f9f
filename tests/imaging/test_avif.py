"""AVIF: its pixels as libavif's, its transforms, what stands beside them, and what is refused."""

from __future__ import annotations

import io
import struct
import time

import cv2
import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from tests.imaging.damage import check_random_damage
from tests.imaging.heif_files import ALPHA, AV01, Entry, Piece, box, clap, full, heif, imir, irot, ispe, piece
from tests.imaging.samples import decoded, noise, scene
from tilework.errors import (
    DamagedImageError,
    NoSuchPageError,
    TooLargeError,
    UnsupportedFormatError,
    UnsupportedPixelsError,
)
from tilework.imaging.formats import Format, Picture, decode, probe
from tilework.imaging.limits import Limits
from tilework.imaging.pipeline import parse
from tilework.imaging.run import process
from tilework.imaging.sources import BytesSource

LIMITS = Limits()
BLUR = parse("blur(9)")
AVIF = b"avifmif1miaf"
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def read(data: bytes) -> Picture:
    return decode(data, probe(BytesSource(data), LIMITS)).picture


def avif(width: int, height: int, channels: int = 3, bits: int = 8, seed: int = 0) -> bytes:
    """Coded without loss, red first."""
    array = noise(width, height, channels, "uint8" if bits == 8 else "uint16", seed) >> (
        0 if bits == 8 else 16 - bits
    )
    return imagecodecs.avif_encode(array, level=100, bitspersample=bits, speed=9)


def coded(width: int, height: int, seed: int = 0) -> Piece:
    return piece(avif(width, height, seed=seed), b"av1C")


def pixels(width: int, height: int, seed: int = 0) -> np.ndarray:
    """What :func:`coded` holds, blue first."""
    return noise(width, height, seed=seed)[:, :, ::-1]


@pytest.mark.parametrize("bits", [8, 10, 12])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_every_depth_is_read_exactly_and_raised_by_a_shift(channels: int, bits: int) -> None:
    data = avif(37, 22, channels, bits)
    shown = imagecodecs.avif_decode(data)
    assert shown.max() < 1 << bits
    shown = shown << (0 if bits == 8 else 16 - bits)
    picture = read(data)
    assert str(picture.colour.dtype) == ("uint8" if bits == 8 else "uint16")
    colour = shown if channels == 1 else shown[:, :, 0] if channels == 2 else shown[:, :, 2::-1]
    assert np.array_equal(picture.colour, colour)
    assert (picture.alpha is None) == bool(channels % 2)
    if picture.alpha is not None:
        assert np.array_equal(picture.alpha, shown[:, :, -1])


def test_a_result_is_a_png_of_what_opencv_makes_of_the_pixels() -> None:
    data = avif(50, 40, 3, 10)
    product = process(BytesSource(data), BLUR, LIMITS)
    expected = cv2.GaussianBlur(
        np.ascontiguousarray((imagecodecs.avif_decode(data) << 6)[:, :, ::-1]), (9, 9), 0
    )
    assert (product.suffix, product.notes) == (".png", ())
    assert np.array_equal(decoded(product.body), expected)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_applied_once_as_pillow_does(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Maker"
    buffer = io.BytesIO()
    Image.fromarray(scene(33, 20)).save(buffer, "AVIF", exif=exif, quality=90, subsampling="4:4:4")
    opened = Image.open(io.BytesIO(buffer.getvalue()))
    expected = np.asarray(ImageOps.exif_transpose(opened))[:, :, ::-1]
    header = probe(BytesSource(buffer.getvalue()), LIMITS)
    assert (header.size.width, header.size.height) == expected.shape[1::-1]
    assert np.array_equal(read(buffer.getvalue()).colour, expected)
    result = Image.open(io.BytesIO(process(BytesSource(buffer.getvalue()), BLUR, LIMITS).body))
    assert (result.getexif().get(0x0112, 1), result.getexif()[0x010F]) == (1, "Maker")


def test_exif_alone_turns_nothing() -> None:
    block = b"II*\0" + struct.pack("<IHHHIII", 8, 1, 0x0112, 3, 1, 6, 0)
    picture = coded(24, 16).entry(1, b"av01", ispe(24, 16))
    data = heif(AVIF, picture, Entry(2, b"Exif", bytes(4) + block), references=((b"cdsc", 2, (1,)),))
    product = process(BytesSource(data), parse("invert"), LIMITS)
    assert (product.width, product.height) == (24, 16)
    assert np.array_equal(decoded(product.body), 255 - pixels(24, 16))
    assert Image.open(io.BytesIO(product.body)).getexif()[0x0112] == 1


def test_transforms_are_applied_in_their_order() -> None:
    picture = coded(24, 16).entry(1, b"av01", ispe(24, 16), clap(11, 8, 1, -4), irot(1), imir(1))
    expected = np.rot90(pixels(24, 16)[2:10, 7:18])[:, ::-1]
    data = heif(AVIF, picture)
    header = probe(BytesSource(data), LIMITS)
    assert (header.size.width, header.size.height) == (8, 11)
    assert np.array_equal(read(data).colour, expected)


def test_a_grid_is_read_as_one_picture() -> None:
    tiles = [coded(64, 64, seed).entry(seed + 2, b"av01", ispe(64, 64)) for seed in range(4)]
    grid = Entry(1, b"grid", struct.pack(">BBBBHH", 0, 0, 1, 1, 100, 90), (ispe(100, 90),))
    data = heif(AVIF, grid, *tiles, references=((b"dimg", 1, (2, 3, 4, 5)),))
    rows = [np.hstack([pixels(64, 64, seed) for seed in pair]) for pair in ((0, 1), (2, 3))]
    assert np.array_equal(read(data).colour, np.vstack(rows)[:90, :100])


def test_the_primary_picture_is_the_one_that_is_taken() -> None:
    first = coded(24, 16, 0).entry(1, b"av01", ispe(24, 16))
    second = coded(20, 12, 1).entry(2, b"av01", ispe(20, 12))
    data = heif(AVIF, first, second, primary=2)
    product = process(BytesSource(data), parse("invert"), LIMITS)
    assert np.array_equal(decoded(product.body), 255 - pixels(20, 12, 1))
    assert product.notes == ("It holds 2 pictures; its primary one is taken.",)
    assert process(BytesSource(heif(AVIF, first)), BLUR, LIMITS).notes == ()
    with pytest.raises(NoSuchPageError):
        probe(BytesSource(data), LIMITS, 1)


def test_profile_exif_and_xmp_are_kept_in_the_result() -> None:
    xmp = b'<x:xmpmeta><rdf:Description dc:title="Bridge"/></x:xmpmeta>'
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    buffer = io.BytesIO()
    Image.fromarray(scene(33, 20)).save(buffer, "AVIF", exif=exif, icc_profile=PROFILE, xmp=xmp)
    body = process(BytesSource(buffer.getvalue()), BLUR, LIMITS).body
    result = Image.open(io.BytesIO(body))
    assert result.info["icc_profile"] == PROFILE
    assert result.getexif()[0x010F] == "Maker"
    assert result.info["xmp"] == xmp
    assert b"cICP" not in body, "it would take precedence over the profile"


def test_colour_numbers_are_kept_where_there_is_no_profile() -> None:
    array = noise(20, 10, 3, "uint16") >> 6
    data = imagecodecs.avif_encode(array, level=90, bitspersample=10, primaries=9, transfer=16)
    body = process(BytesSource(data), BLUR, LIMITS).body
    start = body.index(b"cICP")
    assert body[start - 4 : start + 8] == b"\0\0\0\4cICP\x09\x10\0\1"
    data = imagecodecs.avif_encode(scene(20, 10), level=90, primaries=12, transfer=13)
    assert b"cICP\x0c\x0d\0\1" in process(BytesSource(data), BLUR, LIMITS).body
    assert b"cICP" not in process(BytesSource(data), parse("canny(20, 60)"), LIMITS).body
    assert b"cICP" not in process(BytesSource(avif(20, 10)), BLUR, LIMITS).body, (
        "unspecified ones say nothing"
    )


@pytest.mark.parametrize("brands", [b"avifmiaf", b"mif1heifavif", b"miafavif", b"mif1mif1miafMA1Bavif"])
def test_an_avif_is_known_by_any_of_its_brands(brands: bytes) -> None:
    data = heif(brands, coded(24, 16).entry(1, b"av01", ispe(24, 16)))
    assert probe(BytesSource(data), LIMITS).format is Format.AVIF
    assert np.array_equal(read(data).colour, pixels(24, 16))


PICTURE = Entry(1, b"av01", b"\0", (AV01, ispe(64, 48)))


def with_property(*properties: bytes, **changed: object) -> bytes:
    return heif(AVIF, Entry(1, b"av01", b"\0", properties), **changed)  # type: ignore[arg-type]


def many_items(count: int) -> bytes:
    return heif(AVIF, PICTURE, *(Entry(2 + number, b"Exif", b"") for number in range(min(count, 65_000))))


def claimed_items() -> bytes:
    """A million items are counted, and 200,000 are there, in a meta box of 5 MB."""
    infos = b"".join(
        full(b"infe", 3, struct.pack(">IH", number, 0), b"av01", b"\0") for number in range(200_000)
    )
    iinf = box(b"iinf", b"\1\0\0\0", struct.pack(">I", 1_000_000), infos)
    return box(b"ftyp", b"avif", bytes(4), AVIF) + full(
        b"meta", 0, full(b"pitm", 0, b"\0\1"), iinf, box(b"iprp", box(b"ipco"))
    )


def claimed_associations() -> bytes:
    whole = heif(AVIF, PICTURE)
    start = whole.index(b"ipma") + 8
    return whole[:start] + b"\xff\xff\xff\xff" + whole[start + 4 :]


def nested(depth: int) -> bytes:
    """A box in a box, and so on, beside the items: nobody walks into it."""
    inner = b"".join(struct.pack(">I4s", 8 * left, b"meta") for left in range(depth, 0, -1))
    return with_property(AV01, ispe(64, 48), after=inner)


def resized(name: bytes, size: bytes) -> bytes:
    whole = heif(AVIF, PICTURE)
    start = whole.index(name) - 4
    return whole[:start] + size + whole[start + 4 :]


REFUSED = {
    "60,000²": (lambda: with_property(AV01, ispe(60_000, 60_000)), TooLargeError, "pixels"),
    "a side that libavif does not take": (lambda: with_property(AV01, ispe(40_000, 10)), TooLargeError, "libavif"),
    "2^32 - 1 pixels wide": (lambda: with_property(AV01, ispe(2**32 - 1, 2**32 - 1)), TooLargeError, "a side"),
    "no pixels": (lambda: with_property(AV01, ispe(0, 9)), DamagedImageError, "0 x 9"),
    "no size": (lambda: with_property(AV01), DamagedImageError, "no size"),
    "no description": (lambda: with_property(ispe(9, 9)), DamagedImageError, "av1C"),
    "a short description": (lambda: with_property(box(b"av1C"), ispe(9, 9)), DamagedImageError, "cut short"),
    "a property that is not there": (
        lambda: heif(AVIF, PICTURE).replace(b"\2\0\1\0\2", b"\2\0\1\0\x63"),
        DamagedImageError,
        "not there",
    ),
    "65,535 tiles, ever again": (
        lambda: heif(
            AVIF,
            Entry(1, b"grid", bytes(8), (ispe(9, 9),)),
            Entry(2, b"av01", b"\0", (AV01, ispe(9, 9))),
            references=((b"dimg", 1, (2,) * 65_535),) * 100,
        ),
        TooLargeError,
        "parts",
    ),
    "properties listed again and again": (
        lambda: heif(AVIF, *(Entry(1, b"av01", b"\0", (AV01,) * 255),) * 2).replace(b"\0\1\0\0av01", b"\0\x07\0\0av01", 1),
        DamagedImageError,
        "twice",
    ),
    "no primary picture": (lambda: heif(AVIF, PICTURE, primary=7), DamagedImageError, "primary"),
    "two items of a number": (lambda: heif(AVIF, PICTURE, PICTURE), DamagedImageError, "two items"),
    "many items": (lambda: many_items(20_000), TooLargeError, "parts"),
    "a million items": (claimed_items, TooLargeError, "parts"),
    "2^32 associations": (claimed_associations, DamagedImageError, "ends within"),
    "a size of 0 within": (lambda: resized(b"pitm", bytes(4)), DamagedImageError, "lacks its box"),
    "a size of 1 and nothing behind": (lambda: resized(b"ispe", b"\0\0\0\1"), DamagedImageError, "broken|claims"),
    "a size of 3": (lambda: resized(b"iinf", b"\0\0\0\3"), DamagedImageError, "smaller than its own head"),
    "a huge size": (lambda: resized(b"iprp", b"\xff\xff\xff\xf0"), DamagedImageError, "claims 4,294,967,280 bytes"),
    "a sequence": (
        lambda: heif(b"avisavifmsf1", PICTURE, after=box(b"moov", bytes(9))),
        UnsupportedFormatError,
        "sequence",
    ),
    "premultiplied alpha": (
        lambda: heif(
            AVIF, PICTURE, Entry(2, b"av01", b"\0", (AV01, ispe(64, 48), full(b"auxC", 0, ALPHA))),
            references=((b"auxl", 2, (1,)), (b"prem", 1, (2,))),
        ),
        UnsupportedPixelsError,
        "multiplied by its alpha",
    ),
    "a grid in itself": (
        lambda: heif(AVIF, Entry(1, b"grid", bytes(8), (ispe(9, 9),)), references=((b"dimg", 1, (1,)),)),
        DamagedImageError,
        "grid whose tile is a grid",
    ),
    "grids in a circle": (
        lambda: heif(
            AVIF, Entry(1, b"grid", bytes(8), (ispe(9, 9),)), Entry(2, b"grid", bytes(8), (ispe(9, 9),)),
            references=((b"dimg", 1, (2,)), (b"dimg", 2, (1,))),
        ),
        DamagedImageError,
        "grid whose tile is a grid",
    ),
    "a grid without its tiles": (
        lambda: heif(AVIF, Entry(1, b"grid", bytes(8), (ispe(9, 9),)), references=((b"dimg", 1, (5,)),)),
        DamagedImageError,
        "not there",
    ),
    "an overlay": (
        lambda: heif(AVIF, Entry(1, b"iovl", bytes(8), (ispe(9, 9),))),
        UnsupportedFormatError,
        "an overlay",
    ),
    "another coding": (
        lambda: heif(AVIF, Entry(1, b"j2k1", bytes(8), (ispe(9, 9),))),
        UnsupportedFormatError,
        "JPEG 2000",
    ),
    "a crop outside": (
        lambda: with_property(AV01, ispe(64, 48), clap(8, 8, 200)),
        DamagedImageError,
        "outside",
    ),
    "a crop by zero": (
        lambda: with_property(AV01, ispe(64, 48), clap(8, 8, denominator=0)),
        DamagedImageError,
        "zero",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused_from_the_header_at_once(name: str) -> None:
    make, error, words = REFUSED[name]
    data = make()
    start = time.monotonic()
    with pytest.raises(error, match=words):
        probe(BytesSource(data), LIMITS)
    assert time.monotonic() - start < 5


def test_boxes_deep_in_each_other_are_not_walked() -> None:
    assert probe(BytesSource(nested(200_000)), LIMITS).size.width == 64


def test_a_box_of_64_bit_size_is_read() -> None:
    whole = heif(AVIF, coded(24, 16).entry(1, b"av01", ispe(24, 16)))
    free = struct.pack(">I4sQ", 1, b"free", 24) + bytes(8)
    cut = whole.index(b"meta") - 4
    moved = bytearray(whole[:cut] + whole[cut:])
    place = whole.index(b"iloc") + 8 + 4 + 6
    position = int.from_bytes(moved[place : place + 4]) + len(free)
    moved[place : place + 4] = position.to_bytes(4)
    data = bytes(moved[:cut]) + free + bytes(moved[cut:])
    assert np.array_equal(read(data).colour, pixels(24, 16))


def test_a_file_cut_anywhere_is_damaged() -> None:
    whole = avif(64, 48)
    for length in [*range(32, 500, 23), *range(500, len(whole), 397), len(whole) - 1]:
        with pytest.raises(DamagedImageError):
            process(BytesSource(whole[:length]), BLUR, LIMITS)


def test_a_hole_in_the_coded_data_is_damage_and_told_with_its_place() -> None:
    whole = avif(64, 48)
    with pytest.raises(DamagedImageError, match=r"hole of 2,\d\d\d zeros at byte 5,000"):
        process(BytesSource(whole[:5000] + bytes(2048) + whole[7048:]), BLUR, LIMITS)


def test_blank_pictures_have_no_holes() -> None:
    for value in (0, 128, 255):
        blank = np.full((600, 800, 3), value, np.uint8)
        for level in (50, 100):
            data = imagecodecs.avif_encode(blank, level=level, speed=9)
            assert np.ptp(read(data).colour) == 0


def test_random_damage_ends_in_a_result_or_a_reason() -> None:
    check_random_damage([avif(64, 48), avif(30, 20, 4, 10)], head=500)
