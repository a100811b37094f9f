"""BMP: every kind of it against the bytes that were written and against Pillow, and what is refused."""

from __future__ import annotations

import io
import random
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.imaging.bmp_files import (
    ALPHA,
    LIMITS,
    PALETTE,
    bmp,
    by_pillow,
    packed,
    read,
    refusal,
)
from tests.imaging.samples import noise
from tilework.imaging.formats import probe
from tilework.imaging.operations import Pixels
from tilework.imaging.sources import BytesSource


@pytest.mark.parametrize("kind", [12, 16, 40, 52, 56, 64, 108, 124])
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_palette_pixels_become_their_colours_under_every_header(bits: int, kind: int) -> None:
    colours = noise(3, 1 << bits, 1)
    indices = noise(13, 5, 1) >> (8 - bits)
    data = bmp(13, 5, bits, packed(indices[::-1], bits), kind=kind, palette=colours.tobytes())
    assert np.array_equal(read(data).picture.colour, colours[indices])
    if kind in {12, 40, 64, 124} and bits != 2:
        assert np.array_equal(read(data).picture.colour, by_pillow(data, "RGB"))


@pytest.mark.parametrize("bits", [1, 4, 8])
def test_a_grey_palette_gives_a_grey_image_whatever_its_order(bits: int) -> None:
    greys = np.random.default_rng(2).permutation(256)[: 1 << bits].astype(np.uint8)
    indices = noise(13, 5, 1) >> (8 - bits)
    data = bmp(13, 5, bits, packed(indices[::-1], bits), palette=np.repeat(greys, 3).tobytes())
    assert probe(BytesSource(data), LIMITS).colour == "grey"
    assert np.array_equal(read(data).picture.colour, greys[indices])
    assert np.array_equal(read(data).picture.colour, by_pillow(data, "L"))


def test_rows_that_run_downwards_are_turned() -> None:
    rows = noise(5, 3)
    stored = b"".join(row.tobytes() + b"\0" for row in rows)
    assert np.array_equal(read(bmp(5, -3, 24, stored)).picture.colour, rows)
    assert np.array_equal(read(bmp(5, 3, 24, stored)).picture.colour, rows[::-1])


def test_16_bits_are_stretched_to_8_as_pillow_does() -> None:
    every = np.arange(1 << 16, dtype="<u2").reshape(256, 256)
    for masks in ((), (0xF800, 0x7E0, 0x1F)):
        data = bmp(256, 256, 16, every.tobytes(), compression=3 if masks else 0, masks=masks)
        assert np.array_equal(read(data).picture.colour, by_pillow(data, "RGB"))


MASKS: list[tuple[int, tuple[int, int, int, int]]] = [
    (16, (0xF00, 0xF0, 0xF, 0xF000)),
    (16, (0x7C00, 0x3E0, 0x1F, 0x8000)),
    (16, (0x6000, 0x1C00, 0x0001, 0)),
    (32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)),
    (32, (0xFF000000, 0xFF0000, 0xFF00, 0xFF)),
    (32, (0x3FF00000, 0xFFC00, 0x3FF, 0xC0000000)),
    (32, (0xFF000000, 0xFFF000, 0xFF0, 0xF)),
    (32, (0xFFFF0000, 0xFFFF, 0, 0)),
]


@pytest.mark.parametrize(("bits", "masks"), MASKS)
@pytest.mark.parametrize("kind", [56, 108, 124])
def test_any_masks_are_read_with_their_alpha(kind: int, bits: int, masks: tuple[int, ...]) -> None:
    words = np.random.default_rng(1).integers(0, 1 << bits, (6, 8), np.uint64)
    data = bmp(
        8, 6, bits, words[::-1].astype(f"<u{bits // 8}").tobytes(), compression=3, kind=kind, masks=masks
    )
    deep = max(mask.bit_count() for mask in masks) > 8
    most = 65535 if deep else 255
    wanted = []
    for mask in masks:
        shift = (mask & -mask).bit_length() - 1
        wanted.append([[(int(word) & mask) * most // mask if mask else 0 for word in row] for row in words])
        assert not mask or mask >> shift << shift == mask
    found = read(data).picture
    assert found.pixels == Pixels("uint16" if deep else "uint8", 3, bool(masks[3]))
    assert found.colour[:, :, ::-1].tolist() == np.dstack([wanted[0], wanted[1], wanted[2]]).tolist()
    assert found.alpha is None or found.alpha.tolist() == wanted[3]


@pytest.mark.parametrize("kind", [40, 52, 56, 108, 124])
@pytest.mark.parametrize("alpha", [False, True])
def test_the_usual_masks_of_32_bits_give_what_pillow_sees(kind: int, alpha: bool) -> None:
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000 if alpha else 0)
    if kind < 56 and alpha:
        masks = masks[:3]
    if kind == 40:
        masks = masks[:3]
    data = bmp(37, 23, 32, ALPHA[::-1].tobytes(), compression=3, kind=kind, masks=masks)
    found = read(data).picture
    assert np.array_equal(found.colour, ALPHA[:, :, :3])
    assert (found.alpha is not None) == (alpha and kind >= 56)
    seen = Image.open(io.BytesIO(data))
    assert np.array_equal(found.colour, by_pillow(data, "RGB"))
    if found.alpha is not None:
        assert np.array_equal(found.alpha, np.asarray(seen)[:, :, 3])


def test_four_masks_behind_a_short_header_declare_alpha() -> None:
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    found = read(bmp(37, 23, 32, ALPHA[::-1].tobytes(), compression=6, masks=masks)).picture
    assert found.alpha is not None
    assert np.array_equal(found.alpha, ALPHA[:, :, 3])


def test_a_fourth_byte_that_nothing_declares_is_no_alpha_and_is_told() -> None:
    found = read(bmp(37, 23, 32, ALPHA[::-1].tobytes()))
    assert found.picture.alpha is None
    assert np.array_equal(found.picture.colour, ALPHA[:, :, :3])
    assert found.notes == (
        "Its pixels have a fourth byte that is not declared to be alpha, and was left out.",
    )
    empty = ALPHA.copy()
    empty[:, :, 3] = 255
    assert read(bmp(37, 23, 32, empty.tobytes())).notes == ()


def runs(indices: Any, bits: int, seed: int) -> bytes:
    """Rows coded in random pieces, equal pixels as runs and others as they are."""
    generator, out = random.Random(seed), b""  # noqa: S311 -- no secret
    for row in indices:
        at = 0
        while at < len(row):
            same = 1
            while at + same < len(row) and same < 255 and row[at + same] == row[at]:
                same += 1
            count = min(generator.randrange(3, 12), len(row) - at)
            if same > 2 or count < 3:
                out += bytes((same, row[at] if bits == 8 else row[at] * 17))
                at += same
                continue
            part = row[at : at + count]
            stored = bytes(part) if bits == 8 else packed([part], 4)[: (count + 1) // 2]
            out += bytes((0, count)) + stored + b"\0" * (len(stored) % 2)
            at += count
        out += b"\0\0"
    return out + b"\0\1"


@pytest.mark.parametrize("bits", [4, 8])
def test_run_length_coding_gives_what_was_coded_and_pillow_sees(bits: int) -> None:
    indices = np.repeat(noise(40, 30, 1, seed=3) >> (8 - bits), 2, axis=1)
    indices[::3, 20:] = indices[::3, 20:21]
    colours = noise(3, 1 << bits, 1)
    coded = runs(indices[::-1].tolist(), bits, 1)
    data = bmp(80, 30, bits, coded, compression=1 if bits == 8 else 2, palette=colours.tobytes())
    found = read(data)
    assert found.notes == ()
    assert np.array_equal(found.picture.colour, colours[indices])
    assert np.array_equal(found.picture.colour, by_pillow(data, "RGB"))


def rle(coded: list[int], bits: int = 8, palette: bytes = PALETTE) -> bytes:
    return bmp(4, 3, bits, bytes(coded), compression=1 if bits == 8 else 2, palette=palette)


def test_what_a_coding_skips_has_the_first_colour_and_is_told() -> None:
    found = read(rle([2, 1, 0, 2, 1, 1, 1, 2, 0, 0, 4, 3, 0, 1]))
    table = np.frombuffer(PALETTE, np.uint8).reshape(-1, 3)
    assert np.array_equal(found.picture.colour, table[[[3, 3, 3, 3], [0, 0, 0, 2], [1, 1, 0, 0]]])
    assert found.notes == ("Its coding leaves out 5 pixels; they have the palette's first colour.",)
    ended = read(rle([4, 1, 0, 1]))
    assert np.array_equal(ended.picture.colour, table[[[0] * 4, [0] * 4, [1] * 4]])
    assert ended.notes == ("Its coding leaves out 8 pixels; they have the palette's first colour.",)


def test_alternating_runs_of_four_bits_begin_with_the_high_half() -> None:
    found = read(rle([3, 0x12, 1, 0x30, 0, 0, 4, 0x21, 0, 0, 0, 4, 0x01, 0x23, 0, 1], bits=4)).picture
    table = np.frombuffer(PALETTE, np.uint8).reshape(-1, 3)
    assert np.array_equal(found.colour, table[[[0, 1, 2, 3], [2, 1, 2, 1], [1, 2, 1, 3]]])


@pytest.mark.parametrize(
    ("coded", "reason"),
    [
        ([5, 1, 0, 0, 4, 1, 0, 0, 4, 1, 0, 1], "runs over the end of row 2"),
        ([2, 1, 0, 3, 1, 1, 1, 0], "runs over the end of row 2"),
        ([4, 1, 0, 0] * 3 + [1, 1, 0, 1], "runs over the end of the picture"),
        ([0, 2, 5, 0, 0, 1], "jumps out of the picture"),
        ([0, 2, 0, 200, 0, 1], "jumps out of the picture"),
        ([4, 1, 0, 0, 2, 1], "cut short in row 1"),
        ([4, 1, 0, 0, 0, 4, 1, 1], "cut short in row 1"),
        ([4, 1, 0, 2, 1], "cut short in row 2"),
        ([4, 1, 0, 0, 4, 9, 0, 0, 4, 1, 0, 1], "row 1, column 0 has the colour 9 of a palette of 4"),
    ],
)
def test_a_coding_that_leaves_its_rows_or_breaks_off_is_damaged(coded: list[int], reason: str) -> None:
    assert reason in refusal(rle(coded))


def test_a_coding_with_all_rows_and_no_end_is_taken() -> None:
    assert np.array_equal(
        read(rle([4, 1, 0, 0] * 3)).picture.colour, read(rle([4, 1, 0, 0] * 3 + [0, 1])).picture.colour
    )


def test_a_palette_number_without_a_colour_is_damaged_and_names_its_place() -> None:
    data = bmp(3, 2, 8, bytes([0, 1, 2, 0, 3, 4, 0, 0]), palette=PALETTE)
    assert "row 0, column 1 has the colour 4 of a palette of 4" in refusal(data)


def test_a_palette_cut_by_the_pixels_has_the_colours_that_are_there() -> None:
    small = bmp(3, 1, 8, bytes([0, 3, 2, 0]), kind=12, palette=PALETTE)
    assert np.array_equal(
        read(small).picture.colour, np.frombuffer(PALETTE, np.uint8).reshape(-1, 3)[[[0, 3, 2]]]
    )
    told = bmp(3, 1, 8, bytes([0, 3, 2, 0]), palette=PALETTE, colours=200)
    assert probe(BytesSource(told), LIMITS).notes == ("Its palette has 4 of 200 colours.",)
