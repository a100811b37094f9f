"""HEIC: its pixels as libheif's, what stands beside them, and what is refused."""

from __future__ import annotations

import io
import struct
import time

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms, ImageOps

from tests.imaging.damage import check_random_damage
from tests.imaging.heif_files import HVC1, Entry, Piece, box, clap, heif, imir, irot, ispe, piece
from tests.imaging.samples import decoded, scene
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
BLUR, INVERT = parse("blur(9)"), parse("invert")
HEIC = b"heicmif1"
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def read(data: bytes) -> Picture:
    return decode(data, probe(BytesSource(data), LIMITS)).picture


def pixels(width: int, height: int, channels: int = 3, bits: int = 8, seed: int = 0) -> np.ndarray:
    """Red first, alpha last; more than 8 bits are the upper ones of 16."""
    array = np.dstack([scene(width, height, 1, seed + channel) for channel in range(channels)])
    return np.squeeze(array if bits == 8 else (array.astype(np.uint16) << 8) | (1 << 16 - bits))


def heic(array: np.ndarray, **options: object) -> bytes:
    channels = 1 if array.ndim == 2 else array.shape[2]
    mode = MODES[channels] + (";16" if array.itemsize == 2 else "")
    file = pillow_heif.from_bytes(mode, array.shape[1::-1], np.ascontiguousarray(array).tobytes())
    buffer = io.BytesIO()
    file.save(buffer, **({"quality": -1, "chroma": 444} | options))
    return buffer.getvalue()


def shown(data: bytes) -> np.ndarray:
    return np.asarray(pillow_heif.open_heif(data, convert_hdr_to_8bit=False))


@pytest.mark.parametrize("bits", [8, 10, 12])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_every_depth_is_read_as_libheif_gives_it_and_raised_by_a_shift(
    channels: int, bits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pillow_heif.options, "SAVE_HDR_TO_12_BIT", bits == 12)
    data = heic(pixels(37, 22, channels, bits))
    expected, picture = shown(data), read(data)
    header = probe(BytesSource(data), LIMITS)
    assert (header.bits, str(picture.colour.dtype)) == (bits, "uint8" if bits == 8 else "uint16")
    if bits > 8:
        raw = np.asarray(pillow_heif.open_heif(data, convert_hdr_to_8bit=False, hdr_to_16bit=False))
        assert raw.max() < 1 << bits
        assert np.array_equal(expected, raw << (16 - bits))
    assert np.array_equal(picture.colour, expected if channels == 1 else expected[:, :, 2::-1])
    assert (picture.alpha is None) == (channels != 4)
    if picture.alpha is not None:
        assert np.array_equal(picture.alpha, expected[:, :, 3])


def test_grey_with_alpha_stays_grey() -> None:
    picture = read(heic(pixels(30, 20, 2)))
    assert picture.alpha is not None
    assert np.array_equal(picture.colour, pixels(30, 20, 2)[:, :, 0])
    assert np.array_equal(picture.alpha, pixels(30, 20, 2)[:, :, 1])


def test_a_result_is_a_png_of_what_opencv_makes_of_the_pixels() -> None:
    data = heic(pixels(51, 40, 3, 10))
    product = process(BytesSource(data), BLUR, LIMITS)
    expected = cv2.GaussianBlur(np.ascontiguousarray(shown(data)[:, :, ::-1]), (9, 9), 0)
    assert (product.suffix, product.notes) == (".png", ())
    assert np.array_equal(decoded(product.body), expected)


@pytest.mark.parametrize("size", [(100, 90), (128, 64)])
def test_a_grid_is_read_as_one_picture(size: tuple[int, int]) -> None:
    data = heic(pixels(*size), tile_size=64)
    assert b"grid" in data
    assert np.abs(read(data).colour.astype(int) - pixels(*size)[:, :, ::-1]).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_applied_once(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Maker"
    stored = Image.fromarray(pixels(33, 20))
    buffer = io.BytesIO()
    pillow_heif.from_pillow(stored).save(buffer, quality=-1, chroma=444, exif=exif.tobytes())
    data = buffer.getvalue()
    stored.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(stored))[:, :, ::-1]
    header = probe(BytesSource(data), LIMITS)
    assert (header.size.width, header.size.height) == expected.shape[1::-1]
    assert np.abs(read(data).colour.astype(int) - expected).max() <= 1
    result = Image.open(io.BytesIO(process(BytesSource(data), BLUR, LIMITS).body))
    assert (result.getexif().get(0x0112, 1), result.getexif()[0x010F]) == (1, "Maker")


def coded(width: int, height: int, seed: int = 0) -> Piece:
    """Sides of whole blocks, so that the encoder adds no crop of its own."""
    return piece(heic(pixels(width, height, seed=seed)), b"hvcC")


def test_exif_alone_turns_nothing() -> None:
    block = b"II*\0" + struct.pack("<IHHHIII", 8, 1, 0x0112, 3, 1, 6, 0)
    picture = coded(64, 128).entry(1, b"hvc1", ispe(64, 128))
    data = heif(HEIC, picture, Entry(2, b"Exif", bytes(4) + block), references=((b"cdsc", 2, (1,)),))
    product = process(BytesSource(data), INVERT, LIMITS)
    assert (product.width, product.height) == (64, 128)
    assert Image.open(io.BytesIO(product.body)).getexif()[0x0112] == 1


@pytest.mark.parametrize(
    "steps",
    [(clap(50, 40, 4, -8),), (irot(1), imir(1)), (imir(0), irot(3)), (clap(51, 41, 1, 1), irot(2), imir(0))],
)
def test_the_announced_size_is_that_after_the_transforms(steps: tuple[bytes, ...]) -> None:
    data = heif(HEIC, coded(64, 128).entry(1, b"hvc1", ispe(64, 128), *steps))
    header = probe(BytesSource(data), LIMITS)
    assert (header.size.height, header.size.width) == shown(data).shape[:2]
    assert np.array_equal(read(data).colour, shown(data)[:, :, ::-1])


def test_the_primary_picture_is_the_one_that_is_taken() -> None:
    first = coded(64, 64).entry(1, b"hvc1", ispe(64, 64))
    second = coded(128, 64, 9).entry(2, b"hvc1", ispe(128, 64))
    data = heif(HEIC, first, second, primary=2)
    product = process(BytesSource(data), INVERT, LIMITS)
    assert (product.width, product.notes) == (128, ("It holds 2 pictures; its primary one is taken.",))
    assert process(BytesSource(heif(HEIC, first)), INVERT, LIMITS).notes == ()
    with pytest.raises(NoSuchPageError):
        probe(BytesSource(data), LIMITS, 1)


def test_profile_exif_xmp_are_kept_in_the_result() -> None:
    xmp = b'<x:xmpmeta><rdf:Description dc:title="Bridge"/></x:xmpmeta>'
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    file = pillow_heif.from_pillow(Image.fromarray(pixels(33, 20)))
    file.info["icc_profile"], file.info["icc_profile_type"] = PROFILE, "prof"
    buffer = io.BytesIO()
    file.save(buffer, exif=exif.tobytes(), xmp=xmp, icc_profile=PROFILE)
    body = process(BytesSource(buffer.getvalue()), BLUR, LIMITS).body
    result = Image.open(io.BytesIO(body))
    assert result.info["icc_profile"] == PROFILE
    assert result.getexif()[0x010F] == "Maker"
    assert result.info["xmp"] == xmp
    assert b"cICP" not in body, "it would take precedence over the profile"


def test_colour_numbers_are_kept_where_there_is_no_profile() -> None:
    data = heic(pixels(20, 10), color_primaries=12, transfer_characteristics=13)
    assert b"cICP\x0c\x0d\0\1" in process(BytesSource(data), BLUR, LIMITS).body


@pytest.mark.parametrize("brands", [b"heicmif1", b"mif1heic", b"heixmif1", b"msf1heic"])
def test_a_heic_is_known_by_its_brands(brands: bytes) -> None:
    data = heif(brands, coded(64, 64).entry(1, b"hvc1", ispe(64, 64)))
    assert probe(BytesSource(data), LIMITS).format is Format.HEIC


PICTURE = Entry(1, b"hvc1", properties=(HVC1, ispe(64, 48)))

REFUSED = {
    "60,000²": (lambda: heif(HEIC, Entry(1, b"hvc1", properties=(HVC1, ispe(60_000, 60_000)))), TooLargeError, "pixels"),
    "a bomb": (lambda: heif(HEIC, Entry(1, b"hvc1", properties=(HVC1, ispe(16_000, 16_000)))), TooLargeError, "ratio"),
    "more items than libheif takes": (
        lambda: heif(HEIC, PICTURE, *(Entry(2 + number, b"Exif", b"") for number in range(1000))),
        TooLargeError,
        "1,001 items",
    ),
    "a sequence": (lambda: heif(b"hevcmif1", PICTURE, after=box(b"moov")), UnsupportedFormatError, "sequence"),
    "an overlay": (lambda: heif(HEIC, Entry(1, b"iovl", bytes(8), (ispe(9, 9),))), UnsupportedFormatError, "overlay"),
    "coded as AV1": (lambda: heif(HEIC, Entry(1, b"av01", bytes(8), (ispe(9, 9),))), UnsupportedFormatError, "AV1"),
    "premultiplied alpha": (lambda: heif(HEIC, PICTURE, references=((b"prem", 1, (2,)),)), UnsupportedPixelsError, "alpha"),
    "grids in a circle": (
        lambda: heif(HEIC, Entry(1, b"grid", bytes(8), (ispe(9, 9),)), references=((b"dimg", 1, (1,)),)),
        DamagedImageError,
        "grid whose tile is a grid",
    ),
    "no coded data": (lambda: heif(HEIC, Entry(1, b"hvc1", b"", (HVC1, ispe(9, 9)))), DamagedImageError, "no pixel data"),
    "nothing but a brand": (lambda: box(b"ftyp", b"heic", bytes(4)), DamagedImageError, "no list of its pictures"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused_from_the_header_at_once(name: str) -> None:
    make, error, words = REFUSED[name]
    data = make()
    start = time.monotonic()
    with pytest.raises(error, match=words):
        probe(BytesSource(data), LIMITS)
    assert time.monotonic() - start < 5


def test_a_picture_larger_than_it_claims_is_damaged() -> None:
    data = heif(HEIC, coded(128, 128).entry(1, b"hvc1", ispe(64, 64)))
    with pytest.raises(DamagedImageError):
        process(BytesSource(data), BLUR, LIMITS)


def test_a_file_cut_anywhere_is_damaged() -> None:
    whole = heic(pixels(64, 48))
    for length in [*range(32, 500, 23), *range(500, len(whole), 397), len(whole) - 1]:
        with pytest.raises(DamagedImageError):
            process(BytesSource(whole[:length]), BLUR, LIMITS)


@pytest.mark.parametrize("length", [16, 512, 20_000])
def test_a_hole_in_the_coded_data_is_damage_and_told_with_its_place(length: int) -> None:
    whole = heic(pixels(200, 150))
    holed = (whole[:9000] + bytes(length) + whole[9000 + length :])[: len(whole)]
    with pytest.raises(DamagedImageError, match=r"coded data is damaged at byte (8,99\d|9,000)"):
        process(BytesSource(holed), BLUR, LIMITS)


def test_blank_pictures_have_no_holes() -> None:
    for value in (0, 128, 255):
        data = heic(np.full((600, 800, 3), value, np.uint8))
        assert np.ptp(read(data).colour) == 0


def test_random_damage_ends_in_a_result_or_a_reason() -> None:
    check_random_damage([heic(pixels(64, 48)), heic(pixels(100, 90), tile_size=64)], head=700)
