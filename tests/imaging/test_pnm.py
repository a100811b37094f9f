"""PNM, PAM and PFM: every kind against the numbers that were written, whole and by windows, and what is refused."""

from __future__ import annotations

import io
import tracemalloc
from typing import Any

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
from tests.imaging.samples import CountingSource, decoded, noise
from tilework.imaging.engine import PictureReader, run_whole, run_window
from tilework.imaging.formats import Format, decode, pnm, probe
from tilework.imaging.formats.pnm_plain import BLOCK_BYTES
from tilework.imaging.formats.table import row
from tilework.imaging.operations import Pixels
from tilework.imaging.pipeline import parse
from tilework.imaging.run import process
from tilework.imaging.sources import BytesSource
from tilework.imaging.windows import Size, Window, tiles


@pytest.mark.parametrize(
    "array", [GREY, COLOUR, DEEP_GREY, DEEP], ids=["grey", "colour", "deep grey", "deep"]
)
def test_bytes_and_decimal_numbers_give_the_same_pixels_as_opencv(array: Any) -> None:
    for data in (raw(array), plain(array)):
        found = read(data)
        assert np.array_equal(found.picture.colour, array)
        assert np.array_equal(found.picture.colour, decoded(data))
        assert found.notes == ()


@pytest.mark.parametrize("width", [1, 7, 8, 9, 37])
def test_one_is_black_in_a_bitmap(width: int) -> None:
    bits = noise(width, 5, 1) & 1
    digits = "".join(str(bit) for bit in bits.reshape(-1).tolist())
    for data in (
        pbm(bits),
        f"P1\n{width} 5\n{digits}".encode(),
        f"P1 {width} 5 {' '.join(digits)}\n".encode(),
    ):
        assert np.array_equal(read(data).picture.colour, (1 - bits) * 255)
        assert np.array_equal(
            read(data).picture.colour, np.asarray(Image.open(io.BytesIO(data)).convert("L"))
        )
        assert probe(BytesSource(data), LIMITS).bits == 1


@pytest.mark.parametrize("most", [1, 2, 6, 100, 254, 256, 1000, 4095])
def test_another_maximum_is_stretched_to_the_nearest_as_netpbm_does(most: int) -> None:
    values = (np.arange(4 * (most + 1), dtype=np.int64) % (most + 1)).reshape(4, -1)
    full = 255 if most < 256 else 65535
    wanted = [(value * full + most // 2) // most for value in range(most + 1)]
    for data in (raw(values, most), plain(values, most), pam(values, "GRAYSCALE", most)):
        found = read(data).picture
        assert found.pixels == Pixels("uint8" if most < 256 else "uint16", 1)
        assert found.colour.tolist() == [wanted] * 4
        if data.startswith(b"P5"):
            seen = np.asarray(Image.open(io.BytesIO(data))).astype(int)
            assert np.abs(seen - found.colour.astype(int)).max() <= 1, "Pillow rounds halves to even"


@pytest.mark.parametrize(
    "head",
    [
        "P5\n# one\n2#two\n1\n255\n",
        "P5 # one\n# two\n\t 2 1 # three\r255 ",
        "P5#one\n2#\n#\n1\n#three\n255#four\n",
        "P5\r\n2\r\n1\r\n255\n",
        "P5\v2\f1 00255\n",
    ],
)
def test_comments_and_white_space_may_stand_anywhere_in_a_header(head: str) -> None:
    assert read(head.encode() + b"#P").picture.colour.tolist() == [[ord("#"), ord("P")]]


def test_comments_may_stand_between_decimal_numbers() -> None:
    data = b"P2\n# a\n3 1 255 # b 7\n1 # 8 9\n2#10\n3 # end"
    assert read(data).picture.colour.tolist() == [[1, 2, 3]]
    assert read(b"P1 4 1\n01# 1\n01").picture.colour.tolist() == [[255, 0, 255, 0]]


def test_a_header_with_two_characters_at_its_end_is_taken_and_told() -> None:
    found = probe(BytesSource(b"P5\r\n2 1\r\n255\r\nab"), LIMITS)
    assert found.notes == ("Its header ends with two characters (CR LF) instead of one.",)
    assert read(b"P5\r\n2 1\r\n255\r\nab").picture.colour.tolist() == [[97, 98]]
    assert read(b"P5\r\n2 1\r\n255\r\na").picture.colour.tolist() == [[10, 97]], (
        "one character fewer: LF is a pixel"
    )
    assert read(b"P5\n2 1\n255\n\nab").picture.colour.tolist() == [[10, 97]], "not after LF"


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize(
    ("name", "channels"),
    [("GRAYSCALE", 1), ("GRAYSCALE_ALPHA", 2), ("RGB", 3), ("RGB_ALPHA", 4), ("", 1), ("", 3)],
)
def test_a_pam_is_read_with_its_alpha(name: str, channels: int, dtype: str) -> None:
    array = noise(37, 23, channels, dtype)
    found = read(pam(array, name)).picture
    colour = array if channels == 1 else array[:, :, 0] if channels == 2 else array[:, :, 2::-1]
    assert np.array_equal(found.colour, colour)
    assert (found.alpha is not None) == name.endswith("_ALPHA")
    if found.alpha is not None:
        assert np.array_equal(found.alpha, array[:, :, -1])
    assert bool(probe(BytesSource(pam(array, name)), LIMITS).notes) == (not name)


def test_zero_is_black_in_a_pam_of_black_and_white() -> None:
    bits = noise(9, 5, 1) & 1
    assert np.array_equal(read(pam(bits, "BLACKANDWHITE", 1)).picture.colour, bits * 255)
    both = np.dstack([bits, 1 - bits])
    found = read(pam(both, "BLACKANDWHITE_ALPHA", 1)).picture
    assert found.alpha is not None
    assert np.array_equal(found.alpha, (1 - bits) * 255)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("array", [FLOATS, FLOAT_COLOUR], ids=["grey", "colour"])
def test_floats_of_either_byte_order_stand_bottom_up(array: Any, order: str) -> None:
    array = array.copy()
    array[0, 0], array[1, 1] = np.nan, np.inf
    found = read(pfm(array, order)).picture
    assert np.array_equal(found.colour, array, equal_nan=True)
    assert np.array_equal(found.colour, decoded(pfm(array, order)), equal_nan=True)


def test_a_factor_is_kept_beside_the_samples() -> None:
    product = process(BytesSource(pfm(FLOATS, ">", 2.5)), parse("blur(9)"), LIMITS)
    assert product.notes == ("Its samples are left as they are; the factor for them is 2.5.",)
    assert product.body.startswith(b"Pf\n37 23\n-2.5\n")


KINDS = {
    "P4": pbm(noise(37, 23, 1) & 1),
    "P5": raw(GREY),
    "P5 deep": raw(DEEP_GREY),
    "P6": raw(COLOUR),
    "P6 to 1000": raw(DEEP % 1001, 1000),
    "P7": pam(noise(37, 23, 4), "RGB_ALPHA"),
    "Pf": pfm(FLOATS, ">"),
    "PF": pfm(FLOAT_COLOUR, "<"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_window_has_the_pixels_of_the_whole(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = KINDS[kind]
    whole = PictureReader(read(data).picture)
    for gap, most in ((1 << 20, 1 << 23), (0, 1 << 23), (1 << 20, 300)):
        monkeypatch.setattr("tilework.imaging.formats.pnm_pixels.WIDE_GAP", gap)
        monkeypatch.setattr("tilework.imaging.formats.pnm_pixels.FETCH_BYTES", most)
        reader = pnm.open_reader(BytesSource(data), probe(BytesSource(data), LIMITS))
        assert reader is not None
        assert (reader.size, reader.pixels) == (whole.size, whole.pixels)
        for window in (*tiles(whole.size, Size(10, 7)), Window.whole(whole.size), Window(36, 22, 37, 23)):
            found, wanted = reader.read(window), whole.read(window)
            assert np.array_equal(found.colour, wanted.colour)
            if found.alpha is not None and wanted.alpha is not None:
                assert np.array_equal(found.alpha, wanted.alpha)


@pytest.mark.parametrize("kind", KINDS)
def test_a_pipeline_over_windows_gives_the_very_pixels_of_the_whole(kind: str) -> None:
    data, pipeline = KINDS[kind], parse("blur(5) | erode(3)")
    whole = run_whole(read(data).picture, pipeline)
    reader = pnm.open_reader(BytesSource(data), probe(BytesSource(data), LIMITS))
    assert reader is not None
    for window in tiles(whole.size, Size(16, 16)):
        part = run_window(reader, pipeline, window)
        assert np.array_equal(part.colour, whole.colour[window.within(Window.whole(whole.size))])


def test_a_window_costs_the_bytes_of_its_rows_and_of_wide_rows_its_own() -> None:
    assert row(Format.PNM).window
    narrow = CountingSource(raw(noise(1000, 800, 1)))
    reader = pnm.open_reader(narrow, probe(BytesSource(narrow.data), LIMITS))
    assert reader is not None
    reader.read(Window(500, 300, 600, 310))
    assert [stop - start for start, stop in narrow.reads] == [9 * 1000 + 100]
    wide = CountingSource(raw(np.zeros((4, 1_040_000, 3), np.uint8)))
    reader = pnm.open_reader(wide, probe(BytesSource(wide.data), LIMITS))
    assert reader is not None
    reader.read(Window(500, 1, 600, 3))
    assert [stop - start for start, stop in wide.reads] == [300, 300]


def test_a_window_of_many_long_rows_is_fetched_in_bounded_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tilework.imaging.formats.pnm_pixels.FETCH_BYTES", 40_000)
    source = CountingSource(raw(noise(1000, 800, 3)))
    reader = pnm.open_reader(source, probe(BytesSource(source.data), LIMITS))
    assert reader is not None
    reader.read(Window(990, 0, 1000, 800))
    assert max(stop - start for start, stop in source.reads) <= 40_000
    assert len(source.reads) == 62


def test_a_plain_pnm_is_read_in_sequence() -> None:
    assert pnm.open_reader(BytesSource(plain(GREY)), probe(BytesSource(plain(GREY)), LIMITS)) is None


@pytest.mark.parametrize("comments", [False, True])
def test_decimal_numbers_over_many_blocks_are_read_in_flat_memory(comments: bool) -> None:
    array = noise(500, 400, 1, "uint16")
    gap = " # 12 and\n" if comments else "\r\n     "
    data = plain(array, gap=gap)
    assert len(data) > 5 * BLOCK_BYTES
    header = probe(BytesSource(data), LIMITS)
    tracemalloc.start()
    found = decode(data, header).picture
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert np.array_equal(found.colour, array)
    assert peak < header.decoded_bytes + header.scratch


def test_a_comment_longer_than_blocks_is_skipped() -> None:
    comment = b"#" + b"1 2 3 # " * (BLOCK_BYTES // 3) + b"\n"
    assert read(b"P2 2 1 255\n7" + comment + b"8").picture.colour.tolist() == [[7, 8]]
    assert read(b"P1 2 1\n1" + comment + b"0").picture.colour.tolist() == [[0, 255]]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"P2 2 2 255\n1 2 x 4", "no number in row 1"),
        (b"P2 2 2 255\n1 2 -3 4", "no number in row 1"),
        (b"P2 2 2 255\n1 2.5 3 4", "no number in row 0"),
        (b"P2 2 2 255\n1 1_0 3 4", "no number in row 0"),
        (b"P2 2 2 255\n1 2 3 256", "beyond its maximum of 255 in row 1"),
        (b"P2 2 2 9\n1 2 3 10", "beyond its maximum of 9 in row 1"),
        (b"P2 2 2 255\n1 2 3 " + b"9" * 400, "beyond its maximum of 255 in row 1"),
        (b"P2 2 2 255\n1 2 300000000000000000000     ", "beyond its maximum of 255 in row 1"),
        (b"P2 2 2 255\n1 2 3    ", "a number is missing in row 1"),
        (b"P2 2 2 255\n1 2 3", "cannot hold 4 numbers"),
        (b"P1 2 2\n01#1111", "a number is missing in row 1"),
        (b"P1 2 2\n0102", "something else than 0 and 1 in row 1"),
        (b"P3 1 1 255\n1 2 \x00\x00", "missing in row 0"),
        (b"P2 2 2 255\n" + b"1" * (2 * BLOCK_BYTES), "never ends"),
    ],
)
def test_what_is_no_number_or_missing_is_damaged_and_names_the_row(text: bytes, reason: str) -> None:
    assert reason in refusal(text)


@pytest.mark.parametrize(
    "data", [raw(np.array([[1, 2], [3, 11]]), 10), raw(np.array([[1, 2], [3, 1001]]), 1000)]
)
def test_a_sample_beyond_the_maximum_is_damaged_and_names_the_row(data: bytes) -> None:
    assert "in row 1" in refusal(data)
