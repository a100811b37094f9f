"""JPEGs of all makes: as OpenCV decodes them, inks by their profile, and damage never a success."""

from __future__ import annotations

import io
import random
import struct

import cv2
import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.imaging.jpeg_readings import BLUR, CMYK_PROFILE, LIMITS, SRGB, USUAL, outcome, read, with_profile
from tests.imaging.jpegs import EOI, Component, adobe, components, frame, written
from tests.imaging.samples import decoded, exif, jpeg, scene, segment, with_segments
from tilework.errors import DamagedImageError, TileworkError, UnsupportedFormatError, UnsupportedPixelsError
from tilework.imaging.formats import probe
from tilework.imaging.operations import Pixels
from tilework.imaging.run import process
from tilework.imaging.sources import BytesSource
from tilework.imaging.windows import Size

# --- pixels ---


def test_hundreds_of_variants_are_decoded_as_opencv_does() -> None:
    """Sizes around whole blocks, every subsampling that OpenCV writes, progressive or not, with restarts or not."""
    chooser = random.Random(7)  # noqa: S311 -- no secret
    factors = [getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{name}") for name in (411, 420, 422, 440, 444)]
    for variant in range(300):
        size = chooser.randrange(1, 80), chooser.randrange(1, 80)
        data = jpeg(
            scene(*size, channels=chooser.choice((1, 3)), seed=variant),
            *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factors[variant % 5]),
            *(cv2.IMWRITE_JPEG_PROGRESSIVE, variant // 5 % 2),
            *(cv2.IMWRITE_JPEG_RST_INTERVAL, chooser.choice((0, 1, 7))),
            *(cv2.IMWRITE_JPEG_OPTIMIZE, chooser.choice((0, 1))),
            *(cv2.IMWRITE_JPEG_QUALITY, chooser.choice((5, 75, 100))),
        )
        found = read(data)
        assert np.array_equal(found.picture.colour, decoded(data)), variant
        assert found.notes == ()


@pytest.mark.parametrize("scans", [1, 3])
@pytest.mark.parametrize("restart", [0, 2])
@pytest.mark.parametrize("factors", USUAL)
def test_scans_of_one_component_and_restarts_are_decoded_as_opencv_does(
    factors: tuple[int, int], restart: int, scans: int
) -> None:
    data = written(61, 45, components(factors, (1, 1), (1, 1)), restart=restart, scans=scans)
    assert np.array_equal(read(data).picture.colour, decoded(data, cv2.IMREAD_COLOR))
    assert probe(BytesSource(data), LIMITS).subsampling is not None


@pytest.mark.parametrize(
    "factors", [[(2, 2), (2, 1), (2, 1)], [(2, 2), (1, 2), (1, 2)], [(1, 1), (1, 1), (1, 1)]]
)
def test_usual_ratios_written_in_other_factors_are_decoded_as_opencv_does(
    factors: list[tuple[int, int]],
) -> None:
    data = written(61, 45, components(*factors))
    assert np.array_equal(read(data).picture.colour, decoded(data, cv2.IMREAD_COLOR))


@pytest.mark.parametrize("factors", [(1, 1), (2, 2), (3, 1)])
def test_the_factors_of_a_grey_jpeg_mean_nothing(factors: tuple[int, int]) -> None:
    data = written(61, 45, components(factors), restart=3)
    assert np.array_equal(read(data).picture.colour, decoded(data, cv2.IMREAD_GRAYSCALE))


RGB_IDS = [Component(ord(letter)) for letter in "RGB"]


@pytest.mark.parametrize(
    "data",
    [
        written(61, 45, RGB_IDS),
        written(61, 45, components(*[(1, 1)] * 3), before=adobe(0)),
        written(61, 45, components(*[(1, 1)] * 3), before=adobe(1)),
        written(61, 45, components((2, 2), (1, 1), (1, 1), first=0)),
        written(61, 45, components((2, 2), (1, 1), (1, 1), first=5)),
    ],
    ids=["RGB by ids", "RGB by Adobe", "YCbCr by Adobe", "ids from 0", "ids from 5"],
)
def test_rgb_and_odd_component_ids_are_what_opencv_and_pillow_take_them_for(data: bytes) -> None:
    found = read(data).picture.colour
    assert np.array_equal(found, decoded(data, cv2.IMREAD_COLOR))
    assert np.array_equal(found[:, :, ::-1], np.asarray(Image.open(io.BytesIO(data))))


# --- inks ---


def inked(inks: np.ndarray, profile: bytes | None = CMYK_PROFILE, **options: object) -> bytes:
    """A CMYK JPEG as Pillow writes it: with Adobe's marker, inverted."""
    buffer = io.BytesIO()
    Image.fromarray(inks, "CMYK").save(buffer, "jpeg", icc_profile=profile, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


def as_pillow_sees(data: bytes) -> np.ndarray:
    opened = Image.open(io.BytesIO(data))
    seen = ImageCms.profileToProfile(
        opened, io.BytesIO(opened.info["icc_profile"]), ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    assert seen is not None
    return np.asarray(seen)[:, :, ::-1]


def ycck(**options: object) -> bytes:
    inks = 255 - scene(70, 50, 4)
    data = imagecodecs.jpeg8_encode(inks, 95, colorspace="CMYK", outcolorspace="YCCK", **options)
    return with_segments(data, with_profile(CMYK_PROFILE))


INKED = {
    "CMYK": inked(scene(70, 50, 4)),
    "progressive CMYK": inked(scene(70, 50, 4), progressive=True),
    "CMYK in scans": written(
        70, 50, components(*[(1, 1)] * 4), before=adobe(0) + with_profile(CMYK_PROFILE), scans=4
    ),
    "YCCK": ycck(),
    "YCCK 4:2:0": written(
        70, 50, components((2, 2), (1, 1), (1, 1), (2, 2)), before=adobe(2) + with_profile(CMYK_PROFILE)
    ),
}


@pytest.mark.parametrize("name", INKED)
def test_inks_become_the_srgb_that_pillow_makes_of_them_by_their_profile(name: str) -> None:
    data = INKED[name]
    header = probe(BytesSource(data), LIMITS)
    assert (header.pixels, header.colour, header.size) == (Pixels("uint8", 3), "CMYK", Size(70, 50))
    found = read(data)
    assert np.array_equal(found.picture.colour, as_pillow_sees(data))
    assert found.notes == (
        "Its inks (CMYK) were converted to sRGB by its ICC profile, with the perceptual intent; the profile is gone.",
    )


def test_another_littlecms_makes_the_same_of_the_inks_but_for_rounding() -> None:
    inks = scene(70, 50, 4)
    data = inked(inks, quality=100, subsampling=0)
    stored = np.asarray(Image.open(io.BytesIO(data)))
    other = imagecodecs.cms_transform(
        stored,
        CMYK_PROFILE,
        imagecodecs.cms_profile("srgb"),
        colorspace="CMYK",
        outcolorspace="RGB",
        intent=imagecodecs.CMS.INTENT.PERCEPTUAL,
    )
    difference = read(data).picture.colour[:, :, ::-1].astype(int) - other
    assert np.abs(difference).max() <= 1


def test_full_inks_are_dark_and_none_is_white() -> None:
    inks = np.zeros((16, 32, 4), np.uint8)
    inks[:, 16:, 3] = 255
    pixels = read(inked(inks)).picture.colour
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert pixels[0, -1].max() < 80


def test_a_result_of_inks_is_an_srgb_jpeg_without_their_profile() -> None:
    data = inked(scene(70, 50, 4))
    product = process(BytesSource(data), BLUR, LIMITS)
    wanted = jpeg(
        cv2.GaussianBlur(read(data).picture.colour, (9, 9), 0),
        *(cv2.IMWRITE_JPEG_QUALITY, 95),
        *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444),
    )
    assert product.body == wanted
    assert "icc_profile" not in Image.open(io.BytesIO(product.body)).info
    assert "perceptual" in " ".join(product.notes)


def test_a_large_picture_of_inks_is_converted_in_strips_without_a_seam() -> None:
    inks = np.random.default_rng(3).integers(0, 256, (700, 900, 4), np.uint8)
    data = inked(inks)
    assert np.array_equal(read(data).picture.colour, as_pillow_sees(data))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (inked(scene(20, 10, 4), None), "only an ICC profile for CMYK tells, and it has none"),
        (inked(scene(20, 10, 4), SRGB), "and it has one for RGB"),
        (inked(scene(20, 10, 4), CMYK_PROFILE[:600]), "its ICC profile, .* is damaged"),
        (inked(scene(20, 10, 4), CMYK_PROFILE[:20]), "and it has one for CMYK|is damaged"),
        (
            written(20, 10, components(*[(1, 1)] * 4), before=with_profile(CMYK_PROFILE)),
            "without Adobe's marker",
        ),
        (written(20, 10, components((1, 1), (1, 1))), "2-channel"),
    ],
    ids=["no profile", "a profile for RGB", "a cut profile", "a stump", "no marker", "two channels"],
)
def test_inks_of_which_nobody_knows_what_they_look_like_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(UnsupportedPixelsError, match=reason):
        read(data)


def test_the_memory_of_inks_and_of_coefficients_is_announced() -> None:
    size = 70 * 50
    assert probe(BytesSource(INKED["CMYK"]), LIMITS).scratch == 4 * size
    assert probe(BytesSource(INKED["progressive CMYK"]), LIMITS).scratch == (4 + 8) * size
    assert probe(BytesSource(written(70, 50, components(*[(1, 1)] * 3))), LIMITS).scratch == 0
    assert probe(BytesSource(written(70, 50, components(*[(1, 1)] * 3), scans=3)), LIMITS).scratch == 6 * size


# --- what is refused ---

UNUSUAL = {
    "4:1:0": [(4, 2), (1, 1), (1, 1)],
    "3:1": [(3, 1), (1, 1), (1, 1)],
    "luma less than chroma": [(1, 1), (2, 1), (2, 1)],
    "two kinds of chroma": [(2, 2), (2, 1), (1, 2)],
    "no factor": [(1, 1), (0, 1), (0, 1)],
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_an_unusual_subsampling_is_refused_from_the_header(name: str) -> None:
    parts = components(*UNUSUAL[name])
    data = b"\xff\xd8" + frame(61, 45, parts) + segment(0xDA, bytes(10))
    with pytest.raises(UnsupportedPixelsError, match="unusual way"):
        probe(BytesSource(data), LIMITS)


def test_usual_ratios_that_turbojpeg_does_not_decode_are_refused_as_unusual() -> None:
    with pytest.raises(UnsupportedPixelsError, match=r"unusual way \(4 x 1, 2 x 1, 2 x 1\)"):
        read(written(61, 45, components((4, 1), (2, 1), (2, 1))))


@pytest.mark.parametrize(
    ("data", "error", "reason"),
    [
        (
            b"\xff\xd8" + frame(8, 8, components((1, 1)), bits=12, marker=0xC1),
            UnsupportedPixelsError,
            "12 bits",
        ),
        (b"\xff\xd8" + frame(8, 8, components((1, 1)), marker=0xC9), UnsupportedFormatError, "arithmetic"),
        (b"\xff\xd8" + frame(8, 8, components((1, 1)), marker=0xC3), UnsupportedFormatError, "lossless"),
        (b"\xff\xd8" + frame(8, 8, components((1, 1)), marker=0xC5), UnsupportedFormatError, "hierarchical"),
        (b"\xff\xd8" + frame(8, 0, components((1, 1))), DamagedImageError, "8 x 0"),
    ],
    ids=["12 bit", "arithmetic", "lossless", "hierarchical", "height left to DNL"],
)
def test_other_kinds_are_refused_by_name(data: bytes, error: type[TileworkError], reason: str) -> None:
    with pytest.raises(error, match=reason):
        probe(BytesSource(data + segment(0xDA, bytes(8)) + bytes(100) + EOI), LIMITS)


# --- what is odd, and taken ---

PLAIN = jpeg(scene(64, 48))


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (PLAIN + b"and more", "8 bytes follow the picture."),
        (PLAIN[:-2], "Its end marker is missing; all rows are there."),
        (PLAIN[:-2] + bytes(500) + EOI, "Padding follows its last row."),
        (PLAIN[:-2] + b"\x20" * 9 + EOI + b"tail", "Padding follows its last row."),
        (PLAIN.replace(b"JFIF\0\1", b"JFIF\0\7", 1), "Its JFIF header has a version that there is not."),
    ],
    ids=["trailing bytes", "no end marker", "zeros before it", "padding and a tail", "JFIF 7"],
)
def test_what_only_irritates_is_taken_with_a_note(data: bytes, note: str) -> None:
    found = read(data)
    assert np.array_equal(found.picture.colour, decoded(PLAIN))
    assert note in found.notes


def test_an_unknown_transform_of_adobe_is_taken_as_opencv_takes_it() -> None:
    data = written(61, 45, components((2, 2), (1, 1), (1, 1)), before=adobe(7))
    found = read(data)
    assert np.array_equal(found.picture.colour, decoded(data, cv2.IMREAD_COLOR))
    assert "names a transform of colours that there is not" in found.notes[0]
    inks = read(written(70, 50, components(*[(1, 1)] * 4), before=adobe(9) + with_profile(CMYK_PROFILE)))
    known = read(written(70, 50, components(*[(1, 1)] * 4), before=adobe(2) + with_profile(CMYK_PROFILE)))
    assert np.array_equal(inks.picture.colour, known.picture.colour)


@pytest.mark.parametrize("scans", [1, 3])
def test_scans_with_values_of_a_progressive_jpeg_are_taken(scans: int) -> None:
    good = written(61, 45, components(*[(1, 1)] * 3), scans=scans)
    odd = good.replace(b"\0\x3f\0", b"\0\0\0")
    assert odd != good
    found = read(odd)
    assert np.array_equal(found.picture.colour, decoded(good, cv2.IMREAD_COLOR))
    assert len(found.notes) == 1


def test_an_oddity_conceals_no_damage() -> None:
    """The first warning is not the last: what is odd is mended, and the rest is looked at again."""
    odd = PLAIN.replace(b"JFIF\0\1", b"JFIF\0\7", 1)[:-2] + b"\x20" * 500 + EOI
    assert len(read(odd).notes) == 2
    start = odd.index(b"\xff\xda") + 200
    assert outcome(odd[:start] + random.Random(1).randbytes(300) + odd[start + 300 :]) == "damaged"  # noqa: S311


def test_only_the_first_picture_of_an_mpo_is_read_and_its_index_is_not_carried() -> None:
    first, second = scene(64, 48), scene(64, 48, seed=1)
    buffer = io.BytesIO()
    Image.fromarray(first).save(buffer, "mpo", save_all=True, append_images=[Image.fromarray(second)])
    data = buffer.getvalue()
    assert b"MPF\0" in data
    assert np.array_equal(read(data).picture.colour, decoded(data, cv2.IMREAD_COLOR))
    body = process(BytesSource(data), BLUR, LIMITS).body
    assert b"MPF\0" not in body
    assert getattr(Image.open(io.BytesIO(body)), "n_frames", 1) == 1


def test_thousands_of_segments_cost_nothing_and_are_no_hindrance() -> None:
    data = with_segments(PLAIN, segment(0xEB, b"maker note") * 9_000)
    assert np.array_equal(read(data).picture.colour, decoded(PLAIN))


def test_an_exif_block_that_claims_2_gb_is_carried_as_it_is() -> None:
    claim = bytearray(exif(6))
    struct.pack_into("<I", claim, 14, 2**31 - 1)
    struct.pack_into("<H", claim, 10, 0x010F)
    product = process(
        BytesSource(with_segments(PLAIN, segment(0xE1, b"Exif\0\0" + bytes(claim)))), BLUR, LIMITS
    )
    assert np.array_equal(decoded(product.body), decoded(process(BytesSource(PLAIN), BLUR, LIMITS).body))
