"""Strips of formats that are read in sequence: the pixels, notes and refusals of the one decoder, in flat memory."""

from __future__ import annotations

import random
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import imagecodecs
import numpy as np
import pytest

from tests.imaging.jpeg_readings import USUAL
from tests.imaging.jpegs import EOI, adobe, components, written
from tests.imaging.samples import (
    SIGNATURE,
    CountingSource,
    chunk,
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
from tests.imaging.test_jpeg import INKED, PLAIN
from tests.imaging.test_jpeg_damage import LARGE, spoilt
from tilework.errors import ImageError, OutOfMemoryError, TooLargeError
from tilework.guard.child import Bounds, run_guarded
from tilework.imaging.formats import decode, png_strips, probe, read_metadata, source_ranges
from tilework.imaging.formats.file_memory import in_file, kept_out_of_memory
from tilework.imaging.formats.png import DEPTHS, GREY, PALETTE, RGB
from tilework.imaging.formats.png_strips import ADAM7, SAMPLES
from tilework.imaging.formats.strips import read_strips, strip_disk, strip_memory
from tilework.imaging.limits import MIB, Limits
from tilework.imaging.sources import BytesSource

if TYPE_CHECKING:
    from tilework.imaging.formats import Header, Picture

SIZES = [(1, 1), (1, 37), (41, 1), (17, 16), (61, 45), (97, 89)]
HEIGHTS = [1, 7, 16, 45, 1000]


def header_of(data: bytes) -> Header:
    return probe(BytesSource(data), Limits())


def same(found: list[Picture], wanted: Picture) -> bool:
    colour = np.concatenate([each.colour for each in found])
    alphas = [each.alpha for each in found if each.alpha is not None]
    if wanted.alpha is None:
        return not alphas and np.array_equal(colour, wanted.colour)
    return np.array_equal(colour, wanted.colour) and np.array_equal(np.concatenate(alphas), wanted.alpha)


def check(data: bytes, rows: int) -> None:
    """Strips are of the wanted heights, and joined they are what decode() gives; so are notes and metadata."""
    header = header_of(data)
    strips = read_strips(BytesSource(data), header, rows)
    found = list(strips)
    height = header.stored.height
    assert [each.size.height for each in found] == [min(rows, height - top) for top in range(0, height, rows)]
    wanted = decode(data, replace(header, orientation=1))
    assert same(found, wanted.picture)
    assert strips.found is not None
    assert strips.found.notes == wanted.notes
    assert strips.found.metadata == read_metadata(data, header)[1]


def verdict(data: bytes) -> str:
    """Why the whole file is refused, or nothing."""
    try:
        header, _ = read_metadata(data, header_of(data))
        decode(data, header)
    except ImageError as error:
        return f"{error.code}: {error.reason}"
    return ""


def verdict_of_strips(data: bytes, rows: int = 7) -> str:
    try:
        list(read_strips(BytesSource(data), header_of(data), rows))
    except ImageError as error:
        return f"{error.code}: {error.reason}"
    return ""


# --- JPEG ---


def test_jpegs_of_all_kinds_have_the_pixels_of_the_one_decoder() -> None:
    chooser = random.Random(3)  # noqa: S311 -- no secret
    factors = [getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{name}") for name in (411, 420, 422, 440, 444)]
    for variant in range(60):
        data = jpeg(
            (scene, noise)[variant % 2](*chooser.choice(SIZES), chooser.choice((1, 3)), seed=variant),
            *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factors[variant % 5]),
            *(cv2.IMWRITE_JPEG_PROGRESSIVE, variant // 5 % 2),
            *(cv2.IMWRITE_JPEG_RST_INTERVAL, chooser.choice((0, 1, 7))),
        )
        check(data, chooser.choice(HEIGHTS))


@pytest.mark.parametrize("factors", USUAL)
def test_scans_of_one_component_and_a_turned_jpeg_come_as_they_are_stored(factors: tuple[int, int]) -> None:
    data = written(61, 45, components(factors, (1, 1), (1, 1)), restart=2, scans=3)
    check(with_segments(data, segment(0xE1, b"Exif\0\0" + exif(6))), 16)


@pytest.mark.parametrize("name", INKED)
def test_inks_become_srgb_strip_by_strip(name: str) -> None:
    check(INKED[name], 7)


@pytest.mark.parametrize(
    "data",
    [
        PLAIN + b"and more",
        PLAIN[:-2],
        PLAIN[:-1],
        PLAIN[:-2] + bytes(500) + EOI,
        PLAIN[:-2] + b"\x20" * 9 + EOI + b"tail",
        PLAIN.replace(b"JFIF\0\1", b"JFIF\0\7", 1),
        with_segments(PLAIN, segment(0xE2, b"ICC_PROFILE\0\1\2part")),
        written(61, 45, components((2, 2), (1, 1), (1, 1)), before=adobe(7)),
        written(61, 45, components(*[(1, 1)] * 3), scans=3).replace(b"\0\x3f\0", b"\0\0\0"),
    ],
)
def test_an_odd_jpeg_is_taken_with_the_same_notes(data: bytes) -> None:
    check(data, 16)


@pytest.mark.parametrize("name", LARGE)
def test_a_damaged_jpeg_is_refused_for_the_same_reason_and_gives_no_strip(name: str) -> None:
    chooser = random.Random(5)  # noqa: S311 -- no secret
    for kind in ["cut", "zeroed", "overwritten", "cut out", *["one bit"] * 8]:
        data = spoilt(LARGE[name], kind, chooser)
        assert verdict_of_strips(data) == verdict(data)
        if verdict(data):
            with pytest.raises(ImageError):
                next(read_strips(BytesSource(data), header_of(data), 1))


# --- PNG ---


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


# --- WebP, and what has no strips ---


def webp(array: np.ndarray, *, lossless: bool) -> bytes:
    return bytes(imagecodecs.webp_encode(array, level=0 if lossless else 75, lossless=lossless))


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("channels", [3, 4])
def test_webps_have_the_pixels_of_the_one_decoder(channels: int, lossless: bool) -> None:
    for size, rows in zip(SIZES, [*HEIGHTS, 7], strict=True):
        check(webp(scene(*size, channels), lossless=lossless), rows)
    check(webp(scene(61, 45, channels), lossless=lossless) + b"tail", 16)


@pytest.mark.parametrize("place", [100, 400, -30])
def test_a_damaged_webp_is_refused_for_the_same_reason(place: int) -> None:
    whole = webp(noise(61, 45), lossless=False)
    data = whole[:place]
    riff = data[:4] + (len(data) - 8).to_bytes(4, "little") + data[8:]
    for each in (data, riff):
        try:
            header_of(each)
        except ImageError:
            continue
        assert verdict_of_strips(each) == verdict(each) != ""


def test_what_is_held_whole_is_refused_as_too_large() -> None:
    data = bytes(imagecodecs.jpeg2k_encode(noise(16, 16)))
    with pytest.raises(TooLargeError, match="decoded whole"):
        list(read_strips(BytesSource(data), header_of(data), 16))


# --- reading and memory ---


@pytest.mark.parametrize(
    "data", [jpeg(scene(97, 89)), png(noise(97, 89)), webp(noise(97, 89), lossless=True)]
)
def test_the_source_is_read_once_in_order_by_ranges(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_ranges, "RANGE_BYTES", 1000)
    source = CountingSource(data)
    header = probe(BytesSource(data), Limits())
    list(read_strips(source, header, 16))
    assert [start for start, _ in source.reads] == list(range(0, len(data), 1000))
    assert max(stop - start for start, stop in source.reads) <= 1000


@pytest.mark.parametrize("data", [jpeg(scene(97, 89)), png(noise(97, 89))])
def test_a_source_that_becomes_shorter_is_damaged(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_ranges, "RANGE_BYTES", 1000)

    class Shrinking(CountingSource):
        def read(self, start: int, stop: int) -> bytes:
            return super().read(start, stop)[: 400 if start else None]

    with pytest.raises(ImageError, match="while it was read"):
        list(read_strips(Shrinking(data), header_of(data), 16))


IN_LITTLE_MEMORY = """
import resource, sys
from pathlib import Path
from tilework.guard.memory import bound_growth
from tilework.imaging.formats import decode, probe
from tilework.imaging.formats.strips import read_strips
from tilework.imaging.limits import MIB, Limits
from tilework.imaging.sources import FileSource

small, large = (FileSource(Path(name)) for name in sys.argv[1:])
list(read_strips(small, probe(small, Limits()), 64))
data = large.path.read_bytes()
header = probe(large, Limits())
bound_growth(24 * MIB)
print(sum(strip.size.height for strip in read_strips(large, header, 64)))
try:
    decode(data, header)
except MemoryError:
    print("too much")
"""


@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
def test_a_large_image_needs_less_memory_than_its_pixels(kind: str, tmp_path: Path) -> None:
    """Twelve megapixels, 36 MB, where there are 24 MiB of memory beyond what a small one took."""
    large = np.tile(scene(400, 300), (10, 10, 1))
    for name, array in (("small", large[:64, :64]), ("large", large)):
        encoded = {
            "jpg": jpeg,
            "png": png,
            "webp": lambda each: bytes(imagecodecs.webp_encode(each, level=50, method=0, lossless=False)),
        }[kind](np.ascontiguousarray(array))
        (tmp_path / name).write_bytes(encoded)
    child = subprocess.run(
        [sys.executable, "-c", IN_LITTLE_MEMORY, "small", "large"],
        cwd=tmp_path, check=True, capture_output=True, text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert child.stdout.split("\n")[:2] == ["3000", "too much"]


def resident(length: int) -> int:
    """KiB in memory of the mappings of so many bytes."""
    found, ours = 0, False
    with Path("/proc/self/smaps").open() as maps:
        for line in maps:
            words = line.split()
            if "-" in words[0]:
                start, stop = (int(each, 16) for each in words[0].split("-"))
                ours = stop - start == length
            elif ours and words[0] == "Rss:":
                found += int(words[1])
    return found


def test_memory_in_a_file_is_let_go_of_and_keeps_what_was_written() -> None:
    length = 13 << 20
    with in_file(length, None) as (file, memory):
        with kept_out_of_memory(memory):
            memory[:] = b"x" * length
            while resident(length):
                pass
        assert memory[:1] + memory[-1:] == b"xx"
        assert file.read(3) == b"xxx"


def test_a_full_disk_is_told_before_anything_is_written() -> None:
    with pytest.raises(OSError, match=r"space|large"), in_file(1 << 60, None):
        pass


def rows_of(data: bytes) -> int:
    return sum(each.size.height for each in read_strips(BytesSource(data), header_of(data), 64))


def test_a_guarded_child_reads_strips_with_the_room_that_they_take() -> None:
    """The guard bounds the files that a child writes, too: they could be in memory."""
    data = jpeg(np.tile(scene(400, 300), (20, 20, 1)))
    rows_of(PLAIN)
    room = strip_disk(header_of(data), len(data))
    assert room > 64 * MIB
    assert run_guarded(rows_of, Bounds(60, 120, 64 * MIB, room), data) == 6000
    with pytest.raises(OutOfMemoryError):
        run_guarded(rows_of, Bounds(60, 120, 64 * MIB), data)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("data", [jpeg(scene(97, 89)), png(noise(97, 89))])
def test_strips_that_are_not_read_to_their_end_leave_nothing_open(data: bytes) -> None:
    before = open_files()
    strips = read_strips(BytesSource(data), header_of(data), 16)
    next(strips)
    strips.close()
    assert open_files() == before
    assert list(strips) == []
    assert strips.found is None


def test_the_room_on_the_disk_is_announced() -> None:
    data = INKED["CMYK"]
    assert strip_disk(header_of(data), len(data)) == 70 * 50 * 4 + len(data) + 2
    assert strip_disk(header_of(PNG), len(PNG)) == 0


def test_the_memory_of_coefficients_and_of_lossless_webps_is_announced() -> None:
    plain, progressive = jpeg(scene(61, 45)), jpeg(scene(61, 45), cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    pixels = 61 * 45
    assert strip_memory(header_of(progressive), 8) - strip_memory(header_of(plain), 8) == 6 * pixels
    lossless, lossy = (webp(scene(61, 45), lossless=each) for each in (True, False))
    assert strip_memory(header_of(lossless), 8) - strip_memory(header_of(lossy), 8) == 4 * pixels
    assert strip_memory(header_of(plain), 16) - strip_memory(header_of(plain), 8) == 2 * 8 * 61 * 3
