"""GIF: single pictures as browsers show them, and what is refused."""

from __future__ import annotations

import io
import random
import struct
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.imaging.samples import noise, scene
from tests.imaging.test_formats import PROFILE, XMP
from tilework.errors import (
    DamagedImageError,
    NoSuchPageError,
    TileworkError,
    TooLargeError,
    UnsupportedFormatError,
)
from tilework.imaging.formats import Header, decode, probe, read_metadata
from tilework.imaging.formats.header_reader import HEAD_BYTES
from tilework.imaging.limits import Limits
from tilework.imaging.pipeline import parse
from tilework.imaging.run import process
from tilework.imaging.sources import BytesSource
from tilework.imaging.windows import Size

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image as Array

LIMITS = Limits()
BLUR, INVERT = parse("blur(9)"), parse("invert")
COLOURS = noise(256, 1, seed=3).reshape(256, 3)
"""Red, green, blue."""

END = b"\0"
TRAILER = b";"


def indices(width: int, height: int, colours: int = 256) -> Array:
    return noise(width, height, 1) if colours == 256 else noise(width, height, 1) % colours


def subs(payload: bytes, step: int = 255) -> bytes:
    parts = (payload[start : start + step] for start in range(0, len(payload), step))
    return b"".join(bytes([len(part)]) + part for part in parts) + END


def codes(values: Array, bits: int = 8, *, ended: bool = True) -> bytes:
    """LZW that packs nothing: each index a code of its own, and the table cleared before codes would grow."""
    clear, width = 1 << bits, bits + 1
    every = (1 << bits) - 2
    flat = values.ravel().tolist()
    found = [code for at in range(0, len(flat), every) for code in (clear, *flat[at : at + every])]
    found += [clear + 1] if ended else []
    rows = np.unpackbits(np.array(found, "<u2").view(np.uint8).reshape(-1, 2), axis=1, bitorder="little")
    return np.packbits(rows[:, :width], bitorder="little").tobytes()


def screen(width: int, height: int, entries_bits: int | None = 8) -> bytes:
    flags = 0 if entries_bits is None else 0x80 | entries_bits - 1
    table = b"" if entries_bits is None else COLOURS[: 1 << entries_bits].tobytes()
    return b"GIF89a" + struct.pack("<HHBBB", width, height, flags, 0, 0) + table


def control(transparent: int) -> bytes:
    return b"!\xf9\x04\x01\0\0" + bytes([transparent]) + END


def placed(left: int, top: int, width: int, height: int, flags: int = 0) -> bytes:
    return b"," + struct.pack("<HHHHB", left, top, width, height, flags)


def frame(values: Array, left: int = 0, top: int = 0, bits: int = 8, *, ended: bool = True) -> bytes:
    packed = codes(values, bits, ended=ended)
    return placed(left, top, values.shape[1], values.shape[0]) + bytes([bits]) + subs(packed)


def gif(values: Array, bits: int = 8, before: bytes = b"", after: bytes = TRAILER) -> bytes:
    return screen(values.shape[1], values.shape[0], bits) + before + frame(values, bits=bits) + after


def by_pillow(values: Array, **options: object) -> bytes:
    image = Image.fromarray(values)
    image.putpalette(COLOURS.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "GIF", optimize=False, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


def header_of(data: bytes) -> Header:
    return probe(BytesSource(data), LIMITS)


def pixels(data: bytes) -> Array:
    """Blue, green, red and perhaps alpha, as decoded here."""
    picture = decode(data, header_of(data)).picture
    return picture.colour if picture.alpha is None else np.dstack((picture.colour, picture.alpha))


def coloured(values: Array) -> Array:
    """Blue, green, red."""
    return COLOURS[values][:, :, ::-1]


@pytest.mark.parametrize("interlace", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (3, 2), (61, 43), (300, 77)])
@pytest.mark.parametrize("colours", [2, 3, 16, 200, 256])
def test_a_gif_has_the_colours_that_were_written(
    colours: int, size: tuple[int, int], *, interlace: bool
) -> None:
    values = indices(*size, colours)
    assert np.array_equal(pixels(by_pillow(values, interlace=interlace)), coloured(values))


@pytest.mark.parametrize("bits", range(2, 9))
def test_codes_of_every_size_are_read(bits: int) -> None:
    values = indices(31, 17, 1 << bits)
    assert np.array_equal(pixels(gif(values, bits)), coloured(values))
    assert header_of(gif(values, bits)).bits == bits


def test_a_photograph_is_read_as_pillow_does_and_becomes_a_png() -> None:
    photo = Image.fromarray(scene(200, 150)).quantize(256)
    buffer = io.BytesIO()
    photo.save(buffer, "GIF")
    product = process(BytesSource(buffer.getvalue()), BLUR, LIMITS)
    shown = np.asarray(Image.open(io.BytesIO(buffer.getvalue())).convert("RGB"))[:, :, ::-1]
    result = np.asarray(Image.open(io.BytesIO(product.body)))[:, :, ::-1]
    assert (product.suffix, product.content_type) == (".png", "image/png")
    assert np.array_equal(result, cv2.GaussianBlur(np.ascontiguousarray(shown), (9, 9), 0))


def test_a_palette_of_its_own_goes_before_the_screens() -> None:
    values = indices(9, 5, 4)
    own = bytes(range(12))
    data = screen(9, 5) + placed(0, 0, 9, 5, 0x81) + own + b"\2" + subs(codes(values, 2)) + TRAILER
    assert np.array_equal(pixels(data), np.frombuffer(own, np.uint8).reshape(4, 3)[values][:, :, ::-1])


@pytest.mark.parametrize("transparent", [0, 7, 255])
def test_the_transparent_index_becomes_alpha_and_keeps_its_colour(transparent: int) -> None:
    values = indices(61, 43)
    data = by_pillow(values, transparency=transparent)
    seen = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))[:, :, [2, 1, 0, 3]]
    assert np.array_equal(pixels(data), seen)
    assert np.array_equal(pixels(data)[:, :, :3], coloured(values))
    body = process(BytesSource(data), INVERT, LIMITS).body
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(body)))[:, :, 3], seen[:, :, 3])


def test_a_transparent_index_may_lie_beyond_the_palette() -> None:
    values = indices(9, 5, 4)
    values[0, 0] = 200
    body = frame(values)
    found = pixels(screen(9, 5, 2) + control(200) + body + TRAILER)
    assert found[0, 0, 3] == 0
    assert (found[:, :, 3] == 255).sum() == 44
    with pytest.raises(DamagedImageError, match="row 0 has colours that its table of 4 has not"):
        pixels(screen(9, 5, 2) + control(201) + body + TRAILER)


def test_what_the_picture_leaves_empty_of_its_screen_is_transparent_as_in_a_browser() -> None:
    values = indices(9, 5)
    found = pixels(screen(20, 10) + frame(values, 4, 3) + TRAILER)
    expected = np.zeros((10, 20, 4), np.uint8)
    expected[3:8, 4:13] = np.dstack((coloured(values), np.full((5, 9), 255, np.uint8)))
    assert np.array_equal(found, expected)


@pytest.mark.parametrize(("wide", "high"), [(0, 0), (5, 20), (12, 7)])
def test_a_screen_that_is_too_small_is_widened_as_in_a_browser_and_told(wide: int, high: int) -> None:
    values = indices(9, 5)
    data = screen(wide, high) + frame(values, 4, 3) + TRAILER
    product = process(BytesSource(data), INVERT, LIMITS)
    seen = Image.open(io.BytesIO(data))
    seen.load()
    assert (product.width, product.height) == seen.size == (max(13, wide), max(8, high))
    assert product.notes == (
        f"Its picture reaches beyond its screen of {wide} x {high} pixels, which was widened.",
    )
    assert np.array_equal(pixels(data)[3:8, 4:13, :3], coloured(values))


def application(name: bytes, payload: bytes) -> bytes:
    return b"!\xff\x0b" + name + payload


def test_profile_and_xmp_are_kept() -> None:
    tail = b"\x01" + bytes(range(255, -1, -1)) + END
    before = (
        application(b"XMP DataXMP", XMP + tail)
        + application(b"ICCRGBG1012", subs(PROFILE))
        + b"!\xfe"
        + subs(b"hi")
    )
    data = gif(indices(9, 5), before=before)
    assert header_of(data).has_icc
    result = Image.open(io.BytesIO(process(BytesSource(data), INVERT, LIMITS).body))
    result.load()
    assert result.info["icc_profile"] == PROFILE
    assert result.info["xmp"] == XMP.replace(b'Orientation="6"', b'Orientation="1"')


def animation(first: Array, between: bytes = b"") -> bytes:
    second = indices(3, 3)
    return screen(first.shape[1], first.shape[0]) + frame(first) + between + frame(second) + TRAILER


@pytest.mark.parametrize("between", [b"", control(3), END * 5, b"!\xfe" + subs(b"a comment" * 90)])
def test_a_second_picture_is_refused_from_the_header(between: bytes) -> None:
    with pytest.raises(UnsupportedFormatError, match="animated GIF, or one of several pictures"):
        probe(BytesSource(animation(indices(30, 20), between)), LIMITS)


def test_a_second_picture_beyond_the_headers_bytes_is_refused_before_the_first_is_decoded() -> None:
    data = animation(indices(640, 480))
    assert len(data) > HEAD_BYTES
    header = header_of(data)
    assert header.size == Size(640, 480)
    with pytest.raises(UnsupportedFormatError, match="animated GIF"):
        decode(data, header)


def test_there_is_one_page() -> None:
    with pytest.raises(NoSuchPageError):
        probe(BytesSource(gif(indices(3, 3))), LIMITS, 1)


@pytest.mark.parametrize(
    ("after", "note"),
    [
        (TRAILER + b"trailing", "8 bytes follow the picture."),
        (b"trailing", "8 bytes follow the picture."),
        (b"", "Its end is missing; all rows are there."),
        (b"!\xfe\x09comm", "Its end is missing; all rows are there."),
    ],
)
def test_what_only_irritates_is_taken_and_told(after: bytes, note: str) -> None:
    values = indices(30, 20)
    taken = process(BytesSource(gif(values, after=after)), INVERT, LIMITS)
    assert (taken.body, taken.notes) == (process(BytesSource(gif(values)), INVERT, LIMITS).body, (note,))


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("missing", [1, 20, 599])
def test_codes_that_end_early_in_a_sound_file_are_damaged(missing: int, bits: int) -> None:
    values = indices(30, 20, 1 << bits)
    short = codes(values.ravel()[:-missing], bits)
    data = screen(30, 20, bits) + placed(0, 0, 30, 20) + bytes([bits]) + subs(short) + TRAILER
    with pytest.raises(DamagedImageError, match=r"from byte \d+ on is corrupt or too short"):
        process(BytesSource(data), INVERT, LIMITS)


def test_all_pixels_may_be_of_the_last_colour() -> None:
    values = np.full((20, 30), 255, np.uint8)
    assert np.array_equal(pixels(gif(values)), coloured(values))


def test_codes_without_their_end_are_whole() -> None:
    values = indices(30, 20)
    data = screen(30, 20) + frame(values, ended=False) + TRAILER
    assert np.array_equal(pixels(data), coloured(values))


def test_a_file_cut_anywhere_before_its_last_pixel_is_damaged() -> None:
    values = indices(30, 20)
    whole = by_pillow(values)
    # behind the last row: a byte of its end code or of padding, the end of its sub-blocks, the trailer
    for length in range(10, len(whole) - 4):
        with pytest.raises(DamagedImageError):
            process(BytesSource(whole[:length]), INVERT, LIMITS)


SCREEN = screen(30, 20)
HOSTILE: dict[str, tuple[bytes, type[TileworkError], str]] = {
    "a screen of 65,535²": (screen(65_535, 65_535) + frame(indices(1, 1)) + TRAILER, TooLargeError, "limit: pixels"),
    "a screen of 30,000²": (screen(30_000, 30_000) + frame(indices(1, 1)) + TRAILER, TooLargeError, "limit: ratio"),
    "a picture of 20,000²": (SCREEN + placed(0, 0, 20_000, 20_000) + b"\x08\0;", TooLargeError, "limit: ratio"),
    "a picture of no width": (SCREEN + placed(0, 0, 0, 20) + b"\x08\0;", DamagedImageError, "0 x 20 pixels"),
    "no picture": (SCREEN + TRAILER, DamagedImageError, "no picture"),
    "only a header": (b"GIF89a", DamagedImageError, "within its header"),
    "no palette": (screen(30, 20, None) + frame(indices(30, 20)), DamagedImageError, "no colour table"),
    "codes of 12 bits": (SCREEN + placed(0, 0, 30, 20) + b"\x0c\0;", DamagedImageError, "begin with 12 bits"),
    "no block": (SCREEN + b"x" * 50, DamagedImageError, "broken at byte 781"),
    "comments without an end": (SCREEN + b"!\xfe" + b"\x01x" * 1_000_000, TooLargeError, "header_parts"),
    "long comments without an end": (SCREEN + b"!\xfe" + (b"\xff" + bytes(255)) * 70_000, TooLargeError, "header_"),
    "zeros without an end": (SCREEN + bytes(1_000_000), TooLargeError, "header_parts"),
    "a million comments": (SCREEN + b"!\xfe\0" * 1_000_000, TooLargeError, "header_parts"),
    "codes without an end": (
        SCREEN + placed(0, 0, 30, 20) + b"\x08" + b"\x01x" * 90_000, DamagedImageError, "more than its pixels can need",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_header_is_refused_before_anything_is_decoded(name: str) -> None:
    data, error, words = HOSTILE[name]
    with pytest.raises(error, match=words):
        probe(BytesSource(data), LIMITS)


def test_what_follows_a_picture_without_an_end_is_refused() -> None:
    for surplus in (b"!\xfe" + b"\x01x" * 1_000_000, b"!\xfe\0" * 1_000_000):
        data = gif(indices(30, 20), after=surplus)
        with pytest.raises(TooLargeError, match="sub-blocks follow the GIF's picture"):
            decode(data, header_of(data[:1700]))


def test_a_bomb_of_codes_gives_the_announced_pixels_and_no_more() -> None:
    """Codes for 100 times as many pixels as there are: the first of them count."""
    values = indices(300, 200)
    data = screen(30, 2) + placed(0, 0, 30, 2) + b"\x08" + subs(codes(values)[:1200]) + TRAILER
    assert np.array_equal(pixels(data), coloured(values.ravel()[:60].reshape(2, 30)))


def outcome(data: bytes) -> str:
    """What becomes of a file: "" for a result, else the code. Runs in a child: Pillow's decoder is written in C."""
    try:
        header, _ = read_metadata(data, probe(BytesSource(data), LIMITS))
        decode(data, header)
    except TileworkError as error:
        return error.code
    return ""


def test_random_damage_ends_in_the_announced_pixels_or_a_reason() -> None:
    generator = random.Random(5)  # noqa: S311 -- no secret
    wholes = [
        by_pillow(indices(40, 30)),
        by_pillow(indices(40, 30, 16), interlace=True, transparency=3),
        gif(indices(40, 30), before=application(b"ICCRGBG1012", subs(PROFILE)) + control(1)),
        screen(50, 40) + frame(indices(40, 30), 3, 3) + TRAILER,
    ]
    changed = []
    for whole in wholes:
        for _ in range(250):
            data = bytearray(whole)
            for _ in range(generator.randrange(1, 5)):
                data[generator.choice([generator.randrange(13), generator.randrange(len(data))])] = (
                    generator.randrange(256)
                )
            changed.append(bytes(data[: generator.choice([None, None, generator.randrange(len(data))])]))
    with ProcessPoolExecutor(1) as executor:
        codes_found = set(executor.map(outcome, changed, chunksize=100))
    assert (
        {"", "damaged"}
        < codes_found
        <= {"", "damaged", "unsupported_format", "too_large", "not_an_image", "empty"}
    )


def test_what_the_header_tells() -> None:
    header = header_of(screen(20, 10, 4) + frame(indices(9, 5, 16), 4, 3) + TRAILER)
    assert (header.size, header.pixels.alpha, header.bits, header.colour) == (
        Size(20, 10),
        True,
        4,
        "palette",
    )
