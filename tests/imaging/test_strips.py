"""Strips of JPEGs and WebPs: the pixels, notes and refusals of the one decoder."""

from __future__ import annotations

import random

import cv2
import imagecodecs
import pytest

from tests.imaging.jpeg_readings import USUAL
from tests.imaging.jpegs import EOI, adobe, components, written
from tests.imaging.samples import exif, jpeg, noise, scene, segment, with_segments
from tests.imaging.strip_readings import HEIGHTS, SIZES, check, header_of, verdict, verdict_of_strips, webp
from tests.imaging.test_jpeg import INKED, PLAIN
from tests.imaging.test_jpeg_damage import LARGE, spoilt
from tilework.errors import ImageError, TooLargeError
from tilework.imaging.formats.strips import read_strips
from tilework.imaging.sources import BytesSource

# --- JPEG ---


def test_jpegs_of_all_kinds_have_the_pixels_of_the_one_decoder() -> None:
    chooser = random.Random(3)  # noqa: S311 -- no secret
    factors = [getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{name}") for name in (411, 420, 422, 440, 444)]
    for variant in range(60):
        data = jpeg(
            (scene, noise)[variant % 2](*chooser.choice(SIZES), chooser.choice((1, 3)), seed=variant),
            *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factors[variant % 5]),
            *(cv2.IMWRITE_JPEG_PROGRESSIVE, variant // 5 % 2),
            *(cv2.IMWRITE_JPEG_RST_INTERVAL, chooser.choice((0, 1, 7))),
        )
        check(data, chooser.choice(HEIGHTS))


@pytest.mark.parametrize("factors", USUAL)
def test_scans_of_one_component_and_a_turned_jpeg_come_as_they_are_stored(factors: tuple[int, int]) -> None:
    data = written(61, 45, components(factors, (1, 1), (1, 1)), restart=2, scans=3)
    check(with_segments(data, segment(0xE1, b"Exif\0\0" + exif(6))), 16)


@pytest.mark.parametrize("name", INKED)
def test_inks_become_srgb_strip_by_strip(name: str) -> None:
    check(INKED[name], 7)


@pytest.mark.parametrize(
    "data",
    [
        PLAIN + b"and more",
        PLAIN[:-2],
        PLAIN[:-1],
        PLAIN[:-2] + bytes(500) + EOI,
        PLAIN[:-2] + b"\x20" * 9 + EOI + b"tail",
        PLAIN.replace(b"JFIF\0\1", b"JFIF\0\7", 1),
        with_segments(PLAIN, segment(0xE2, b"ICC_PROFILE\0\1\2part")),
        written(61, 45, components((2, 2), (1, 1), (1, 1)), before=adobe(7)),
        written(61, 45, components(*[(1, 1)] * 3), scans=3).replace(b"\0\x3f\0", b"\0\0\0"),
    ],
)
def test_an_odd_jpeg_is_taken_with_the_same_notes(data: bytes) -> None:
    check(data, 16)


@pytest.mark.parametrize("name", LARGE)
def test_a_damaged_jpeg_is_refused_for_the_same_reason_and_gives_no_strip(name: str) -> None:
    chooser = random.Random(5)  # noqa: S311 -- no secret
    for kind in ["cut", "zeroed", "overwritten", "cut out", *["one bit"] * 8]:
        data = spoilt(LARGE[name], kind, chooser)
        assert verdict_of_strips(data) == verdict(data)
        if verdict(data):
            with pytest.raises(ImageError):
                next(read_strips(BytesSource(data), header_of(data), 1))


# --- WebP, and what has no strips ---


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("channels", [3, 4])
def test_webps_have_the_pixels_of_the_one_decoder(channels: int, lossless: bool) -> None:
    for size, rows in zip(SIZES, [*HEIGHTS, 7], strict=True):
        check(webp(scene(*size, channels), lossless=lossless), rows)
    check(webp(scene(61, 45, channels), lossless=lossless) + b"tail", 16)


@pytest.mark.parametrize("place", [100, 400, -30])
def test_a_damaged_webp_is_refused_for_the_same_reason(place: int) -> None:
    whole = webp(noise(61, 45), lossless=False)
    data = whole[:place]
    riff = data[:4] + (len(data) - 8).to_bytes(4, "little") + data[8:]
    for each in (data, riff):
        try:
            header_of(each)
        except ImageError:
            continue
        assert verdict_of_strips(each) == verdict(each) != ""


def test_what_is_held_whole_is_refused_as_too_large() -> None:
    data = bytes(imagecodecs.avif_encode(noise(16, 16)))
    with pytest.raises(TooLargeError, match="decoded whole"):
        list(read_strips(BytesSource(data), header_of(data), 16))
