"""TIFFs as results: the same pixels for every reader, and what stood around them."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from PIL import ExifTags, ImageCms
from PIL import Image as Pillow

from tests.imaging.samples import decoded, exif, jpeg, noise, picture, png, scene, segment, with_segments
from tests.imaging.tiffs import LONG, SHORT, blue_first, built, everything, grey, read, written
from tilework.errors import UnsupportedPixelsError
from tilework.imaging.formats import encode, probe, read_header
from tilework.imaging.formats.header import Format
from tilework.imaging.formats.header_reader import HeaderReader
from tilework.imaging.formats.metadata import Density, Metadata
from tilework.imaging.formats.tiff_writer import encode as encode_tiff
from tilework.imaging.limits import Limits
from tilework.imaging.pipeline import parse
from tilework.imaging.run import Product, process
from tilework.imaging.sources import BytesSource

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b'<x:xmpmeta><rdf:Description tiff:Orientation="6" dc:title="Bridge"/></x:xmpmeta>'
GEO = [
    (33550, 12, 3, (0.5, 0.5, 0.0), True),
    (33922, 12, 6, (0.0, 0.0, 0.0, 440_720.0, 3_751_320.0, 0.0), True),
    (34735, 3, 8, (1, 1, 0, 1, 1024, 0, 1, 1), True),
    (34736, 12, 2, (1.5, 2.5), True),
    (34737, 2, 9, "WGS 84|x", True),
]
GDAL = [(42112, 2, 0, "<GDALMetadata></GDALMetadata>", True), (42113, 2, 0, "-9999", True)]
PLACE = {33550, 33922, 34735, 34736, 34737}


def done(data: bytes, pipeline: str = "blur(9)") -> Product:
    return process(BytesSource(data), parse(pipeline), Limits())


def tags_of(data: bytes) -> dict[int, Any]:
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        return {tag.code: tag.value for tag in file.pages[0].tags}


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int32", "float32", "float64"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_result_holds_every_pixel_as_other_readers_see_them(channels: int, dtype: str) -> None:
    array = noise(61, 37, channels, dtype)
    colour = array[:, :, 0] if channels == 2 else array
    source = probe(BytesSource(png(noise(1, 1))), Limits())
    data = encode(picture(array), Format.TIFF, Metadata(), source)
    assert data == encode(picture(array), Format.TIFF, Metadata(), source)
    seen = tifffile.imread(io.BytesIO(data))
    order = (2, 1, 0, 3)[:channels] if channels > 2 else ...
    assert np.array_equal(seen, array[:, :, order] if channels > 2 else array)
    back = read(data)
    assert np.array_equal(back.colour, colour[:, :, :3] if channels > 2 else colour)
    assert (back.alpha is not None) == (channels in {2, 4})
    if channels != 2 and (channels, dtype) != (4, "uint8"):
        # OpenCV (libtiff) multiplies 8-bit colours by an alpha that is not associated
        assert np.array_equal(decoded(data), array)
    if dtype == "uint8" or (channels == 1 and dtype not in {"float64", "int16"}):
        assert np.array_equal(np.asarray(Pillow.open(io.BytesIO(data))), seen)


def test_a_large_result_and_that_of_a_tiled_source_are_tiled_and_the_others_in_strips() -> None:
    small, large = noise(600, 700, 3), np.zeros((4_096, 4_097), np.uint8)
    for array, options, tiled in ((small, {}, False), (small, {"tile": (64, 64)}, True), (large, {}, True)):
        body = done(
            written(array, photometric="rgb" if array.ndim == 3 else "minisblack", **options), "invert"
        ).body
        with tifffile.TiffFile(io.BytesIO(body)) as file:
            page = file.pages[0]
            assert (page.is_tiled, page.compression, page.predictor) == (tiled, 8, 2)
            assert not tiled or (page.tilewidth, page.tilelength) == (512, 512)
            assert np.array_equal(page.asarray(), 255 - array)


def test_a_result_beyond_four_gigabytes_would_be_a_bigtiff() -> None:
    array = noise(70, 60, 3)
    source = probe(BytesSource(jpeg(array)), Limits())
    metadata = Metadata(exif=exif(1), icc=PROFILE)
    small, big = (
        encode_tiff(picture(array), metadata, source, most_classic=most) for most in (1 << 20, 1 << 10)
    )
    assert (small[:4], big[:4]) == (b"II*\0", b"II+\0")
    assert np.array_equal(read(big).colour, array)
    assert np.array_equal(decoded(big), array)


@pytest.mark.parametrize(
    ("dtype", "channels"),
    [("uint8", 1), ("uint8", 3), ("uint8", 4), ("uint16", 3), ("int16", 1), ("float32", 1), ("float64", 1)],
)
@pytest.mark.parametrize("pipeline", ["blur(9)", "erode(5) | invert"])
def test_a_result_is_opencvs_on_the_decoded_array(pipeline: str, dtype: str, channels: int) -> None:
    array = noise(120, 90, channels, dtype)
    data = written(
        array,
        photometric="minisblack" if channels == 1 else "rgb",
        compression="lzw",
        extrasamples=["unassalpha"] if channels == 4 else None,
    )
    product = done(data, pipeline)
    colour = array if channels == 1 else blue_first(array)
    if pipeline == "blur(9)":
        expected = cv2.GaussianBlur(colour, (9, 9), 0)
    else:
        eroded = cv2.erode(colour, np.ones((5, 5), np.uint8))
        expected = 1 - eroded if dtype.startswith("float") else cv2.bitwise_not(eroded)
    assert (product.suffix, product.dtype) == (".tif", dtype)
    found = read(product.body)
    assert np.array_equal(found.colour, expected)
    assert channels != 4 or (found.alpha is not None and np.array_equal(found.alpha, array[:, :, 3]))


@pytest.mark.parametrize("kind", ["assocalpha", "unassalpha"])
def test_alpha_stays_associated_or_not(kind: str) -> None:
    for channels in (2, 4):
        data = written(
            noise(30, 20, channels), photometric="rgb" if channels == 4 else "minisblack", extrasamples=[kind]
        )
        with tifffile.TiffFile(io.BytesIO(done(data).body)) as file:
            assert file.pages[0].extrasamples == (1 if kind == "assocalpha" else 2,)


def test_associated_alpha_goes_to_no_format_that_would_take_it_for_the_other() -> None:
    data = written(noise(30, 20, 4), photometric="rgb", extrasamples=["assocalpha"])
    with pytest.raises(UnsupportedPixelsError, match="multiplied into its colours"):
        done(data, "blur(3) | output(png)")
    assert done(data, "canny(10, 20) | output(png)").suffix == ".png"


def test_three_channels_without_a_name_keep_having_none() -> None:
    array = noise(31, 23, 3, "uint16")
    body = done(written(array, photometric="minisblack", planarconfig="contig"), "invert").body
    with tifffile.TiffFile(io.BytesIO(body)) as file:
        assert file.pages[0].photometric == 1
        assert np.array_equal(file.pages[0].asarray(), 65_535 - array)


def test_white_is_zero_becomes_black_is_zero() -> None:
    array = noise(30, 20, 1)
    body = done(written(array, photometric="miniswhite"), "invert").body
    assert tags_of(body)[262] == 1
    assert np.array_equal(tifffile.imread(io.BytesIO(body)), array)


def full(**options: Any) -> bytes:
    """A TIFF with everything that is kept."""
    texts = [
        (271, 2, 0, "Maker", True),
        (315, 2, 0, "Zoë".encode(), True),
        (33432, 2, 0, "© 2024".encode(), True),
    ]
    names = [
        (285, 2, 0, "page", True),
        (700, 1, len(XMP), XMP, True),
        (33723, 7, 12, b"\x1c\2\5\0\7caption", True),
    ]
    layers = [(37724, 7, 4, b"8BIM", True)]
    settings = {"photometric": "rgb", "iccprofile": PROFILE, "resolution": ((2_999_994, 10_000), (150, 1))}
    return written(
        scene(60, 40),
        **settings,
        resolutionunit=2,
        description="A bridge",
        extratags=[*texts, *names, *layers, *GEO, *GDAL, *options.pop("more", [])],
        **options,
    )


def test_what_stands_around_the_pixels_is_kept_to_the_letter() -> None:
    data = full()
    _, _, _, notes = everything(data)
    product = done(data)
    before, after = tags_of(data), tags_of(product.body)
    kept = PLACE | {270, 271, 285, 33432, 33723, 34675, 42112, 42113, 282, 283, 296}
    assert {tag: after.get(tag) for tag in kept} == {tag: before[tag] for tag in kept}
    assert after[700] == XMP.replace(b'"6"', b'"1"')
    assert 37724 not in after
    assert 305 not in after
    assert any("layers are left out" in note for note in notes)
    assert any("nodata value -9999 is kept" in note for note in product.notes)


def test_the_place_on_the_earth_goes_to_masks_and_the_nodata_value_does_not() -> None:
    product = done(full(), "canny(20, 60)")
    after = tags_of(product.body)
    assert product.suffix == ".tif"
    assert after.keys() >= PLACE
    assert not {42112, 42113, 34675} & after.keys()
    with tifffile.TiffFile(io.BytesIO(product.body)) as file:
        assert (file.pages[0].dtype, file.pages[0].compression) == (np.uint8, 8)


@pytest.mark.parametrize("order", "<>")
def test_an_image_that_was_turned_loses_its_place_and_keeps_its_resolution_turned(order: str) -> None:
    data = full(byteorder=order, more=[(274, 3, 1, 6, True)])
    _, _, metadata, notes = everything(data)
    body = done(data).body
    after = tags_of(body)
    assert not PLACE & after.keys()
    assert any("place on the earth" in note for note in notes)
    assert after.get(274, 1) == 1
    assert (after[282], Fraction(*after[283])) == ((150, 1), Fraction(2_999_994, 10_000))
    assert metadata.density == Density(300, 150, "inch")


def with_exif() -> bytes:
    """A JPEG with EXIF in several directories."""
    block = Pillow.Exif()
    block[0x010F], block[0x0112] = "Maker", 6
    block.get_ifd(0x8769).update({0xA002: 60, 0xA003: 40, 0x829A: (1, 125), 0x9286: b"ASCII\0\0\0hello"})
    block.get_ifd(0x8825).update({1: "N", 2: (51.0, 30.0, 5.5)})
    file = io.BytesIO()
    Pillow.fromarray(scene(60, 40)).save(
        file, "JPEG", quality=95, icc_profile=PROFILE, exif=block.tobytes(), dpi=(300, 150)
    )
    return with_segments(file.getvalue(), segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP))


def test_exif_goes_from_a_jpeg_to_a_tiff_and_from_there_to_a_png_and_a_jpeg() -> None:
    as_tiff = done(with_exif(), "blur(3) | output(tiff)").body
    for data in (
        as_tiff,
        done(as_tiff).body,
        done(as_tiff, "blur(3) | output(png)").body,
        done(as_tiff, "blur(3) | output(jpeg)").body,
    ):
        opened = Pillow.open(io.BytesIO(data))
        block = opened.getexif()
        assert block[0x010F] == "Maker"
        assert block.get(0x0112, 1) == 1
        inner = block.get_ifd(ExifTags.IFD.Exif)
        exposure = inner[0x829A]
        assert (Fraction(*exposure) if isinstance(exposure, tuple) else exposure) == Fraction(1, 125)
        assert inner[0x9286] == b"ASCII\0\0\0hello"
        assert (inner[0xA002], inner[0xA003]) == (40, 60)
        assert block.get_ifd(ExifTags.IFD.GPSInfo)[2] == (51.0, 30.0, 5.5)
        assert opened.info["icc_profile"] == PROFILE
        assert tuple(round(value) for value in opened.info["dpi"]) == (150, 300)
        assert b"Bridge" in data


def test_exif_of_a_big_endian_tiff_goes_into_results() -> None:
    first = grey(4, 4, 16, 16) | {271: (2, b"Maker\0"), 34665: (LONG, 0)}
    inner = {33434: (5, (1, 125)), 37510: (7, b"ASCII\0\0\0hello"), 34855: (SHORT, 400)}
    alone = built(first, inner, order=">", body=bytes(16))
    position = alone.index(b"\0\x03\x82\x9a")
    data = built(first | {34665: (LONG, position)}, inner, order=">", body=bytes(16))
    for body in (done(data, "page(0) | invert").body, done(data, "page(0) | invert | output(png)").body):
        inner_of_result = Pillow.open(io.BytesIO(body)).getexif().get_ifd(ExifTags.IFD.Exif)
        assert (inner_of_result[34855], inner_of_result[37510]) == (400, b"ASCII\0\0\0hello")


def test_big_endian_exif_goes_into_a_little_endian_tiff() -> None:
    block = (
        b"MM\0*"
        + built(
            {
                271: (2, b"Maker\0"),
                37500: (7, b"notes"),
                282: (5, (72, 1)),
                33434: (5, (1, 50)),
                531: (SHORT, 2),
            },
            order=">",
        )[4:]
    )
    array = scene(30, 20)
    data = with_segments(jpeg(array), segment(0xE1, b"Exif\0\0" + block))
    assert tags_of(done(data, "invert | output(tiff)").body)[271] == "Maker"


def test_metadata_of_a_png_goes_into_a_tiff() -> None:
    file = io.BytesIO()
    Pillow.fromarray(scene(40, 30)).save(file, "PNG", icc_profile=PROFILE, dpi=(254, 127))
    opened = Pillow.open(io.BytesIO(done(file.getvalue(), "invert | output(tiff)").body))
    assert opened.info["icc_profile"] == PROFILE
    assert tuple(round(value, 3) for value in opened.info["dpi"]) == (254, 127)


@pytest.mark.parametrize(
    ("across", "down", "unit", "expected"),
    [
        ((300, 1), (300, 1), 2, Density(300, 300, "inch")),
        ((1181, 10), (1181, 10), 3, Density(118, 118, "centimetre")),
        ((5, 2), (5, 2), 3, Density(250, 250, "metre")),
        ((40_000_000, 4), (20_000_000, 2), 3, Density(1_000_000_000, 1_000_000_000, "metre")),
        ((2, 1), (1, 1), 1, Density(2, 1, "aspect")),
        ((1, 1), (1, 1), 1, None),
        ((0, 1), (1, 0), 2, None),
    ],
)
def test_resolution_is_told_in_whole_numbers_that_are_near_enough(
    across: tuple[int, int], down: tuple[int, int], unit: int, expected: Density | None
) -> None:
    tags = grey(4, 4, 16, 16, _282=(5, across), _283=(5, down), _296=(SHORT, unit))
    _, _, metadata, _ = everything(built(tags, body=bytes(16)))
    assert metadata.density == expected


@pytest.mark.parametrize(
    "text", ["ImageJ=1.53t\nimages=1\n", '{"shape": [4, 4]}', "<?xml version='1.0'?><OME/>"]
)
def test_a_programs_own_account_of_the_file_is_left_out_with_a_note(text: str) -> None:
    data = built(grey(4, 4, 16, 16) | {270: (2, text.encode() + b"\0")}, body=bytes(16))
    product = done(data, "invert")
    assert 270 not in tags_of(product.body)
    assert any("own account" in note for note in product.notes)


def test_other_results_of_a_tiff_have_its_pixels() -> None:
    array = scene(60, 40)
    data = written(array, photometric="rgb", iccprofile=PROFILE)
    expected = cv2.GaussianBlur(blue_first(array), (9, 9), 0)
    assert np.array_equal(decoded(done(data, "blur(9) | output(png)").body), expected)
    assert done(data, "blur(9) | output(jpeg)").body[:3] == b"\xff\xd8\xff"
    assert Pillow.open(io.BytesIO(done(data, "blur(9) | output(png)").body)).info["icc_profile"] == PROFILE


def test_what_cannot_be_read_of_exif_is_left_out_and_harms_nothing() -> None:
    tags = grey(4, 4, 16, 16, _34665=(LONG, 1 << 30), _34853=(LONG, 8))
    assert read(built(tags | {271: (2, b"M\0")}, body=bytes(16))).size.width == 4


def test_a_header_reader_of_a_result_needs_only_its_head() -> None:
    body = done(full()).body
    header = read_header(HeaderReader(BytesSource(body), Limits()))
    assert header.has_icc
    assert header.colour == "colour"
