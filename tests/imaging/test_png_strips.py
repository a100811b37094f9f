"""Strips of PNGs: the pixels and refusals of the one decoder, whatever the samples, filters and passes."""

from __future__ import annotations

import random
import zlib

import pytest

from tests.imaging.samples import SIGNATURE, chunk, exif, ihdr, noise, png, png_of_rows
from tests.imaging.strip_readings import HEIGHTS, SIZES, check, header_of, verdict, verdict_of_strips
from tilework.errors import ImageError
from tilework.imaging.formats import png_strips
from tilework.imaging.formats.png import DEPTHS, GREY, PALETTE, RGB
from tilework.imaging.formats.png_strips import ADAM7, SAMPLES


def filtered_png(
    size: tuple[int, int], bits: int, colour_type: int, seed: int, before: bytes = b"", *, interlace: int = 0
) -> bytes:
    """Random bytes under random filters: they are somebody's pixels; the pixel data in several chunks."""
    chooser = random.Random(seed)  # noqa: S311 -- no secret
    width, height = size
    rows = b""
    for left, top, across, down in ADAM7 if interlace else ((0, 0, 1, 1),):
        columns = -(-(width - left) // across)
        row = (columns * bits * SAMPLES[colour_type] + 7) // 8
        for _ in range(top, height if columns > 0 else 0, down):
            rows += bytes((chooser.randrange(5),)) + chooser.randbytes(row)
    packed = zlib.compress(rows, 1)
    cuts = sorted(chooser.randrange(len(packed)) for _ in range(3))
    pieces = [packed[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(packed)], strict=True)]
    pixels = b"".join(chunk(b"IDAT", piece) for piece in pieces)
    head = SIGNATURE + ihdr(width, height, bits, colour_type, interlace)
    return head + before + pixels + chunk(b"IEND", b"")


def meanings(bits: int, colour_type: int) -> list[bytes]:
    """What may say more about the samples: a palette, a transparent colour, neither."""
    chooser = random.Random(bits)  # noqa: S311 -- no secret
    palette = chunk(b"PLTE", chooser.randbytes(3 << bits)) if colour_type == PALETTE else b""
    clear = {
        GREY: (1).to_bytes(2),
        RGB: bytes((0, 1, 0, 2, 0, 3)),
        PALETTE: chooser.randbytes(min(2, 1 << bits)),
    }
    return [palette, *([palette + chunk(b"tRNS", clear[colour_type])] if colour_type in clear else [])]


@pytest.mark.parametrize("interlace", [0, 1])
@pytest.mark.parametrize(
    ("bits", "colour_type"), [(bits, kind) for kind, depths in DEPTHS.items() for bits in depths]
)
def test_pngs_of_all_kinds_have_the_pixels_of_the_one_decoder(
    bits: int, colour_type: int, interlace: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks of few rows, so that every strip has several, and several filters meet at each seam."""
    monkeypatch.setattr(png_strips, "BLOCK_BYTES", 700)
    for seed, size in enumerate(SIZES):
        for before in meanings(bits, colour_type):
            data = filtered_png(size, bits, colour_type, seed, before, interlace=interlace)
            check(data, HEIGHTS[seed % len(HEIGHTS)])
            check(data, 3)


def test_what_opencv_writes_is_read() -> None:
    for channels, dtype in ((1, "uint8"), (3, "uint8"), (4, "uint8"), (3, "uint16"), (4, "uint16")):
        check(png(noise(97, 89, channels, dtype)), 16)


PNG = png(noise(61, 45))
IDAT = PNG.index(b"IDAT")


@pytest.mark.parametrize("after", [b"tail", bytes(100)])
def test_metadata_behind_the_pixels_of_a_png_is_found(after: bytes) -> None:
    behind = chunk(b"eXIf", exif(6)) + chunk(b"tEXt", b"Title\0here") + chunk(b"prVt", bytes(99))
    data = png_of_rows(9, 8, GREY, [bytes(9)] * 9, before=chunk(b"gAMA", bytes(4)), after=behind) + after
    check(data, 4)


@pytest.mark.parametrize(
    "data",
    [
        PNG[: IDAT + 1000],
        PNG[:-2],
        PNG[:-12],
        PNG[: IDAT + 500] + b"\0" + PNG[IDAT + 501 :],
        PNG[: IDAT - 4] + chunk(b"ABCD", b"") + PNG[IDAT - 4 :],
        PNG[: IDAT - 4] + chunk(b"tEXt", b"a\0b")[:-1] + b"?" + PNG[IDAT - 4 :],
        PNG[: IDAT - 4] + ihdr(61, 45, 8, RGB) + PNG[IDAT - 4 :],
        png_of_rows(9, 8, GREY, [bytes(9)] * 8 + [bytes(8)]),
        png_of_rows(9, 8, GREY, [bytes(9)] * 8 + [bytes(9) + b"\7"]),
        png_of_rows(9, 8, RGB, [bytes(27)] * 9, before=chunk(b"tRNS", b"??")),
        filtered_png((61, 45), 8, RGB, 1).replace(b"IEND", b"IEnd"),
        filtered_png((61, 45), 8, RGB, 1, interlace=1)[:-900],
        filtered_png((61, 45), 8, RGB, 1)[:28] + b"\1" + filtered_png((61, 45), 8, RGB, 1)[29:],
    ],
    ids=[
        "cut in its pixels",
        "cut in its end",
        "no end",
        "wrong sum",
        "unknown chunk",
        "wrong sum of a text",
        "two headers",
        "a row too short",
        "more than its rows",
        "transparency too short",
        "no end chunk",
        "interlaced and cut",
        "wrong sum of the header",
    ],
)
def test_a_png_is_refused_for_the_same_reason(data: bytes) -> None:
    assert verdict_of_strips(data) == verdict(data)


def test_random_damage_of_a_png_ends_as_in_the_one_decoder() -> None:
    chooser = random.Random(9)  # noqa: S311 -- no secret
    for _ in range(60):
        changed = bytearray(PNG)
        changed[chooser.randrange(33, len(PNG))] ^= 1 << chooser.randrange(8)
        data = bytes(changed)
        try:
            header_of(data)
        except ImageError:
            continue
        whole, strips = verdict(data), verdict_of_strips(data)
        assert strips.partition(":")[0] == whole.partition(":")[0]
