"""Pixels and metadata on their way in and out: as OpenCV reads them, as Pillow sees the results."""

from __future__ import annotations

import io
import random
import struct
import zlib
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.imaging.samples import (
    SIGNATURE,
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
from tilework.errors import DamagedImageError, TileworkError
from tilework.imaging.formats import Picture, decode, encode, probe, read_metadata
from tilework.imaging.limits import Limits
from tilework.imaging.pipeline import parse
from tilework.imaging.run import process
from tilework.imaging.sources import BytesSource

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image as Array

LIMITS = Limits()
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b'<x:xmpmeta><rdf:Description tiff:Orientation="6" dc:title="Bridge"/></x:xmpmeta>'
INVERT, CANNY = parse("invert"), parse("canny(20, 60)")


def read(data: bytes) -> Picture:
    header, _ = read_metadata(data, probe(BytesSource(data), LIMITS))
    return decode(data, header).picture


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("channels", [1, 3])
def test_every_orientation_is_applied_as_imread_does(channels: int, orientation: int, order: str) -> None:
    array, block = scene(37, 23, channels), exif(orientation, order)
    as_png = png(array)
    for data in (
        with_segments(jpeg(array), segment(0xE1, b"Exif\0\0" + block)),
        as_png[:33] + chunk(b"eXIf", block) + as_png[33:],
        as_png[:-12] + chunk(b"eXIf", block) + as_png[-12:],
    ):
        flags = cv2.IMREAD_GRAYSCALE if channels == 1 else cv2.IMREAD_COLOR
        assert np.array_equal(read(data).colour, decoded(data, flags))


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bits_and_alpha_survive_decoding(channels: int) -> None:
    array = noise(30, 20, channels, "uint16")
    picture = read(png(array))
    assert np.array_equal(picture.colour, array[:, :, :3] if channels == 4 else array)
    if channels == 4:
        assert picture.alpha is not None
        assert np.array_equal(picture.alpha, array[:, :, 3])


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("transparency", [b"", b"\x10\x80"])
def test_a_palette_becomes_the_colours_that_pillow_sees(bits: int, transparency: bytes) -> None:
    palette = np.random.default_rng(5).integers(0, 256, 3 << bits, np.uint8).tobytes()
    before = chunk(b"PLTE", palette) + (chunk(b"tRNS", transparency) if transparency else b"")
    rows = [np.random.default_rng(row).integers(0, 256, bits * 2, np.uint8).tobytes() for row in range(5)]
    data = png_of_rows(16, bits, 3, rows, before=before)
    seen = np.asarray(opened(data).convert("RGBA"))
    picture = read(data)
    assert np.array_equal(picture.colour, seen[:, :, 2::-1])
    assert (picture.alpha is not None) == bool(transparency)
    if picture.alpha is not None:
        assert np.array_equal(picture.alpha, seen[:, :, 3])


@pytest.mark.parametrize(
    ("bits", "row", "key"), [(1, b"\xe4", 1), (2, b"\xe4\x1b", 2), (4, b"\x12\x31\x14\x15", 1)]
)
def test_a_transparent_grey_of_few_bits_becomes_alpha(bits: int, row: bytes, key: int) -> None:
    picture = read(png_of_rows(8, bits, 0, [row], before=chunk(b"tRNS", key.to_bytes(2))))
    grey = [int.from_bytes(row) >> (8 * bits - bits * (index + 1)) & ((1 << bits) - 1) for index in range(8)]
    assert picture.alpha is not None
    assert picture.alpha.tolist() == [[0 if value == key else 255 for value in grey]]
    assert picture.colour.tolist() == [[value * 255 // ((1 << bits) - 1) for value in grey]]


def test_a_transparent_grey_or_colour_of_16_bits_becomes_alpha() -> None:
    grey = read(png_of_rows(2, 16, 0, [b"\0\1\2\3"], before=chunk(b"tRNS", b"\2\3")))
    assert grey.alpha is not None
    assert (grey.colour.tolist(), grey.alpha.tolist()) == ([[1, 0x203]], [[65535, 0]])
    colour = read(
        png_of_rows(2, 16, 2, [b"\0\1\2\3\4\5\0\1\2\3\4\6"], before=chunk(b"tRNS", b"\0\1\2\3\4\5"))
    )
    assert colour.alpha is not None
    assert colour.alpha.tolist() == [[0, 65535]]


def test_an_interlaced_png_is_read() -> None:
    array = noise(8, 8, 1)
    passes = [
        (0, 8, 0, 8),
        (0, 8, 4, 8),
        (4, 8, 0, 4),
        (0, 4, 2, 4),
        (2, 4, 0, 2),
        (0, 2, 1, 2),
        (1, 2, 0, 1),
    ]
    rows = b"".join(b"\0" + row.tobytes() for y, dy, x, dx in passes for row in array[y::dy, x::dx])
    pixels = chunk(b"IDAT", zlib.compress(rows))
    data = SIGNATURE + ihdr(8, 8, 8, 0, interlace=1) + pixels + chunk(b"IEND", b"")
    assert np.array_equal(read(data).colour, array)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [(1, 1), (33, 7)])
def test_a_png_result_keeps_depth_channels_and_every_pixel(
    size: tuple[int, int], channels: int, dtype: str
) -> None:
    array = noise(*size, channels, dtype)
    source = (
        Picture(array)
        if channels % 2
        else Picture(
            np.squeeze(array[:, :, :-1], -1) if channels == 2 else array[:, :, :3].copy(),
            array[:, :, -1].copy(),
        )
    )
    first = png_of(source)
    header = probe(BytesSource(first), LIMITS)
    assert (header.pixels.dtype, header.pixels.channels, header.pixels.alpha) == (
        dtype,
        1 if channels < 3 else 3,
        channels % 2 == 0,
    )
    again = read(first)
    assert np.array_equal(again.colour, source.colour)
    if source.alpha is not None and again.alpha is not None:
        assert np.array_equal(again.alpha, source.alpha)
    if dtype == "uint8":
        bands = len(opened(first).getbands())
        assert bands == channels


def png_of(picture: Picture) -> bytes:
    _, metadata = read_metadata(png(noise(1, 1)), probe(BytesSource(png(noise(1, 1))), LIMITS))
    header = probe(BytesSource(png(noise(1, 1))), LIMITS)
    return encode(picture, header.format, metadata, header)


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
def test_a_jpeg_result_is_opencvs_at_quality_95_in_the_sources_subsampling(factor: int, name: str) -> None:
    options = [cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor]
    data = jpeg(scene(61, 43), *options)
    body = process(BytesSource(data), INVERT, LIMITS).body
    assert body == jpeg(cv2.bitwise_not(decoded(data)), *options)
    assert probe(BytesSource(body), LIMITS).subsampling == name


def test_a_grey_jpeg_stays_grey() -> None:
    data = jpeg(scene(61, 43, 1))
    body = process(BytesSource(data), INVERT, LIMITS).body
    assert body == jpeg(cv2.bitwise_not(decoded(data)), cv2.IMWRITE_JPEG_QUALITY, 95)


def with_everything(name: str) -> bytes:
    """An image of 40 x 30, stored on its side, with profile, EXIF, XMP, resolution and a caption."""
    block = Image.Exif()
    block[0x0112] = 6
    block[0x010F] = "Maker"
    block.get_ifd(0x8769).update({0xA002: 40, 0xA003: 30, 0x829A: (1, 125)})
    options: dict[str, object] = {"icc_profile": PROFILE, "exif": block.tobytes(), "dpi": (300, 150)}
    if name == "jpeg":
        options |= {"xmp": XMP, "comment": b"a caption"}
    buffer = io.BytesIO()
    Image.fromarray(scene(40, 30)).save(buffer, name, **options)  # type: ignore[arg-type]
    data = buffer.getvalue()
    if name == "png":
        more = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP) + chunk(b"tEXt", b"Title\0a caption")
        data = data[:33] + more + data[33:]
    return data


@pytest.mark.parametrize("name", ["jpeg", "png"])
def test_profile_exif_xmp_resolution_and_caption_are_kept(name: str) -> None:
    result = opened(process(BytesSource(with_everything(name)), INVERT, LIMITS).body)
    result.load()
    assert result.size == (30, 40)
    assert result.info["icc_profile"] == PROFILE
    block = result.getexif()
    assert (block[0x010F], block.get_ifd(0x8769)[0x829A]) == ("Maker", (1, 125))
    assert b"Bridge" in result.info["xmp"]
    assert result.info["dpi"] == pytest.approx((150, 300), abs=0.02)
    assert "a caption" in str(result.info)


def test_a_jpegs_profile_of_several_segments_is_kept_whole() -> None:
    profile = PROFILE + bytes(200_000)
    buffer = io.BytesIO()
    Image.fromarray(scene(40, 30)).save(buffer, "jpeg", icc_profile=profile)
    body = process(BytesSource(buffer.getvalue()), INVERT, LIMITS).body
    assert opened(body).info["icc_profile"] == profile


@pytest.mark.parametrize("name", ["jpeg", "png"])
def test_the_result_is_upright_and_says_so_everywhere(name: str) -> None:
    result = opened(process(BytesSource(with_everything(name)), INVERT, LIMITS).body)
    block = result.getexif()
    assert block[0x0112] == 1
    assert (block.get_ifd(0x8769)[0xA002], block.get_ifd(0x8769)[0xA003]) == (30, 40)
    assert b'tiff:Orientation="1"' in result.info["xmp"]


@pytest.mark.parametrize("name", ["jpeg", "png"])
def test_a_mask_keeps_exif_and_resolution_but_no_profile_for_other_colours(name: str) -> None:
    product = process(BytesSource(with_everything(name)), CANNY, LIMITS)
    result = opened(product.body)
    assert (product.suffix, product.content_type, result.mode) == (".png", "image/png", "L")
    assert result.getexif()[0x010F] == "Maker"
    assert result.info["dpi"] == pytest.approx((150, 300), abs=0.02)
    assert "icc_profile" not in result.info


def test_a_thumbnail_of_the_unprocessed_image_does_not_survive() -> None:
    thumbnail = b"\xff\xd8 old picture \xff\xd9"
    first = struct.pack("<HHHIHHI", 1, 0x0112, 3, 1, 1, 0, 26)
    second = struct.pack("<HHHIIHHIII", 2, 0x0201, 4, 1, 56, 0x0202, 4, 1, len(thumbnail), 0)
    block = b"II*\0" + struct.pack("<I", 8) + first + second + thumbnail
    data = with_segments(jpeg(scene(30, 20)), segment(0xE1, b"Exif\0\0" + block))
    body = process(BytesSource(data), INVERT, LIMITS).body
    assert b"old picture" not in body
    assert struct.pack("<HHHIHHI", 1, 0x0112, 3, 1, 1, 0, 0) in body, "no directory of a thumbnail follows"


def test_the_same_image_gives_the_same_bytes() -> None:
    for name in ("jpeg", "png"):
        data = with_everything(name)
        assert (
            process(BytesSource(data), INVERT, LIMITS).body == process(BytesSource(data), INVERT, LIMITS).body
        )


def result_or_code(data: bytes) -> Array | str:
    try:
        return decoded(process(BytesSource(data), INVERT, LIMITS).body)
    except TileworkError as error:
        assert error.reason.endswith(".")  # noqa: PT017 -- for every failure that comes here
        return error.code


@pytest.mark.parametrize("name", ["jpeg", "png"])
def test_a_file_cut_anywhere_is_damaged(name: str) -> None:
    whole = jpeg(scene(64, 48)) if name == "jpeg" else png(scene(64, 48))
    last = len(whole) - (3 if name == "jpeg" else 1)
    for length in [*range(12, 700, 29), *range(700, last, 211), last]:
        assert result_or_code(whole[:length]) == "damaged", f"cut at {length} of {len(whole)}"


def test_a_png_with_any_byte_changed_is_refused() -> None:
    plain = png(noise(24, 20, 3))
    whole = plain[:33] + chunk(b"tEXt", b"Title\0text") + plain[33:]
    for position in range(8, len(whole)):
        changed = bytearray(whole)
        changed[position] ^= 0x15
        assert result_or_code(bytes(changed)) == "damaged", f"byte {position}"


def test_a_png_of_sound_chunks_and_too_few_pixels_is_damaged() -> None:
    rows = zlib.compress(bytes(9 * 5))
    short = SIGNATURE + ihdr(8, 8, 8, 0) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    with pytest.raises(DamagedImageError, match="corrupt or too short"):
        process(BytesSource(short), INVERT, LIMITS)


def test_damage_is_told_with_its_place() -> None:
    whole = png(scene(64, 48))
    pixel_data = whole.index(b"IDAT")
    changed = whole[: pixel_data + 30] + b"\0\0\0" + whole[pixel_data + 33 :]
    with pytest.raises(DamagedImageError, match=f"chunk IDAT at byte {pixel_data - 4} fails its checksum"):
        process(BytesSource(changed), INVERT, LIMITS)
    with pytest.raises(DamagedImageError, match="cut short: it ends at byte 1,000, before its last row"):
        process(BytesSource(jpeg(scene(64, 48))[:1000]), INVERT, LIMITS)


def test_bytes_after_the_end_do_no_harm_and_are_told() -> None:
    for data in (jpeg(scene(30, 20)), png(scene(30, 20))):
        clean = process(BytesSource(data), INVERT, LIMITS)
        irritating = process(BytesSource(data + b"trailing bytes"), INVERT, LIMITS)
        assert irritating.body == clean.body
        assert (clean.notes, irritating.notes) == ((), ("14 bytes follow the picture.",))


@pytest.mark.parametrize("missing", [1, 2])
def test_a_jpeg_that_lacks_only_its_end_marker_is_taken_and_told(missing: int) -> None:
    data = jpeg(scene(64, 48))
    taken = process(BytesSource(data[:-missing]), INVERT, LIMITS)
    assert taken.body == process(BytesSource(data), INVERT, LIMITS).body
    assert taken.notes == ("Its end marker is missing; all rows are there.",)


@pytest.mark.parametrize("seed", range(4))
def test_random_damage_ends_in_a_result_or_a_reason(seed: int) -> None:
    generator = random.Random(seed)  # noqa: S311 -- no secret
    wholes = [
        with_everything("jpeg"),
        with_everything("png"),
        png(noise(30, 20, 4, "uint16")),
        jpeg(scene(50, 40)),
    ]
    for whole in wholes:
        for _ in range(30):
            changed = bytearray(whole)
            for _ in range(generator.randrange(1, 6)):
                changed[generator.randrange(generator.choice([64, 700, len(changed)]))] = generator.randrange(
                    256
                )
            outcome = result_or_code(
                bytes(changed[: generator.choice([None, generator.randrange(len(changed))])])
            )
            assert not isinstance(outcome, str) or outcome in {
                "damaged",
                "empty",
                "not_an_image",
                "too_large",
                "unsupported_format",
                "unsupported_pixels",
            }


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1)])
@pytest.mark.parametrize("text", ["invert", "canny(1, 2, 7)", "blur(999)", "erode(255, 8)", "dilate(4)"])
def test_the_smallest_images_pass_every_operation(text: str, size: tuple[int, int]) -> None:
    for data in (png(noise(*size)), jpeg(noise(*size, 1))):
        result = decoded(process(BytesSource(data), parse(text), LIMITS).body)
        assert result.shape[:2] == size[::-1]
