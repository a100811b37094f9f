"""BMP: what is refused, and what results are."""

from __future__ import annotations

import io
import random
import struct
import time
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.imaging.bmp_files import (
    ALPHA,
    COLOUR,
    GREY,
    LIMITS,
    PALETTE,
    PROFILE,
    bmp,
    by_pillow,
    read,
    refusal,
)
from tests.imaging.samples import decoded, jpeg, noise, scene
from tests.imaging.test_bmp import runs
from tilework.errors import TileworkError, UnsupportedFormatError
from tilework.imaging.formats import Format, Picture, decode, encode, probe, read_metadata
from tilework.imaging.formats.metadata import Density, Metadata
from tilework.imaging.pipeline import parse
from tilework.imaging.run import process
from tilework.imaging.sources import BytesSource


@pytest.mark.parametrize("compression", [4, 5])
def test_a_wrapped_jpeg_or_png_is_refused_with_advice(compression: int) -> None:
    data = bmp(16, 16, 0, jpeg(scene(16, 16)), compression=compression)
    with pytest.raises(UnsupportedFormatError, match="only wraps a") as caught:
        probe(BytesSource(data), LIMITS)
    assert "Extract" in caught.value.advice


@pytest.mark.parametrize(
    ("bits", "compression", "kind"), [(1, 3, 64), (24, 4, 64), (32, 11, 40), (64, 0, 40)]
)
def test_other_codings_are_refused_by_name(bits: int, compression: int, kind: int) -> None:
    with pytest.raises(UnsupportedFormatError):
        probe(BytesSource(bmp(8, 8, bits, bytes(512), compression=compression, kind=kind)), LIMITS)


def test_an_os2_bitmap_array_is_told_as_one() -> None:
    with pytest.raises(UnsupportedFormatError, match="bitmap array"):
        probe(BytesSource(b"BA" + bytes(12) + bmp(2, 1, 24, bytes(8))), LIMITS)


HOSTILE = {
    "negative width": (bmp(-8, 8, 24, bytes(200)), {"damaged"}),
    "no height": (bmp(8, 0, 24, bytes(200)), {"damaged"}),
    "lowest height": (bmp(8, -(2**31), 24, bytes(200)), {"too_large"}),
    "huge": (bmp(2**31 - 1, 2**31 - 1, 24, bytes(200)), {"too_large"}),
    "100,000 squared": (bmp(100_000, 100_000, 24, bytes(200)), {"too_large"}),
    "30,000 squared, coded": (bmp(30_000, 30_000, 8, b"\0\1", compression=1, palette=PALETTE), {"too_large"}),
    "pixels outside": (bmp(8, 8, 24, bytes(200), start=2**32 - 1), {"damaged"}),
    "pixels in the header": (bmp(8, 8, 24, bytes(200), start=20), {"damaged"}),
    "no room for a palette": (bmp(8, 8, 8, bytes(64), colours=256), {"damaged"}),
    "a palette of 2^32": (bmp(8, 8, 8, bytes(64), colours=2**32 - 1), {"damaged"}),
    "a header of 200 bytes": (b"BM" + bytes(12) + struct.pack("<I", 200) + bytes(999), {"damaged"}),
    "a header of 2 GB": (b"BM" + bytes(12) + struct.pack("<I", 2**31 - 1) + bytes(999), {"not_an_image"}),
    "downward runs": (bmp(4, -3, 8, bytes(20), compression=1, palette=PALETTE), {"damaged"}),
    "odd bits": (bmp(4, 3, 7, bytes(20)), {"damaged"}),
    "overlapping masks": (bmp(2, 2, 32, bytes(16), compression=3, masks=(0xFF, 0x1FE, 0xFF000)), {"damaged"}),
    "masks with gaps": (bmp(2, 2, 32, bytes(16), compression=3, masks=(0xF0F, 0xF0, 0xFF000)), {"damaged"}),
    "masks outside": (bmp(2, 2, 16, bytes(16), compression=3, masks=(0x1F0000, 0xF0, 0xF)), {"damaged"}),
    "no masks": (bmp(2, 2, 32, bytes(16), compression=3, masks=(0, 0, 0)), {"damaged"}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_header_is_refused_before_any_pixel_has_memory(name: str) -> None:
    data, codes = HOSTILE[name]
    begun = time.monotonic()
    with pytest.raises(TileworkError) as caught:
        probe(BytesSource(data), LIMITS)
    assert caught.value.code in codes
    assert time.monotonic() - begun < 5


def test_a_file_cut_anywhere_is_damaged_and_names_the_row() -> None:
    whole = bmp(5, 3, 24, bytes(48))
    assert "in row 1 of 3" in refusal(whole[: 54 + 20])
    for length in range(26, len(whole) - 1):
        assert refusal(whole[:length])
    assert read(whole[:-1]).picture.size == read(whole).picture.size, "only padding is missing"


def test_bytes_behind_and_odd_planes_are_taken_and_told() -> None:
    data = bmp(5, 3, 24, bytes(48), planes=0, tail=b"xyz")
    product = process(BytesSource(data), parse("invert"), LIMITS)
    assert product.notes == ("It says that it has 0 planes, where 1 is meant.", "3 bytes follow the picture.")


@pytest.mark.parametrize("array", [GREY, COLOUR, ALPHA], ids=["grey", "colour", "alpha"])
def test_a_result_is_a_bmp_with_opencvs_pixels_that_every_reader_sees(array: Any) -> None:
    data = cv2.imencode(".bmp", array)[1].tobytes()
    product = process(BytesSource(data), parse("blur(9)"), LIMITS)
    wanted = cv2.GaussianBlur(np.ascontiguousarray(array[:, :, :3]) if array.ndim == 3 else array, (9, 9), 0)
    assert (product.suffix, product.content_type) == (".bmp", "image/bmp")
    found = read(product.body).picture
    assert np.array_equal(found.colour, wanted)
    seen = by_pillow(product.body, "L" if array.ndim == 2 else "RGB")
    assert np.array_equal(seen, wanted)
    by_opencv = decoded(product.body)
    assert np.array_equal(by_opencv[:, :, :3] if array.ndim == 3 else by_opencv, wanted)
    if array.shape[2:] == (4,):
        assert found.alpha is not None
        assert np.array_equal(found.alpha, array[:, :, 3])
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(product.body)))[:, :, 3], array[:, :, 3])


def test_deep_pixels_become_a_png_and_masks_too() -> None:
    words = np.random.default_rng(1).integers(0, 1 << 32, (6, 8), "u4")
    deep = bmp(8, 6, 32, words.tobytes(), compression=3, kind=56, masks=(0x3FF, 0xFFC00, 0x3FF00000, 0))
    product = process(BytesSource(deep), parse("invert"), LIMITS)
    assert product.suffix == ".png"
    assert np.array_equal(decoded(product.body), 65535 - read(deep).picture.colour)
    assert process(BytesSource(bmp(5, 3, 24, bytes(48))), parse("canny(1, 2)"), LIMITS).suffix == ".png"


def test_grey_with_alpha_is_written_as_colour_with_alpha() -> None:
    source = probe(BytesSource(bmp(5, 3, 24, bytes(48))), LIMITS)
    found = read(encode(Picture(GREY, ALPHA[:, :, 3].copy()), Format.BMP, Metadata(), source)).picture
    assert np.array_equal(found.colour, np.dstack([GREY] * 3))


def test_resolution_profile_and_calibration_are_kept() -> None:
    source = probe(BytesSource(bmp(5, 3, 24, bytes(48))), LIMITS)
    for picture in (Picture(GREY), Picture(COLOUR), Picture(COLOUR, ALPHA[:, :, 3].copy())):
        for metadata in (
            Metadata(icc=PROFILE, density=Density(300, 150, "inch")),
            Metadata(colour=(bytes(4) + bytes(range(48)),), density=Density(11811, 5906, "metre")),
        ):
            first = encode(picture, Format.BMP, metadata, source)
            product = process(BytesSource(first), parse("invert"), LIMITS)
            _, kept = read_metadata(product.body, probe(BytesSource(product.body), LIMITS))
            assert (kept.icc, kept.colour, kept.density) == (
                metadata.icc,
                metadata.colour,
                Density(11811, 5906, "metre"),
            )
            assert Image.open(io.BytesIO(product.body)).info["dpi"] == pytest.approx((300, 150), abs=0.02)
            assert product.notes == ()


def test_a_profile_outside_the_file_is_left_out_and_told() -> None:
    source = probe(BytesSource(bmp(5, 3, 24, bytes(48))), LIMITS)
    data = encode(Picture(COLOUR), Format.BMP, Metadata(icc=PROFILE), source)
    assert probe(BytesSource(data), LIMITS).has_icc
    header = probe(BytesSource(data[:-10]), LIMITS)
    assert not header.has_icc
    assert header.notes == ("Its ICC profile lies outside the file, and was left out.",)


def test_random_damage_ends_in_a_result_or_a_reason() -> None:
    generator = random.Random(5)  # noqa: S311 -- no secret
    indices = noise(40, 30, 1) % 16
    wholes = [
        *(cv2.imencode(".bmp", array)[1].tobytes() for array in (GREY, COLOUR, ALPHA)),
        bmp(40, 30, 4, runs(indices.tolist(), 4, 1), compression=2, palette=noise(3, 16, 1).tobytes()),
        bmp(8, 6, 16, noise(8, 6, 1, "uint16").tobytes(), compression=3, masks=(0x7C00, 0x3E0, 0x1F)),
    ]
    codes = set()
    for whole in wholes * 120:
        changed = bytearray(whole)
        for _ in range(generator.randrange(1, 4)):
            changed[generator.randrange(generator.choice([60, 140, len(changed)]))] = generator.randrange(256)
        data = bytes(changed[: generator.choice([None, generator.randrange(len(changed))])])
        try:
            header = probe(BytesSource(data), LIMITS)
            assert decode(data, header).picture.pixels == header.pixels
            codes.add("")
        except TileworkError as error:
            assert error.reason.endswith(".")  # noqa: PT017 -- for every failure that comes here
            codes.add(error.code)
    assert (
        {"", "damaged"}
        <= codes
        <= {"", "damaged", "empty", "not_an_image", "too_large", "unsupported_format"}
    )
