"""PNM: what is refused, damaged or taken with a note, and what results are."""

from __future__ import annotations

import io
import random
import time
import tracemalloc
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.imaging.pnm_files import (
    COLOUR,
    DEEP,
    DEEP_GREY,
    FLOAT_COLOUR,
    FLOATS,
    GREY,
    LIMITS,
    pam,
    pbm,
    pfm,
    plain,
    raw,
    read,
    refusal,
)
from tests.imaging.samples import decoded, noise
from tests.imaging.test_pnm import KINDS
from tilework.errors import (
    NoSuchPageError,
    SeveralPagesError,
    TileworkError,
    TooLargeError,
    UnsupportedFormatError,
    UnsupportedPixelsError,
)
from tilework.imaging.formats import Format, Picture, decode, encode, probe
from tilework.imaging.formats.metadata import Metadata
from tilework.imaging.pipeline import parse
from tilework.imaging.run import process
from tilework.imaging.sources import BytesSource


def test_several_pictures_are_pages_and_one_can_be_chosen() -> None:
    pages = [raw(GREY), pbm(GREY & 1), raw(DEEP), pam(noise(9, 5, 2), "GRAYSCALE_ALPHA"), pfm(FLOATS, "<")]
    data = pages[0] + b"\n" + b"".join(pages[1:])
    with pytest.raises(SeveralPagesError):
        probe(BytesSource(data), LIMITS)
    for number, page in enumerate(pages):
        found, wanted = read(data, number).picture, read(page).picture
        assert np.array_equal(found.colour, wanted.colour)
        assert found.pixels == wanted.pixels
    with pytest.raises(NoSuchPageError, match="last picture is page 4"):
        probe(BytesSource(data), LIMITS, 5)
    with pytest.raises(NoSuchPageError):
        probe(BytesSource(pages[0]), LIMITS, 1)
    chosen = process(BytesSource(data), parse("page(2) | invert"), LIMITS)
    assert np.array_equal(decoded(chosen.body), 65535 - DEEP)


def test_pages_are_found_without_end() -> None:
    with pytest.raises(TooLargeError, match="header_parts"):
        probe(BytesSource(b"P5 1 1 255\nx" * 20_000), LIMITS, 15_000)


def test_several_plain_pictures_are_refused() -> None:
    with pytest.raises(SeveralPagesError) as caught:
        read(plain(GREY) + b" " + plain(GREY))
    assert "Split" in caught.value.advice


def test_bytes_behind_the_picture_are_told() -> None:
    for data in (raw(GREY) + b"abc", plain(GREY) + b"abc\n", pbm(GREY & 1) + b"\0\0\0"):
        assert process(BytesSource(data), parse("invert"), LIMITS).notes == ("3 bytes follow the picture.",)


HOSTILE: dict[str, tuple[bytes, str]] = {
    "10^9 squared": (b"P5 1000000000 1000000000 255\n" + bytes(99), "too_large"),
    "10^9 squared, plain": (b"P2 1000000000 1000000000 255\n" + bytes(99), "too_large"),
    "10^9 squared PAM": (
        b"P7\nWIDTH 1000000000\nHEIGHT 1000000000\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n",
        "too_large",
    ),
    "20,000 squared": (b"P5 20000 20000 255\n" + bytes(99), "damaged"),
    "a number of a million digits": (b"P5 " + b"1" * 1_000_000 + b" 1 255\n", "too_large"),
    "a number of 60,000 digits": (b"P5 " + b"1" * 60_000 + b" 1 255\n", "damaged"),
    "an endless comment": (b"P5\n#" + b"x" * 20_000_000, "too_large"),
    "endless comments": (b"P5\n" + b"#\n" * 5_000_000, "too_large"),
    "a comment to the end": (b"P5\n#" + b"x" * 2_000, "damaged"),
    "endless lines": (b"P7\n" + b"TUPLTYPE a\n" * 1_000_000, "too_large"),
    "an endless line": (b"P7\n" + b"a" * 1_000_000, "too_large"),
    "no width": (b"P5 0 4 255\n" + bytes(99), "damaged"),
    "a negative width": (b"P5 -4 4 255\n" + bytes(99), "damaged"),
    "no number": (b"P5 four 4 255\n" + bytes(99), "damaged"),
    "a maximum of 0": (b"P5 4 4 0\n" + bytes(99), "damaged"),
    "a maximum of 65,536": (b"P5 4 4 65536\n" + bytes(99), "damaged"),
    "a factor of 0": (b"Pf 4 4 0.0\n" + bytes(99), "damaged"),
    "an infinite factor": (b"Pf 4 4 1e999\n" + bytes(99), "damaged"),
    "no factor": (b"Pf 4 4 +-.\n" + bytes(99), "damaged"),
    "a PAM without depth": (b"P7\nWIDTH 4\nHEIGHT 4\nMAXVAL 255\nENDHDR\n" + bytes(99), "damaged"),
    "a PAM whose depth is a word": (b"P7\nDEPTH x\nENDHDR\n" + bytes(99), "damaged"),
    "a PAM with a strange line": (b"P7\nDEEP 4\nENDHDR\n" + bytes(99), "damaged"),
    "a PAM of the wrong depth": (pam(GREY, "RGB", depth=4), "damaged"),
    "a PAM of ink": (pam(noise(4, 4, 4), "CMYK"), "unsupported_format"),
    "a PAM of four unnamed": (pam(noise(4, 4, 4), ""), "unsupported_format"),
    "a thumbnail of xv": (b"P7 332\n#IMGINFO\n4 4 255\n" + bytes(16), "unsupported_format"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_header_is_refused_at_once_in_flat_memory(name: str) -> None:
    data, code = HOSTILE[name]
    tracemalloc.start()
    begun = time.monotonic()
    with pytest.raises(TileworkError) as caught:
        probe(BytesSource(data), LIMITS)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.code == code
    assert peak < 2_000_000
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    "data", [raw(COLOUR), pam(noise(37, 23, 2), "GRAYSCALE_ALPHA"), pfm(FLOATS, "<"), pbm(GREY & 1)]
)
def test_a_file_cut_anywhere_is_damaged_and_names_the_row(data: bytes) -> None:
    for length in range(3, len(data), max(1, len(data) // 150)):
        assert refusal(data[:length])
    assert "in stored row 22 of 23" in refusal(data[:-1])


@pytest.mark.parametrize("array", [GREY, COLOUR, DEEP_GREY, DEEP, FLOATS, FLOAT_COLOUR], ids=str)
def test_a_result_is_a_pnm_with_opencvs_pixels_that_every_reader_sees(array: Any) -> None:
    data = pfm(array, ">") if array.dtype == np.float32 else raw(array)
    product = process(BytesSource(data), parse("blur(9)"), LIMITS)
    wanted = cv2.GaussianBlur(array, (9, 9), 0)
    assert (product.suffix, product.content_type) == (".pnm", "image/x-portable-anymap")
    assert np.array_equal(read(product.body).picture.colour, wanted)
    assert np.array_equal(decoded(product.body), wanted)
    if array.dtype == np.uint8 or array.ndim == 2:
        seen = np.asarray(Image.open(io.BytesIO(product.body)))
        assert np.array_equal(seen if seen.ndim == 2 else seen[:, :, ::-1], wanted)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("channels", [2, 4])
def test_a_result_with_alpha_is_a_pam(channels: int, dtype: str) -> None:
    array = noise(37, 23, channels, dtype)
    name = "GRAYSCALE_ALPHA" if channels == 2 else "RGB_ALPHA"
    product = process(BytesSource(pam(array, name)), parse("invert"), LIMITS)
    most = np.iinfo(dtype).max
    found = read(product.body).picture
    assert product.body.startswith(b"P7\n")
    assert np.array_equal(found.colour, most - (array[:, :, 0] if channels == 2 else array[:, :, 2::-1]))
    assert found.alpha is not None
    assert np.array_equal(found.alpha, array[:, :, -1])


def test_floats_with_alpha_cannot_be_written() -> None:
    source = probe(BytesSource(raw(GREY)), LIMITS)
    with pytest.raises(UnsupportedPixelsError):
        encode(Picture(FLOATS, FLOATS), Format.PNM, Metadata(), source)


def test_a_mask_of_a_pnm_is_a_png() -> None:
    product = process(BytesSource(raw(COLOUR)), parse("canny(20, 60)"), LIMITS)
    assert product.suffix == ".png"
    assert np.array_equal(decoded(product.body), cv2.Canny(COLOUR, 20, 60))


def test_random_damage_ends_in_a_result_or_a_reason() -> None:
    generator = random.Random(7)  # noqa: S311 -- no secret
    wholes = [*KINDS.values(), plain(GREY), plain(COLOUR), b"P1 9 3\n" + b"010 " * 9]
    codes = set()
    for whole in wholes * 60:
        changed = bytearray(whole)
        for _ in range(generator.randrange(1, 4)):
            changed[generator.randrange(min(generator.choice([12, 80, len(changed)]), len(changed)))] = (
                generator.choice([*b"0123456789P# \n", generator.randrange(256)])
            )
        data = bytes(changed[: generator.choice([None, None, generator.randrange(len(changed))])])
        try:
            header = probe(BytesSource(data), LIMITS)
            assert decode(data, header).picture.pixels == header.pixels
            codes.add("")
        except TileworkError as error:
            assert error.reason.endswith(".")  # noqa: PT017 -- for every failure that comes here
            codes.add(error.code)
    assert {"", "damaged"} <= codes
    assert codes <= {
        "",
        "damaged",
        "empty",
        "not_an_image",
        "too_large",
        "unsupported_format",
        "several_pages",
    }


def test_the_format_is_refused_by_name_where_it_is_not_one() -> None:
    with pytest.raises(UnsupportedFormatError, match="xv"):
        probe(BytesSource(HOSTILE["a thumbnail of xv"][0]), LIMITS)
