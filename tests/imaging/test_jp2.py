"""JPEG 2000 as Pillow, OpenCV, imagecodecs and OpenJPH write it: the pixels read and written, and damage."""

from __future__ import annotations

import io
import struct
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import cv2
import imagecodecs
import numpy as np
import pytest
from PIL import Image

from tests.imaging.jp2_files import (
    ALPHA,
    BLUR,
    GREY,
    LIMITS,
    RGB,
    VARIANTS,
    cdef,
    changed,
    code_of,
    file_of,
    parts,
    pillow,
    read,
)
from tests.imaging.samples import noise, scene
from tilework.errors import TileworkError
from tilework.imaging.formats import Format, Picture, decode, encode, probe, read_metadata
from tilework.imaging.formats.jp2_boxes import boxed
from tilework.imaging.pipeline import parse
from tilework.imaging.run import process
from tilework.imaging.sources import BytesSource

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image as Array


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
