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

from tests.imaging.jpegs import EOI, Component, adobe, components, frame, written
from tests.imaging.profiles import cmyk_profile
from tests.imaging.samples import decoded, exif, jpeg, scene, segment, with_segments
from tilework.errors import DamagedImageError, TileworkError, UnsupportedFormatError, UnsupportedPixelsError
from tilework.imaging.formats import Decoded, decode, probe, read_metadata
from tilework.imaging.limits import Limits
from tilework.imaging.operations import Pixels
from tilework.imaging.pipeline import parse
from tilework.imaging.run import process
from tilework.imaging.sources import BytesSource
from tilework.imaging.windows import Size

LIMITS = Limits()
BLUR = parse("blur(9)")
CMYK_PROFILE = cmyk_profile()
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
USUAL = [(1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (1, 4)]


def read(data: bytes) -> Decoded:
    header, _ = read_metadata(data, probe(BytesSource(data), LIMITS))
    return decode(data, header)


def outcome(data: bytes) -> str:
    try:
        read(data)
    except TileworkError as error:
        assert error.reason.endswith(".")  # noqa: PT017 -- for every failure that comes here
        return error.code
    return "done"


def with_profile(profile: bytes) -> bytes:
    return segment(0xE2, b"ICC_PROFILE\0\1\1" + profile)


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


# --- damage ---

LARGE = {
    name: jpeg(
        scene(256, 200), cv2.IMWRITE_JPEG_PROGRESSIVE, progressive, cv2.IMWRITE_JPEG_RST_INTERVAL, restart
    )
    for name, progressive, restart in (
        ("baseline", 0, 0),
        ("with restarts", 0, 4),
        ("progressive", 1, 0),
        ("progressive with restarts", 1, 4),
    )
}


def spoilt(whole: bytes, kind: str, chooser: random.Random) -> bytes:
    start = whole.index(b"\xff\xda") + 20
    place = chooser.randrange(start, len(whole) - 1100)
    if kind == "cut":
        return whole[: chooser.randrange(start, len(whole) - 3)]
    if kind == "cut out":
        return whole[:place] + whole[place + 1024 :]
    if kind == "one bit":
        changed = bytearray(whole)
        changed[place] ^= 1 << chooser.randrange(8)
        return bytes(changed)
    filling = {"zeroed": bytes(1024), "overwritten": chooser.randbytes(1024)}[kind]
    return whole[:place] + filling + whole[place + 1024 :]


@pytest.mark.parametrize("name", LARGE)
@pytest.mark.parametrize("kind", ["cut", "zeroed", "overwritten", "cut out"])
def test_damaged_picture_data_is_never_a_success(kind: str, name: str) -> None:
    """Measured at 200 places for each of these 16 cases: 3,200 of 3,200 were noticed.

    A single bit that flips is noticed in 18 (baseline with restarts) to 47 of 100 (progressive with restarts): the
    rest decode to as many blocks as there should be, and no decoder can know.
    """
    chooser = random.Random(11)  # noqa: S311 -- no secret
    outcomes = [outcome(spoilt(LARGE[name], kind, chooser)) for _ in range(50)]
    assert outcomes.count("damaged") == 50


@pytest.mark.parametrize("name", LARGE)
def test_a_flipped_bit_is_often_noticed_and_never_breaks_anything(name: str) -> None:
    chooser = random.Random(12)  # noqa: S311 -- no secret
    outcomes = [outcome(spoilt(LARGE[name], "one bit", chooser)) for _ in range(50)]
    assert set(outcomes) == {"damaged", "done"}


def test_a_hole_is_told_with_its_place() -> None:
    whole = LARGE["baseline"]
    start = whole.index(b"\xff\xda") + 5_000
    reasons = []
    for place in range(start, start + 40):
        with pytest.raises(DamagedImageError) as caught:
            read(whole[:place] + bytes(1024) + whole[place + 1024 :])
        reasons.append(caught.value.reason)
    assert any("zeros at byte" in reason for reason in reasons)


@pytest.mark.parametrize("optimised", [0, 1])
def test_a_blank_page_has_no_holes(optimised: int) -> None:
    for page in (np.full((2000, 1500), 255, np.uint8), np.zeros((2000, 1500, 3), np.uint8)):
        data = jpeg(page, cv2.IMWRITE_JPEG_OPTIMIZE, optimised)
        assert np.array_equal(read(data).picture.colour, page)


@pytest.mark.parametrize("seed", range(3))
def test_random_bytes_end_in_pixels_as_announced_or_in_a_reason(seed: int) -> None:
    chooser = random.Random(seed)  # noqa: S311 -- no secret
    for whole in (*LARGE.values(), *INKED.values(), written(61, 45, RGB_IDS, restart=2)):
        for _ in range(12):
            changed = bytearray(whole)
            for _ in range(chooser.randrange(1, 6)):
                changed[chooser.randrange(2, min(len(changed), chooser.choice([700, 1 << 20])))] = (
                    chooser.randrange(256)
                )
            assert outcome(bytes(changed[: chooser.choice([None, chooser.randrange(len(changed))])])) in {
                "done", "damaged", "not_an_image", "too_large", "unsupported_format", "unsupported_pixels",
            }  # fmt: skip


def test_the_further_pictures_of_an_mpo_are_told_and_not_carried() -> None:
    first, second = (Image.fromarray(scene(40, 30, seed=seed)) for seed in (1, 2))
    buffer = io.BytesIO()
    first.save(buffer, "MPO", save_all=True, append_images=[second], quality=90)
    product = process(BytesSource(buffer.getvalue()), parse("invert"), Limits())
    assert product.notes == ("It holds further pictures (MPO); the first was taken.",)
    assert b"MPF\0" not in product.body


def test_a_profile_that_lacks_a_part_is_left_out_with_a_note_and_hides_no_damage() -> None:
    whole = jpeg(scene(64, 48))
    broken = with_segments(whole, segment(0xE2, b"ICC_PROFILE\0\1\2" + bytes(100)))
    product = process(BytesSource(broken), parse("invert"), Limits())
    assert product.notes == ("Its ICC profile lacks a part, and was left out.",)
    assert np.array_equal(
        decoded(product.body), decoded(process(BytesSource(whole), parse("invert"), Limits()).body)
    )
    with pytest.raises(DamagedImageError):
        process(BytesSource(broken[:-300] + broken[-2:]), parse("invert"), Limits())
