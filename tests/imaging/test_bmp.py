"""BMP: every kind of it against the bytes that were written and against Pillow, and what is refused."""

from __future__ import annotations

import io
import random
import struct
import time
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.imaging.samples import decoded, jpeg, noise, scene
from tilework.errors import DamagedImageError, TileworkError, UnsupportedFormatError
from tilework.imaging.formats import Decoded, Format, Picture, decode, encode, probe, read_metadata
from tilework.imaging.formats.metadata import Density, Metadata
from tilework.imaging.limits import Limits
from tilework.imaging.operations import Pixels
from tilework.imaging.pipeline import parse
from tilework.imaging.run import process
from tilework.imaging.sources import BytesSource

LIMITS = Limits()
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
PALETTE = bytes([9, 1, 0, 200, 2, 0, 5, 3, 5, 1, 4, 3])
GREY, COLOUR, ALPHA = noise(37, 23, 1), noise(37, 23), noise(37, 23, 4)


def bmp(width: int, height: int, bits: int, pixels: bytes, *, compression: int = 0, kind: int = 40,
        masks: tuple[int, ...] = (), palette: bytes = b"", colours: int | None = None, planes: int = 1,
        start: int | None = None, tail: bytes = b"", density: tuple[int, int] = (0, 0)) -> bytes:  # fmt: skip
    """A BMP of its pieces; ``palette`` has three bytes an entry, and the entries' fourth is added where it belongs."""
    if kind == 12:
        info = struct.pack("<IHHHH", 12, width, height, planes, bits)
    else:
        count = len(palette) // 3 if colours is None else colours
        info = struct.pack(
            "<IiiHHIIiiII", kind, width, height, planes, bits, compression, 0, *density, count, 0
        )
        info = info[:kind] + struct.pack(f"<{len(masks)}I", *masks)
        info = info.ljust(kind, b"\0")
    entries = [palette[at : at + 3] + (b"" if kind == 12 else b"\0") for at in range(0, len(palette), 3)]
    head = info + b"".join(entries)
    at = 14 + len(head) if start is None else start
    return b"BM" + struct.pack("<IHHI", 14 + len(head) + len(pixels), 0, 0, at) + head + pixels + tail


def read(data: bytes) -> Decoded:
    return decode(data, probe(BytesSource(data), LIMITS))


def by_pillow(data: bytes, mode: str) -> Any:
    """What Pillow sees, blue first."""
    seen = np.asarray(Image.open(io.BytesIO(data)).convert(mode))
    return seen if seen.ndim == 2 else seen[:, :, [2, 1, 0, 3][: seen.shape[2]]]


def refusal(data: bytes) -> str:
    with pytest.raises(DamagedImageError) as caught:
        read(data)
    return caught.value.reason


def packed(indices: Any, bits: int) -> bytes:
    """Rows of palette numbers, the first one first, packed and filled up to four bytes."""
    rows = []
    for row in indices:
        digits = "".join(f"{value:0{bits}b}" for value in row)
        whole = digits.ljust(-(-len(digits) // 32) * 32, "0")
        rows.append(int(whole, 2).to_bytes(len(whole) // 8))
    return b"".join(rows)


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
