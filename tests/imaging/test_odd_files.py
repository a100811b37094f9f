"""Valid files that are odd in ways that other readers take in their stride, and copies that broke off."""

from __future__ import annotations

import io
import struct

import cv2
import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.imaging.samples import chunk, decoded, exif, jpeg, noise, png, scene, segment, with_segments
from tilework.errors import DamagedImageError, UnsupportedFormatError
from tilework.imaging.formats import probe
from tilework.imaging.limits import Limits
from tilework.imaging.pipeline import parse
from tilework.imaging.run import process
from tilework.imaging.sources import BytesSource

LIMITS, INVERT = Limits(), parse("invert")


def tiff_without_counts(array: np.ndarray, compression: str | None) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, compression=compression, metadata=None)
    data = bytearray(buffer.getvalue())
    with tifffile.TiffFile(io.BytesIO(bytes(data))) as file:
        tag = file.pages[0].tags["StripByteCounts"]
    data[tag.valueoffset : tag.valueoffset + 4] = bytes(4)
    return bytes(data)


def test_strips_of_no_length_are_measured_where_nothing_is_packed_and_damage_where_it_is() -> None:
    array = noise(40, 30, 1)
    result = process(BytesSource(tiff_without_counts(array, None)), INVERT, LIMITS).body
    assert np.array_equal(tifffile.imread(io.BytesIO(result)), ~array)
    with pytest.raises(DamagedImageError, match="has no bytes"):
        process(BytesSource(tiff_without_counts(array, "zlib")), INVERT, LIMITS)


def test_a_blank_fax_page_is_no_bomb() -> None:
    buffer = io.BytesIO()
    Image.new("1", (9362, 13244), 1).save(buffer, "TIFF", compression="group4")
    assert len(buffer.getvalue()) < 50_000
    assert probe(BytesSource(buffer.getvalue()), LIMITS).stored.pixels == 9362 * 13244


def scan(component: int, tables: int, body: bytes) -> bytes:
    return segment(0xDA, bytes((1, component, tables)) + b"\0\x3f\0") + body


def test_flat_colours_in_scans_of_their_own_are_no_holes() -> None:
    grey = noise(256, 256, 1)
    alone = jpeg(grey)
    start = alone.index(b"\xff\xda")
    luma = alone[start + 2 + int.from_bytes(alone[start + 2 : start + 4]) : -2]
    four = int(cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)
    colour = jpeg(np.dstack([grey] * 3), cv2.IMWRITE_JPEG_SAMPLING_FACTOR, four)
    # a difference of 0 and an end of block, "00" each, for every block: nothing but zeros
    flat = bytes(32 * 32 * 4 // 8)
    head = colour[: colour.index(b"\xff\xda")]
    data = head + scan(1, 0, luma) + scan(2, 0x11, flat) + scan(3, 0x11, flat) + b"\xff\xd9"
    result = process(BytesSource(data), parse("invert | output(png)"), LIMITS).body
    assert np.array_equal(decoded(result), ~decoded(data))


@pytest.mark.parametrize(
    ("across", "down", "unit", "seen"),
    [(70_000, 1, 0, None), (2835, 2835, 1, (72, 72)), (3, 2, 0, None), (200_000_000, 1, 1, None)],
)
def test_the_density_of_a_png_reaches_a_jpeg_in_inches_or_not_at_all(
    across: int, down: int, unit: int, seen: tuple[int, int] | None
) -> None:
    plain = png(noise(8, 6))
    data = plain[:33] + chunk(b"pHYs", struct.pack(">IIB", across, down, unit)) + plain[33:]
    body = process(BytesSource(data), parse("invert | output(jpeg)"), LIMITS).body
    assert Image.open(io.BytesIO(body)).info.get("dpi") == seen


def test_padding_before_the_end_is_taken_although_another_picture_follows() -> None:
    first = jpeg(scene(64, 48))
    padded = first[:-2] + bytes(40) + first[-2:]
    product = process(BytesSource(padded + jpeg(scene(16, 16))), INVERT, LIMITS)
    assert product.body == process(BytesSource(first), INVERT, LIMITS).body
    assert any("Padding" in note for note in product.notes)
    assert any("bytes follow the picture" in note for note in product.notes)


@pytest.mark.parametrize("order", "<>")
def test_an_orientation_written_as_a_long_number_counts(order: str) -> None:
    block = bytearray(exif(6, order))
    struct.pack_into(order + "HHII", block, 10, 0x0112, 4, 1, 6)
    data = with_segments(jpeg(scene(40, 30)), segment(0xE1, b"Exif\0\0" + bytes(block)))
    header = probe(BytesSource(data), LIMITS)
    assert (header.orientation, header.size.width) == (6, 30)
    again = process(BytesSource(data), INVERT, LIMITS).body
    assert probe(BytesSource(again), LIMITS).orientation == 1


def test_a_jpeg_2000_that_was_written_in_part_is_damaged() -> None:
    whole = imagecodecs.jpeg2k_encode(noise(200, 160), level=0, reversible=True)
    broken = whole[: len(whole) // 2] + bytes(len(whole) - len(whole) // 2)
    with pytest.raises(DamagedImageError):
        process(BytesSource(broken), INVERT, LIMITS)


def test_a_heif_s_boxes_may_lie_behind_much_else() -> None:
    buffer = io.BytesIO()
    Image.fromarray(cv2.cvtColor(scene(64, 48), cv2.COLOR_BGR2RGB)).save(buffer, "AVIF")
    data = buffer.getvalue()
    head = int.from_bytes(data[:4])
    far = data[:head] + struct.pack(">I4s", (17 << 20) + 8, b"free") + bytes(17 << 20) + data[head:]
    assert probe(BytesSource(far), LIMITS).stored == probe(BytesSource(data), LIMITS).stored


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_is_told_as_one_whatever_page_is_asked_for(kind: str) -> None:
    first, second = (Image.fromarray(scene(40, 30, seed=seed)) for seed in (1, 2))
    buffer = io.BytesIO()
    first.save(buffer, kind, save_all=True, append_images=[second])
    for page in (None, 0, 1):
        with pytest.raises(UnsupportedFormatError, match="animated"):
            probe(BytesSource(buffer.getvalue()), LIMITS, page)
