"""JPEG 2000 as Pillow, OpenCV, imagecodecs and OpenJPH write it: what is read, written, kept, and refused."""

from __future__ import annotations

import io
import struct
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import cv2
import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.imaging.samples import exif, noise, png, scene
from tilework.errors import TileworkError
from tilework.imaging.formats import Format, Picture, decode, encode, probe, read_metadata
from tilework.imaging.formats.header_reader import WholeFile
from tilework.imaging.formats.jp2_boxes import EXIF_ID, GEO_ID, XMP_ID, boxed, boxes
from tilework.imaging.limits import Limits
from tilework.imaging.pipeline import parse
from tilework.imaging.run import process
from tilework.imaging.sources import BytesSource

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image as Array

LIMITS = Limits()
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
RGB, GREY = scene(90, 70), scene(90, 70, 1)
ALPHA = np.dstack((RGB, scene(90, 70, 1, seed=5)))
BLUR = parse("blur(9)")
PLAIN = {"irreversible": False}


def pillow(array: Array, **options: Any) -> bytes:
    """A JP2 of (height, width[, 2 to 4]), blue first and alpha last."""
    if array.ndim == 3 and array.shape[2] > 2:
        array = array[:, :, [2, 1, 0, *range(3, array.shape[2])]]
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(array)).save(buffer, "JPEG2000", **{**PLAIN, **options})
    return buffer.getvalue()


def read(data: bytes) -> Picture:
    header, _ = read_metadata(data, probe(BytesSource(data), LIMITS))
    return decode(data, header).picture


def code_of(data: bytes) -> tuple[str, str]:
    with pytest.raises(TileworkError) as caught:
        process(BytesSource(data), BLUR, LIMITS)
    return caught.value.code, caught.value.reason


def parts(data: bytes) -> list[tuple[bytes, bytes]]:
    return [(box.type, data[box.start : box.stop]) for box in boxes(WholeFile(data), 12, len(data))]


def file_of(*found: tuple[bytes, bytes]) -> bytes:
    return b"\0\0\0\x0cjP  \r\n\x87\n" + b"".join(boxed(*part) for part in found)


def changed(data: bytes, name: bytes, payload: bytes | None) -> bytes:
    """A JP2 with a box of its header replaced, added before the others, or (None) taken out."""
    result = []
    for kind, whole in parts(data):
        inner = whole
        if kind == b"jp2h":
            children = [
                (box.type, whole[box.start : box.stop]) for box in boxes(WholeFile(whole), 0, len(whole))
            ]
            kept = [child for child in children if child[0] != name]
            if payload is not None:
                kept.insert(1, (name, payload))
            inner = b"".join(boxed(*child) for child in kept)
        result.append((kind, inner))
    return file_of(*result)


VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "tiles": {"tile_size": (32, 32)},
    "tiles and offsets": {"tile_size": (32, 32), "offset": (5, 7), "tile_offset": (3, 2)},
    "layers": {"quality_mode": "rates", "quality_layers": [50, 20, 5, 1]},
    "precincts": {"precinct_size": (64, 64), "codeblock_size": (32, 32), "progression": "RPCL"},
    "one resolution": {"num_resolutions": 1, "progression": "CPRL"},
    "no colour transform": {"mct": 0},
    "bare, packet lengths": {"no_jp2": True, "plt": True},
}


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize(
    "array", [RGB, GREY, GREY.astype(np.uint16) * 257], ids=["colour", "grey", "deep grey"]
)
def test_every_way_of_writing_gives_the_pixels_that_were_written(array: Array, name: str) -> None:
    data = pillow(array, **VARIANTS[name])
    found = read(data).colour
    seen = np.asarray(Image.open(io.BytesIO(data)))
    assert np.array_equal(found, seen if seen.ndim == 2 else seen[:, :, ::-1])
    if array.dtype == np.uint8 or "tiles" not in name:  # Pillow 13 writes tiles of 16 bits wrongly
        assert np.array_equal(found, array)


@pytest.mark.parametrize("quality", [4, 30])
def test_a_lossy_one_gives_the_pixels_that_pillow_and_opencv_see(quality: int) -> None:
    data = pillow(RGB, irreversible=True, quality_layers=[quality])
    found = read(data).colour
    assert np.array_equal(found, np.asarray(Image.open(io.BytesIO(data)))[:, :, ::-1])
    assert np.array_equal(found, cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED))


def test_high_throughput_blocks_are_read() -> None:
    data = imagecodecs.htj2k_encode(np.ascontiguousarray(RGB[:, :, ::-1]))
    assert np.array_equal(read(bytes(data)).colour, RGB)


@pytest.mark.parametrize(
    "array", [GREY, RGB, ALPHA, ALPHA[:, :, 2:].copy()], ids=["grey", "rgb", "rgba", "la"]
)
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_a_result_keeps_depth_alpha_and_every_pixel(array: Array, dtype: str) -> None:
    array = array.astype(dtype) * (257 if dtype == "uint16" else 1)
    channels = 1 if array.ndim == 2 else array.shape[2]
    colour = array if channels in {1, 3} else np.squeeze(array[:, :, :-1])
    alpha = None if channels in {1, 3} else array[:, :, -1].copy()
    header = probe(BytesSource(pillow(GREY)), LIMITS)
    _, metadata = read_metadata(pillow(GREY), header)
    data = encode(Picture(np.ascontiguousarray(colour), alpha), Format.JP2, metadata, header)
    again = read(data)
    assert np.array_equal(again.colour, colour)
    assert (again.alpha is None) == (alpha is None)
    assert alpha is None or np.array_equal(again.alpha, alpha)
    if dtype == "uint8":
        assert np.array_equal(
            np.asarray(Image.open(io.BytesIO(data)).convert("RGBA")), as_rgba(colour, alpha)
        )
    elif channels != 2:
        assert np.array_equal(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED), array)


def as_rgba(colour: Array, alpha: Array | None) -> Array:
    rgb = np.dstack([colour] * 3) if colour.ndim == 2 else colour[:, :, ::-1]
    return np.dstack((rgb, np.full(rgb.shape[:2], 255, np.uint8) if alpha is None else alpha))


@pytest.mark.parametrize("size", [(1, 1), (1, 200), (3, 2), (33, 7)])
def test_small_pictures_come_back(size: tuple[int, int]) -> None:
    product = process(BytesSource(pillow(noise(*size), num_resolutions=1)), parse("invert"), LIMITS)
    assert np.array_equal(read(product.body).colour, 255 - noise(*size))


@pytest.mark.parametrize("options", [{}, {"no_jp2": True}], ids=["jp2", "bare codestream"])
def test_the_result_is_a_jp2_with_opencvs_pixels(options: dict[str, Any]) -> None:
    product = process(BytesSource(pillow(ALPHA, **options)), BLUR, LIMITS)
    again = read(product.body)
    assert (product.suffix, product.content_type, product.body[4:8]) == (".jp2", "image/jp2", b"jP  ")
    assert np.array_equal(again.colour, cv2.GaussianBlur(RGB, (9, 9), 0))
    assert again.alpha is not None


def test_a_mask_is_a_png() -> None:
    assert process(BytesSource(pillow(RGB)), parse("canny(20, 60)"), LIMITS).suffix == ".png"


@pytest.mark.parametrize("bits", [9, 10, 12, 15])
def test_bits_between_8_and_16_keep_their_values_with_a_note(bits: int) -> None:
    array = noise(40, 30, 1, "uint16") >> (16 - bits)
    data = imagecodecs.jpeg2k_encode(array, level=0, reversible=True, bitspersample=bits)
    header = probe(BytesSource(bytes(data)), LIMITS)
    assert (header.bits, header.pixels.dtype, len(header.notes)) == (bits, "uint16", 1)
    assert np.array_equal(read(bytes(data)).colour, array)


# --- colours and channels --------------------------------------------------------------------------------------


def test_alpha_that_the_file_does_not_define_is_taken_with_a_note() -> None:
    data = bytes(
        imagecodecs.jpeg2k_encode(np.ascontiguousarray(ALPHA[..., [2, 1, 0, 3]]), level=0, planar=False)
    )
    assert b"cdef" not in data
    assert "taken for alpha" in "".join(probe(BytesSource(data), LIMITS).notes)
    found = read(data).alpha
    assert found is not None
    assert np.array_equal(found, ALPHA[:, :, 3])


def test_channels_stand_in_the_order_that_the_file_defines() -> None:
    """Alpha first, then blue, green, red."""
    codestream = dict(parts(pillow(ALPHA[:, :, [1, 2, 3, 0]].copy())))[b"jp2c"]
    rows = [(0, 0, 2), (1, 1, 0), (2, 0, 3), (3, 0, 1)]
    # written in the order 3, 2, 1, 0 of the array: its red is component 0
    stored = np.asarray(Image.open(io.BytesIO(file_of(*parts(pillow(ALPHA[:, :, [1, 2, 3, 0]].copy()))))))
    data = changed(pillow(ALPHA[:, :, [1, 2, 3, 0]].copy()), b"cdef", cdef(*rows))
    assert codestream in data
    picture = read(data)
    assert np.array_equal(picture.colour, stored[:, :, [2, 0, 3]])
    assert picture.alpha is not None
    assert np.array_equal(picture.alpha, stored[:, :, 1])


def cdef(*rows: tuple[int, int, int]) -> bytes:
    return struct.pack(">H", len(rows)) + b"".join(struct.pack(">HHH", *row) for row in rows)


def colr(number: int) -> bytes:
    return struct.pack(">BBBI", 1, 0, 0, number)


def profile_for(space: bytes) -> bytes:
    return b"\2\0\0" + PROFILE[:16] + space + PROFILE[20:]


REFUSED: dict[str, tuple[bytes, str, str]] = {
    "sYCC": (changed(pillow(RGB), b"colr", colr(18)), "unsupported_pixels", "sYCC"),
    "CMYK": (changed(pillow(ALPHA), b"colr", colr(12)), "unsupported_pixels", "CMYK"),
    "Lab": (changed(pillow(RGB), b"colr", colr(14)), "unsupported_pixels", "CIELab"),
    "an unknown colour": (changed(pillow(RGB), b"colr", colr(99)), "unsupported_pixels", "kind 99"),
    "a CMYK profile": (changed(pillow(ALPHA), b"colr", profile_for(b"CMYK")), "unsupported_pixels", "CMYK"),
    "a Lab profile": (changed(pillow(RGB), b"colr", profile_for(b"Lab ")), "unsupported_pixels", "Lab"),
    "grey with three components": (
        changed(pillow(RGB), b"colr", colr(17)),
        "unsupported_pixels",
        "3 components",
    ),
    "premultiplied alpha": (
        changed(pillow(ALPHA), b"cdef", cdef((0, 0, 1), (1, 0, 2), (2, 0, 3), (3, 2, 0))),
        "unsupported_pixels",
        "no plain alpha",
    ),
    "a channel of no meaning": (
        changed(pillow(ALPHA), b"cdef", cdef((0, 0, 1), (1, 0, 2), (2, 0, 3), (3, 65535, 65535))),
        "unsupported_pixels",
        "no plain alpha",
    ),
    "channels that are not there": (
        changed(pillow(RGB), b"cdef", cdef((0, 0, 1), (1, 0, 2), (7, 0, 3))),
        "damaged",
        "cdef",
    ),
    "a colour twice": (
        changed(pillow(RGB), b"cdef", cdef((0, 0, 1), (1, 0, 1), (2, 0, 3))),
        "damaged",
        "cdef",
    ),
    "a palette": (changed(pillow(GREY), b"pclr", bytes(20)), "unsupported_pixels", "palette"),
    "no header": (file_of(*(part for part in parts(pillow(RGB)) if part[0] != b"jp2h")), "damaged", "jp2h"),
    "no codestream": (file_of(*parts(pillow(RGB))[:-1]), "damaged", "jp2c"),
    "no size in its header": (changed(pillow(RGB), b"ihdr", None), "damaged", "jp2h"),
    "another size in its header": (
        changed(pillow(RGB), b"ihdr", struct.pack(">IIHBBBB", 70, 91, 3, 7, 7, 0, 0)),
        "damaged",
        "different sizes",
    ),
    "pages of text": (
        file_of((b"ftyp", b"jpm \0\0\0\0jpm "), *parts(pillow(RGB))[1:]),
        "unsupported_format",
        "jpm",
    ),
    "a film": (
        file_of((b"ftyp", b"mjp2\0\0\0\0mjp2"), *parts(pillow(RGB))[1:]),
        "unsupported_format",
        "mjp2",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_read_is_refused_from_its_header_with_a_reason(name: str) -> None:
    data, code, word = REFUSED[name]
    with pytest.raises(TileworkError, match=word) as caught:
        probe(BytesSource(data), LIMITS)
    assert caught.value.code == code


def siz(data: bytes, offset: int, value: bytes) -> bytes:
    """A bare codestream with bytes of its size marker replaced, ``offset`` bytes after SOC."""
    return data[: 2 + offset] + value + data[2 + offset + len(value) :]


BARE = pillow(RGB, no_jp2=True)


def claims(width: int, height: int, components: int, tile: int = 2**31 - 1) -> bytes:
    head = struct.pack(">HHHH8IH", 0xFF4F, 0xFF51, 38 + 3 * min(components, 9), 0,
                       width, height, 0, 0, tile, tile, 0, 0, components)  # fmt: skip
    return head + b"\7\1\1" * min(components, 9) + bytes(100)


@pytest.mark.parametrize(
    ("data", "code", "word"),
    [
        (siz(BARE, 40, b"\x87"), "unsupported_pixels", "several depths"),
        (siz(BARE, 40, b"\x87\1\1\x87\1\1\x87\1\1"), "unsupported_pixels", "signed"),
        (siz(BARE, 40, b"\3\1\1\3\1\1\3\1\1"), "unsupported_pixels", "4 bits"),
        (siz(BARE, 40, b"\x13\1\1\x13\1\1\x13\1\1"), "unsupported_pixels", "20 bits"),
        (siz(BARE, 40, b"\7\1\1\7\2\2\7\2\2"), "unsupported_pixels", "subsampled"),
        (claims(2**31, 2**31, 3), "too_large", "limit: side"),
        (claims(2**31, 1, 1), "too_large", "limit: side"),
        (claims(100_000, 100_000, 1), "too_large", "limit: pixels"),
        (claims(10, 10, 16_384), "damaged", "16,384 components"),
        (claims(10, 10, 16_385), "damaged", "16,385 components"),
        (claims(10, 10, 0), "damaged", "0 components"),
        (claims(10, 10, 5), "unsupported_pixels", "5 components"),
        (claims(0, 10, 3), "damaged", "no pixels"),
        (claims(10, 10, 3, tile=0), "damaged", "no pixels"),
        (claims(30_000, 30_000, 3, tile=1), "damaged", "900,000,000 tiles"),
        (BARE[:30], "damaged", "ends at byte 30"),
        (b"\0\0\0\x0cjP  \r\n\x87\n" + boxed(b"ftyp", b"jp2 \0\0\0\0jp2 ") + b"\xff" * 30, "damaged", "cut short"),
    ],
)  # fmt: skip
def test_odd_and_hostile_codestreams_are_refused_from_their_header(data: bytes, code: str, word: str) -> None:
    start = time.perf_counter()
    with pytest.raises(TileworkError, match=word) as caught:
        probe(BytesSource(data), LIMITS)
    assert caught.value.code == code
    assert time.perf_counter() - start < 5


def test_a_million_boxes_are_too_many() -> None:
    data = b"\0\0\0\x0cjP  \r\n\x87\n" + boxed(b"free") * 1_000_000
    assert code_of(data)[0] == "too_large"


def test_tiny_blocks_are_reckoned_with_before_they_have_memory() -> None:
    """Blocks of 4 x 4 cost 450 bytes each: 28 for a sample."""
    small, usual = (
        probe(BytesSource(pillow(RGB, codeblock_size=(side, side))), LIMITS).scratch for side in (4, 64)
    )
    assert small - usual > 25 * RGB.size


# --- damage ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["plain", "tiles", "layers", "bare, packet lengths"])
def test_a_file_cut_short_anywhere_is_damaged(name: str) -> None:
    data = pillow(RGB, **VARIANTS[name])
    whole = read(data).colour
    for cut in np.random.default_rng(1).integers(12, len(data) - 3, 25).tolist():
        assert code_of(data[:cut])[0] == "damaged"
    assert np.array_equal(whole, RGB)


def test_a_file_cut_within_a_tile_names_it() -> None:
    data = pillow(RGB, tile_size=(32, 32), no_jp2=True)
    code, reason = code_of(data[: len(data) // 2])
    assert code == "damaged"
    assert "of 9 should end at byte" in reason


def test_a_codestream_without_one_of_its_tiles_is_damaged() -> None:
    data = pillow(RGB, tile_size=(32, 32), no_jp2=True)
    second = data.index(b"\xff\x90\0\x0a\0\1")
    (length,) = struct.unpack_from(">I", data, second + 6)
    code, reason = code_of(data[:second] + data[second + length :])
    assert (code, "tile 2 of 9" in reason) == ("damaged", True)


def test_a_missing_end_marker_and_what_follows_are_taken_with_a_note() -> None:
    bare = pillow(RGB, no_jp2=True)
    for data, word in (
        (bare[:-2], "end marker is missing"),
        (pillow(RGB) + b"\0\0", "no boxes"),
        (pillow(RGB) + b"\xff" * 100, "no boxes"),
        (pillow(RGB) + boxed(b"jp2c", bare), "more than one picture"),
    ):
        product = process(BytesSource(data), BLUR, LIMITS)
        assert word in "".join(product.notes)
        assert np.array_equal(read(product.body).colour, cv2.GaussianBlur(RGB, (9, 9), 0))


def outcome(data: bytes) -> str:
    try:
        header = probe(BytesSource(data), LIMITS)
        header, _ = read_metadata(data, header)
        picture = decode(data, header).picture
    except TileworkError as error:
        return error.code
    return "ok" if (picture.size, picture.pixels) == (header.size, header.pixels) else "another shape"


def test_broken_bytes_end_in_bounded_time_and_never_otherwise_than_named() -> None:
    """In processes of their own, as all of this format: OpenJPEG has crashed before."""
    random = np.random.default_rng(7)
    wholes = [pillow(scene(40, 30), **options) for options in VARIANTS.values()] + [pillow(ALPHA)]
    broken = []
    for index in range(300):
        data = bytearray(wholes[index % len(wholes)])
        reach = len(data) if index % 2 else 200
        for _ in range(int(random.choice([1, 1, 4, 20]))):
            data[int(random.integers(12, reach))] = int(random.integers(256))
        broken.append(bytes(data[: int(random.integers(12, len(data)))] if index % 7 == 0 else data))
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        codes = Counter(pool.map(outcome, broken, timeout=120))
    assert set(codes) <= {"ok", "damaged", "unsupported_pixels", "unsupported_format", "too_large"}
    assert codes["damaged"] > 50


# --- metadata --------------------------------------------------------------------------------------------------


def inner(data: bytes) -> dict[bytes, bytes]:
    header = dict(parts(data))[b"jp2h"]
    return {box.type: header[box.start : box.stop] for box in boxes(WholeFile(header), 0, len(header))}


def furnished(orientation: int = 1) -> bytes:
    found = parts(changed(pillow(RGB), b"colr", b"\2\0\0" + PROFILE))
    more = [
        (b"xml ", b"<a/>"),
        (b"uuid", GEO_ID + b"II*\0"),
        (b"uuid", b"x" * 16 + b"secret"),
        (b"uuid", EXIF_ID + exif(orientation)),
        (b"uuid", XMP_ID + b"<x:xmpmeta/>"),
    ]
    data = file_of(*found[:-1], *more, found[-1])
    resolution = boxed(b"resc", struct.pack(">HHHHbb", 30_000, 254, 15_000, 254, 2, 2))
    return changed(data, b"res ", resolution)


def test_profile_exif_xmp_xml_place_and_resolution_are_kept() -> None:
    data = process(BytesSource(furnished()), BLUR, LIMITS).body
    assert inner(data)[b"colr"] == b"\2\0\0" + PROFILE
    kept = parts(data)
    for part in [(b"xml ", b"<a/>"), (b"uuid", GEO_ID + b"II*\0"), (b"uuid", XMP_ID + b"<x:xmpmeta/>")]:
        assert part in kept
    assert (b"uuid", EXIF_ID + exif(1)) in kept
    assert b"secret" not in data
    assert Image.open(io.BytesIO(data)).info["dpi"] == pytest.approx((150, 300), rel=1e-3)


def test_pixels_are_as_stored_whatever_the_profile_says() -> None:
    """imagecodecs by itself would convert them."""
    other = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes().replace(b"sRGB", b"xRGB")
    data = changed(pillow(RGB), b"colr", b"\2\0\0" + other)
    assert np.array_equal(read(data).colour, RGB)


def test_exif_orientation_is_applied_and_the_place_is_left_out() -> None:
    product = process(BytesSource(furnished(6)), parse("invert"), LIMITS)
    assert np.array_equal(read(product.body).colour, cv2.rotate(255 - RGB, cv2.ROTATE_90_CLOCKWISE))
    assert (b"uuid", EXIF_ID + exif(1)) in parts(product.body)
    assert GEO_ID not in product.body


def test_another_format_gets_profile_exif_and_resolution() -> None:
    result = Image.open(
        io.BytesIO(process(BytesSource(furnished()), parse("invert | output(png)"), LIMITS).body)
    )
    assert result.info["icc_profile"] == PROFILE
    assert result.info["dpi"] == pytest.approx((150, 300), rel=1e-3)
    assert result.getexif()[0x0112] == 1


def test_a_pngs_profile_goes_into_a_jp2() -> None:
    buffer = io.BytesIO()
    Image.fromarray(RGB).save(buffer, "PNG", icc_profile=PROFILE, dpi=(300, 300))
    data = process(BytesSource(buffer.getvalue()), replace(parse("invert"), output="jp2"), LIMITS).body
    assert inner(data)[b"colr"] == b"\2\0\0" + PROFILE
    assert Image.open(io.BytesIO(data)).info["dpi"] == pytest.approx((300, 300), rel=1e-3)
    bare = process(BytesSource(png(GREY)), replace(parse("invert"), output="jp2"), LIMITS).body
    assert inner(bare)[b"colr"] == colr(17)
