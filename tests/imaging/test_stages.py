"""How an image is cut into units, who takes which, and what stages leave for each other."""

from __future__ import annotations

import os
import socket
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.imaging.samples import noise
from tests.imaging.tiffs import written
from tilework.errors import TooLargeError
from tilework.imaging.formats import probe
from tilework.imaging.limits import MIB, Limits
from tilework.imaging.pipeline import parse
from tilework.imaging.sources import BytesSource
from tilework.imaging.stages.planning import FINE_PIXELS, Wishes, plan_stages
from tilework.imaging.stages.readers import Stored
from tilework.imaging.stages.scratch import FolderScratch
from tilework.imaging.stages.tile_file import Appending, TileFile
from tilework.imaging.stages.walk import BEGUN, DONE, FREE, Walk, next_unit
from tilework.imaging.windows import Grid, Size, Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.imaging.stages.work import Work

SIZES = st.builds(Size, st.integers(1, 400), st.integers(1, 400))


@given(size=SIZES, cell=SIZES)
def test_the_cells_of_a_grid_cover_each_pixel_once(size: Size, cell: Size) -> None:
    grid = Grid(size, cell)
    covered = np.zeros((size.height, size.width), np.uint8)
    for index in range(grid.count):
        window = grid.window(index)
        covered[window.within(Window.whole(size))] += 1
        assert (
            grid.index_at(window.left, window.top)
            == grid.index_at(window.right - 1, window.bottom - 1)
            == index
        )
    assert (covered == 1).all()
    assert sorted(map(grid.down_columns, range(grid.count))) == list(range(grid.count))
    assert list(grid.meeting(Window.whole(size))) == list(range(grid.count))


def test_whoever_is_done_goes_on_below_and_a_newcomer_splits_the_longest_run() -> None:
    assert next_unit(FREE * 8, None) == 0
    assert next_unit(BEGUN + FREE * 7, None) == 4
    assert next_unit(DONE + FREE * 3 + BEGUN + FREE * 3, 0) == 1
    assert next_unit(DONE * 2 + BEGUN * 2 + DONE + FREE * 3, 1) == 6
    assert next_unit(DONE * 7 + FREE, 3) == 7
    assert next_unit(DONE * 7 + BEGUN, 3) is None


@given(ranks=st.integers(1, 9), count=st.integers(1, 60), seed=st.integers(0, 99))
def test_each_unit_is_taken_once_in_whatever_order_the_ranks_come(ranks: int, count: int, seed: int) -> None:
    order = np.random.default_rng(seed)
    states, last = bytearray(FREE * count), dict.fromkeys(range(ranks))
    taken: list[int] = []
    while last:
        rank = int(order.choice(sorted(last)))
        unit = next_unit(bytes(states), last[rank])
        if unit is None:
            del last[rank]
            continue
        taken.append(unit)
        states[unit : unit + 1] = DONE
        last[rank] = unit
    assert sorted(taken) == list(range(count))


def take_all(walk: Walk) -> list[int]:
    return list(walk.units())


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(3, mp_context=get_context("forkserver")) as executor:
        yield executor


def test_processes_that_walk_together_do_each_unit_once(
    tmp_path: Path, processes: ProcessPoolExecutor
) -> None:
    walk = Walk(tmp_path / "units")
    walk.create(2_000)
    shares = list(processes.map(take_all, [walk] * 3))
    assert sorted(unit for share in shares for unit in share) == list(range(2_000))
    assert walk.done() == 2_000


def test_a_scratch_gives_back_what_was_put_last_under_a_name(tmp_path: Path) -> None:
    scratch = FolderScratch(tmp_path)
    scratch.put("one", {"a": np.arange(5), "empty": np.zeros(0, bool)})
    scratch.put("one", {"a": np.arange(6)})
    found = scratch.get("one")
    assert found["a"].tolist() == list(range(6))
    assert found["empty"].dtype == bool
    assert not list(tmp_path.rglob("*.part"))


def append_some(file: TileFile, tiles: range) -> None:
    with Appending(file) as sink:
        for tile in tiles:
            sink.append(0, tile, bytes([tile]) * (tile + 1))


def test_tiles_that_processes_append_at_once_lie_where_the_table_says_and_the_first_behind_them(
    tmp_path: Path, processes: ProcessPoolExecutor
) -> None:
    file = TileFile(tmp_path / "tiles", tmp_path, (90, 1))
    file.create(100)
    with Appending(file) as sink:
        sink.append(1, 0, b"overview")
    list(processes.map(append_some, [file] * 3, [range(first, 90, 3) for first in range(3)]))
    file.append_first_tiles()
    file.finish(b"header")
    data = file.path.read_bytes()
    table, above = file.tables()
    assert [data[start : start + length] for start, length in table.tolist()] == [
        bytes([n]) * (n + 1) for n in range(90)
    ]
    assert data[:100] == b"header".ljust(100, b"\0")
    assert table[1:, 0].max() < above[0, 0] < table[0, 0]
    assert len(data) == 100 + sum(range(1, 91)) + len(b"overview")


def test_tiles_that_another_host_keeps_apart_lie_where_the_table_says_once_they_are_gathered(
    tmp_path: Path, processes: ProcessPoolExecutor
) -> None:
    everywhere = TileFile(tmp_path / "tiles", tmp_path, (90,), ("idle", socket.gethostname()))
    here = replace(everywhere, hosts=())
    everywhere.create(100)
    list(
        processes.map(
            append_some, [here, everywhere, everywhere], [range(first, 90, 3) for first in range(3)]
        )
    )
    everywhere.gather()
    everywhere.append_first_tiles()
    data = everywhere.path.read_bytes()
    (table,) = everywhere.tables()
    assert [data[start : start + length] for start, length in table.tolist()] == [
        bytes([n]) * (n + 1) for n in range(90)
    ]
    assert len(data) == 100 + sum(range(1, 91))
    assert not list(tmp_path.glob("host-*/tiles"))


def planned(
    size: Size,
    text: str,
    *,
    block_bytes: int,
    tile: int = 512,
    ranks: int = 2,
    segment: int = 512,
    **options: object,
) -> Work:
    """The work on an image of blank tiles, of which only the header is ever read."""
    data = written(np.zeros((segment, segment), np.uint8), tile=(segment, segment), **options)
    header = probe(BytesSource(data), Limits())
    detail = header.detail
    segments = replace(detail.segments, size=size)  # type: ignore[attr-defined]
    header = replace(header, stored=size, detail=replace(detail, segments=segments))  # type: ignore[type-var]
    return plan_stages(
        lambda cached: Stored(BytesSource(data), header, cached),
        header, parse(text), Limits(block_bytes=block_bytes),
        wishes=Wishes(tile=tile), scratch=FolderScratch(Path(os.devnull)), ranks=ranks,
    )  # fmt: skip


@given(
    width=st.integers(1, 400_000),
    height=st.integers(1, 400_000),
    block=st.sampled_from([4, 24, 192, 1024]),
    tile=st.sampled_from([256, 512]),
    ranks=st.integers(1, 64),
)
def test_units_are_whole_tiles_and_as_wide_as_the_memory_allows(
    width: int, height: int, block: int, tile: int, ranks: int
) -> None:
    work = planned(Size(width, height), "blur(9)", block_bytes=block * MIB, tile=tile, ranks=ranks)
    assert work.columns % (tile << work.overviews) == 0
    rows = (tile + 8) * min(work.columns, width) + tile * min(work.columns, width)
    assert rows <= max(block * MIB, 2 * tile * (tile + 8))
    units = work.writing(0).units
    finest = Grid(Size(width, height), Size(tile, tile)).count
    assert units.count >= min(9 if width * height < FINE_PIXELS else 3 * ranks, finest)


def test_a_unit_of_a_hundred_gigapixels_is_wide_enough_that_seams_are_rare() -> None:
    work = planned(Size(316_228, 316_228), "blur(9)", block_bytes=192 * MIB)
    assert work.columns >= 20_000
    assert work.overviews == 3


def test_an_image_of_which_not_one_strip_fits_is_refused_with_what_to_do() -> None:
    data = written(noise(4_000, 3_000, 1), rowsperstrip=3_000, compression="adobe_deflate")
    header = probe(BytesSource(data), Limits())
    with pytest.raises(TooLargeError, match="A single strip or tile") as refused:
        plan_stages(
            lambda cached: Stored(BytesSource(data), header, cached),
            header, parse("invert"), Limits(block_bytes=4 * MIB),
            wishes=Wishes(), scratch=FolderScratch(Path(os.devnull)), ranks=1,
        )  # fmt: skip
    assert "smaller tiles" in refused.value.advice
