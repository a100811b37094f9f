"""Which page of a TIFF is read: never one of several pictures without being asked."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import tifffile

from tests.imaging.samples import noise
from tests.imaging.tiffs import ASCII, LONG, SHORT, built, everything, grey, read
from tilework.errors import (
    DamagedImageError,
    NoSuchPageError,
    SeveralPagesError,
    TooLargeError,
    UnsupportedFormatError,
)
from tilework.imaging.formats import probe
from tilework.imaging.limits import Limits
from tilework.imaging.pipeline import parse
from tilework.imaging.run import process
from tilework.imaging.sources import BytesSource
from tilework.imaging.windows import Size

PAGES = [noise(40 - 8 * index, 30, 1, seed=index) for index in range(3)]


def stack(*subfiles: int, **first: Any) -> bytes:
    """Pages of falling width with these values of tag 254."""
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        for index, (array, subfile) in enumerate(zip(PAGES, subfiles, strict=False)):
            options = first if index == 0 else {}
            writer.write(
                array, subfiletype=subfile, metadata=None, software=False, contiguous=False, **options
            )
    return file.getvalue()


def test_several_pictures_are_refused_with_how_many_there_are_and_a_page_is_had_by_its_number() -> None:
    data = stack(0, 0, 0)
    with pytest.raises(SeveralPagesError, match="3 pages, and 3 of them are pictures") as caught:
        probe(BytesSource(data), Limits())
    assert "page(N)" in caught.value.advice
    for page, array in enumerate(PAGES):
        assert np.array_equal(read(data, page).colour, array)
    with pytest.raises(NoSuchPageError, match="3 pages; page 3 was asked for"):
        probe(BytesSource(data), Limits(), 3)


def test_the_pipeline_chooses_the_page() -> None:
    body = process(BytesSource(stack(0, 0, 0)), parse("page(2) | invert"), Limits()).body
    assert np.array_equal(tifffile.imread(io.BytesIO(body)), 255 - PAGES[2])


def test_overviews_of_the_first_page_are_passed_over_with_a_note() -> None:
    _, picture, _, notes = everything(stack(0, 1, 1))
    assert np.array_equal(picture.colour, PAGES[0])
    assert any("the others (2) only belong to it" in note for note in notes)
    assert np.array_equal(read(stack(0, 1, 1), 1).colour, PAGES[1])


def test_masks_of_the_first_page_are_passed_over_and_had_by_their_number() -> None:
    """GDAL writes such masks, and masks of overviews (5)."""
    array = PAGES[0]
    tags = grey(40, 30, 16, array.size)
    mask = grey(40, 30, 16, 150, _254=(LONG, 4), _258=(SHORT, 1), _262=(SHORT, 4))
    data = built(tags, mask, mask | {254: (LONG, 5)}, body=array.tobytes())
    assert np.array_equal(read(data).colour, array)
    assert np.array_equal(
        read(data, 1).colour, np.unpackbits(array.ravel()[:150].reshape(30, 5), axis=1) * 255
    )


def test_a_thumbnail_before_the_only_picture_is_passed_over() -> None:
    _, picture, _, notes = everything(stack(1, 0))
    assert np.array_equal(picture.colour, PAGES[1])
    assert any("Page 1 is read" in note for note in notes)


def test_overviews_as_the_first_tiff_specification_marks_them_are_passed_over() -> None:
    array = PAGES[0]
    tags = grey(40, 30, 16, array.size)
    data = built(tags, tags | {255: (SHORT, 2)}, body=array.tobytes())
    assert np.array_equal(read(data).colour, array)


def test_pages_below_a_page_are_its_overviews() -> None:
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        writer.write(PAGES[0], subifds=2, metadata=None)
        writer.write(PAGES[1], subfiletype=1, metadata=None)
        writer.write(PAGES[2], subfiletype=1, metadata=None)
    assert np.array_equal(read(file.getvalue()).colour, PAGES[0])


def test_a_slide_is_its_first_level() -> None:
    """Aperio marks neither its thumbnail nor its levels, and label and macro as smaller versions."""
    data = stack(0, 0, 1, description="Aperio Image Library v11.2.1\r\n40x30 |AppMag = 20|MPP = 0.5")
    assert np.array_equal(read(data).colour, PAGES[0])
    assert np.array_equal(read(data, 1).colour, PAGES[1])
    tags = grey(40, 30, 16, PAGES[0].size)
    philips = built(tags | {305: (ASCII, b"Philips DP v1.0\0")}, tags, body=PAGES[0].tobytes())
    assert np.array_equal(read(philips).colour, PAGES[0])


def test_a_stack_behind_one_directory_is_refused_unless_its_first_page_is_asked_for() -> None:
    array = PAGES[0]
    description = (ASCII, b"ImageJ=1.53t\nimages=100\nslices=100\n\0")
    data = built(grey(40, 30, 16, array.size) | {270: description}, body=array.tobytes())
    with pytest.raises(SeveralPagesError, match="a stack of 100 pictures"):
        probe(BytesSource(data), Limits())
    assert np.array_equal(read(data, 0).colour, array)


@pytest.mark.parametrize(("tag", "name"), [(50706, "DNG"), (65420, "NDPI")])
def test_camera_raw_and_slides_of_another_kind_are_refused_by_name(tag: int, name: str) -> None:
    data = built(grey(4, 4, 16, 16) | {tag: (LONG, 1)}, body=bytes(16))
    with pytest.raises(UnsupportedFormatError, match=name):
        probe(BytesSource(data), Limits())


def test_a_canon_raw_picture_is_refused_by_name() -> None:
    data = bytearray(built(grey(4, 4, 16, 16), body=bytes(16)))
    data[8:12] = b"CR\2\0"
    with pytest.raises(UnsupportedFormatError, match="CR2"):
        probe(BytesSource(bytes(data)), Limits())


def test_a_preview_above_the_picture_itself_is_refused() -> None:
    """As Nikon's and Sony's raw files have it."""
    small, large = grey(4, 4, 16, 16), grey(400, 400, 16, 160_000)
    with tifffile.TiffFile(io.BytesIO(built(small | {330: (LONG, 0)}, large, body=bytes(160_000)))) as opened:
        second = opened.pages[1].offset
    data = built(small | {330: (LONG, second)}, large, body=bytes(160_000))
    with pytest.raises(UnsupportedFormatError, match="only a preview"):
        probe(BytesSource(data), Limits(), 0)
    reduced = built(
        small | {254: (LONG, 1), 330: (LONG, second + 12)}, large | {254: (LONG, 1)}, body=bytes(160_000)
    )
    with pytest.raises(SeveralPagesError):
        probe(BytesSource(reduced), Limits())


def test_a_loop_of_directories_is_refused() -> None:
    tags = grey(4, 4, 16, 16)
    for data in (built(tags, body=bytes(16), loop=0), built(tags, tags, tags, body=bytes(16), loop=1)):
        with pytest.raises(DamagedImageError, match="form a loop"):
            probe(BytesSource(data), Limits())


def test_a_million_directories_are_refused_as_more_pages_than_allowed() -> None:
    count = 1_000_000
    fields = np.dtype([("entries", "<u2"), ("entry", "<u2", 6), ("next", "<u4")])
    directories = np.zeros(count, fields)
    directories["entries"], directories["entry"] = 1, (254, LONG, 1, 0, 1, 0)
    directories["next"][:-1] = 8 + fields.itemsize * np.arange(1, count)
    data = b"II*\0\x08\0\0\0" + directories.tobytes()
    with pytest.raises(TooLargeError, match="limit: pages"):
        probe(BytesSource(data), Limits())


def test_directories_that_overlap_to_be_walked_for_long_are_refused() -> None:
    data = bytearray(b"II*\0\x08\0\0\0".ljust(250_000, b"\0"))
    for start in range(8, 190_000, 2):
        data[start : start + 2] = b"\0\x10"
    for start in range(8, 90_000, 12):
        end = start + 2 + 12 * 0x1000
        data[end : end + 4] = (start + 12).to_bytes(4, "little")
    with pytest.raises((TooLargeError, DamagedImageError)):
        probe(BytesSource(bytes(data)), Limits())


def test_a_stack_that_tifffile_cut_to_one_directory_is_refused() -> None:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, np.zeros((10, 64, 48), np.uint8), truncate=True)
    with pytest.raises(SeveralPagesError, match="stack of 10 pictures"):
        probe(BytesSource(buffer.getvalue()), Limits())
    plain = io.BytesIO()
    tifffile.imwrite(plain, np.zeros((64, 48, 3), np.uint8))
    assert probe(BytesSource(plain.getvalue()), Limits()).stored == Size(48, 64)
