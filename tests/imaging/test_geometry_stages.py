"""Large images that are turned, moved and made smaller: flat memory, little read twice, and no wrong place on the earth."""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.imaging.samples import noise
from tests.imaging.test_stages import planned
from tests.imaging.tiffs import everything, written
from tilework.errors import TooLargeError
from tilework.imaging import operations
from tilework.imaging.formats import probe
from tilework.imaging.formats.metadata import PLACE_LEFT_OUT, PLACE_TAGS, Density
from tilework.imaging.formats.tiff_cache import SegmentCache
from tilework.imaging.limits import MIB, Limits
from tilework.imaging.pipeline import parse
from tilework.imaging.plan import is_staged
from tilework.imaging.run import process
from tilework.imaging.sources import BytesSource
from tilework.imaging.stages.bands import piece_of, source_of
from tilework.imaging.stages.planning import Wishes, plan_stages
from tilework.imaging.stages.readers import Stored
from tilework.imaging.stages.scratch import FolderScratch
from tilework.imaging.windows import Size, Window

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tilework.imaging.stages.work import Work

LARGE = [
    "flip(both)",
    "crop(1000, 900, 30000, 70000)",
    "pad(2000, border=reflect)",
    "rotate(90)",
    "rotate(1)",
    "rotate(10, false)",
    "rotate(45)",
    "pyramid_down",
    "resize(factor=3)",
    "resize(factor=0.1, interpolation=area)",
    "resize(factor=0.003, interpolation=area)",
    "rotate(90) | blur(31)",
    "blur(9) | resize(factor=0.05) | rotate(30)",
]


def read_at_once(work: Work) -> Iterator[tuple[int, int]]:
    """Pixels that are read at once, for how many of the result: of units in the corners and the middle."""
    writing, tile = work.writing(0), work.layout.tile
    image, pipeline, units = work.image, writing.pipeline, writing.units
    for index in {0, units.across - 1, units.count // 2, units.count // 3, units.count - 1}:
        unit = units.window(index)
        row = Window(unit.left, unit.top, unit.right, min(unit.bottom, unit.top + tile))
        piece = piece_of(pipeline, row, tile, image.size, image.pixels)
        for left in range(row.left, row.right, piece.width):
            part = Window(left, row.top, min(row.right, left + piece.width), row.top + piece.height)
            yield source_of(pipeline, part, image.size, image.pixels).size.pixels, part.size.pixels


@pytest.mark.parametrize("text", LARGE)
@pytest.mark.parametrize("size", [Size(100_000, 100_000), Size(40_000, 300_000)])
def test_what_is_read_at_once_fits_whatever_becomes_of_rows(text: str, size: Size) -> None:
    work = planned(size, text, block_bytes=192 * MIB)
    reads = list(read_at_once(work))
    assert max(read for read, _ in reads) <= 96 * MIB
    assert work.image.cached_bytes <= 144 * MIB  # type: ignore[attr-defined]
    if "resize" not in text and "pyramid" not in text:
        assert sum(read for read, _ in reads) <= 1.6 * sum(made for _, made in reads)


@dataclass
class Nowhere:
    """Tiles that are only counted."""

    tiles: list[tuple[int, int]] = field(default_factory=list)

    def append(self, level: int, index: int, data: bytes) -> None:
        assert data
        self.tiles.append((level, index))


def peak_and_segments(
    height: int, text: str, folder: Path, monkeypatch: pytest.MonkeyPatch, **stored: object
) -> tuple[int, float]:
    """Bytes at the height of writing an image of 1,024 columns, and how often a segment was decoded, on average."""
    data = written(noise(1024, height, 1), compression="adobe_deflate", **stored)
    header = probe(BytesSource(data), Limits())
    work = plan_stages(
        lambda cached: Stored(BytesSource(data), header, cached), header, parse(text), Limits(block_bytes=2 * MIB),
        wishes=Wishes(tile=128), scratch=FolderScratch(folder), ranks=1,
    )  # fmt: skip
    decoded: list[int] = []
    keep = SegmentCache.keep
    monkeypatch.setattr(
        SegmentCache,
        "keep",
        lambda self, number, pixels: (decoded.append(number), keep(self, number, pixels)),
    )
    writing, reader, sink = work.writing(0), work.image.open(), Nowhere()
    tracemalloc.start()
    for position in range(writing.units.count):
        writing.write(reader, writing.units.down_columns(position), sink)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    monkeypatch.undo()
    assert len({index for level, index in sink.tiles if level == 0}) == work.layout.grids[0].pixels
    return peak, len(decoded) / len(set(decoded))


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("rotate(90)", 1.01),
        ("flip(vertical)", 1.01),
        ("rotate(10, false)", 1.6),
        ("resize(factor=0.1, interpolation=area)", 1.01),
    ],
)
def test_memory_stays_flat_and_segments_are_decoded_once_where_rows_do_not_stay_rows(
    text: str, again: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    operations.prepare()
    peaks = []
    for height in (1536, 3072):
        peak, times = peak_and_segments(height, text, tmp_path, monkeypatch, tile=(128, 128))
        peaks.append(peak)
        assert times <= again
    assert max(peaks) <= 3 * MIB
    assert peaks[1] <= 1.3 * peaks[0]


def test_strips_of_a_turned_image_are_kept_for_the_columns_that_follow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    operations.prepare()
    peak, times = peak_and_segments(1536, "rotate(90)", tmp_path, monkeypatch, rowsperstrip=8)
    assert peak <= 3 * MIB
    assert times <= 1.01


def test_a_row_of_which_not_one_line_fits_is_refused() -> None:
    with pytest.raises(TooLargeError, match="a row of the result, needs"):
        planned(Size(400_000, 400_000), "resize(factor=0.001, interpolation=area)", block_bytes=64 * MIB)


def test_a_picture_that_repeats_is_made_whole_or_not_at_all() -> None:
    header = probe(BytesSource(written(noise(64, 64, 1), tile=(16, 16))), Limits())
    assert is_staged(header, parse("pad(5, border=reflect)"))
    assert not is_staged(header, parse("pad(5, border=wrap)"))


GEO = [
    (33550, "d", 3, (2.0, 2.0, 0.0), True),
    (33922, "d", 6, (0.0, 0.0, 0.0, 400_000.0, 5_000_000.0, 0.0), True),
    (34735, "H", 4, (1, 1, 0, 0), True),
]


@pytest.mark.parametrize(
    "text",
    [
        "flip(vertical)",
        "rotate(180)",
        "crop(0, 0, 40, 40)",
        "pad(1) | crop(0, 0, 64, 48)",
        "resize(64, 48) | rotate(180)",
    ],
)
def test_what_moves_pixels_leaves_out_their_place_on_the_earth(text: str) -> None:
    data = written(noise(64, 48, 1), extratags=GEO, compression="adobe_deflate")
    for pipeline, kept in ((text, False), ("blur(3)", True)):
        product = process(BytesSource(data), parse(pipeline), Limits())
        assert bool({tag[0] for tag in everything(product.body)[2].tags} & PLACE_TAGS) is kept
        assert (PLACE_LEFT_OUT in product.notes) is not kept


@pytest.mark.parametrize(
    ("text", "density"),
    [
        ("blur(3)", (300, 200)),
        ("crop(0, 0, 40, 40)", None),
        ("rotate(90)", None),
        ("resize(factor=0.5)", None),
    ],
)
def test_a_resolution_is_kept_only_where_it_is_still_true(text: str, density: tuple[int, int] | None) -> None:
    for across, down in ((300, 200), (300, 300)):
        data = written(noise(64, 48, 1), resolution=(across, down), resolutionunit="INCH")
        found = everything(process(BytesSource(data), parse(text), Limits()).body)[2].density
        expected = density if across != down else None if "resize" in text else (300, 300)
        assert found == (None if expected is None else Density(*expected, "inch"))
