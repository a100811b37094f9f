"""A TIFF walked in bands that overlap, as a rank does: each tile is fetched and decoded once, in bounded memory."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import tifffile

from tests.imaging.samples import CountingSource, noise, scene
from tests.imaging.tiffs import read, written
from tilework.imaging.formats import Header, decode, open_reader, overlap_bytes, probe
from tilework.imaging.formats.tiff_reader import TiffReader
from tilework.imaging.limits import Limits
from tilework.imaging.sources import BytesSource
from tilework.imaging.windows import Size, Window

RGB: dict[str, Any] = {"photometric": "rgb", "tile": (64, 64)}


def bands(size: Size, rows: int, halo: int) -> Iterator[Window]:
    for top in range(0, size.height, rows):
        yield Window(0, top - halo, size.width, top + rows + halo).clamped(size)


def fetches(data: bytes, source: CountingSource) -> list[int]:
    """How often each strip or tile was fetched."""
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        starts = file.pages[0].dataoffsets
    return [sum(start <= each < stop for start, stop in source.reads) for each in starts]


def walked(data: bytes, header: Header, windows: list[Window], cache_bytes: int) -> CountingSource:
    """The source after a walk whose every window had the right pixels."""
    source = CountingSource(data)
    reader = open_reader(source, header, cache_bytes)
    assert reader is not None
    whole = decode(data, header).picture
    for window in windows:
        place = window.within(Window.whole(reader.size))
        assert np.array_equal(reader.read(window).colour, whole.colour[place])
    return source


LAYOUTS: list[dict[str, Any]] = [
    {"compression": "adobe_deflate", "predictor": 2},
    {"compression": "jpeg"},
    {"compression": "lzw", "tile": (16, 32)},
    {"compression": "zstd", "planarconfig": "separate"},
    {"compression": "packbits", "tile": None, "rowsperstrip": 20},
    {},
]


@pytest.mark.parametrize("options", LAYOUTS, ids=str)
@pytest.mark.parametrize(("rows", "halo"), [(64, 3), (64, 0), (50, 7), (10, 12)])
def test_bands_that_overlap_fetch_and_decode_every_tile_once(
    options: dict[str, Any], rows: int, halo: int
) -> None:
    array = scene(203, 300)
    planar = options.get("planarconfig") == "separate"
    data = written(np.moveaxis(array, -1, 0).copy() if planar else array, **(RGB | options))
    header = probe(BytesSource(data), Limits())
    windows = list(bands(header.size, rows, halo))
    keep = overlap_bytes(header, windows[-1].size, 2 * halo)
    assert set(fetches(data, walked(data, header, windows, keep))) == {1}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_bands_of_a_turned_image_decode_every_tile_once(orientation: int) -> None:
    data = written(scene(203, 300), **RGB, compression="zstd", extratags=[(274, "H", 1, orientation, True)])
    header = probe(BytesSource(data), Limits())
    windows = list(bands(header.size, 64, 4))
    keep = overlap_bytes(header, windows[-1].size, 8)
    assert set(fetches(data, walked(data, header, windows, keep))) == {1}


def test_blocks_from_left_to_right_decode_a_tile_once_but_where_their_rows_meet() -> None:
    data = written(noise(512, 128), **RGB, compression="zstd")
    header = probe(BytesSource(data), Limits())
    windows = [Window(left - 4, 0, left + 132, 128).clamped(header.size) for left in range(0, 512, 128)]
    assert set(fetches(data, walked(data, header, windows, 4 * 64 * 64 * 3))) == {1}


def test_without_a_cache_each_window_fetches_its_tiles_anew() -> None:
    data = written(noise(64, 256), **RGB, compression="zstd")
    header = probe(BytesSource(data), Limits())
    assert fetches(data, walked(data, header, list(bands(header.size, 64, 1)), 0)) == [2, 3, 3, 2]


def test_the_cache_never_holds_more_than_its_bytes() -> None:
    data = written(noise(640, 640), **RGB, compression="zstd")
    reader = open_reader(BytesSource(data), probe(BytesSource(data), Limits()), 100_000)
    assert isinstance(reader, TiffReader)
    for window in bands(reader.size, 100, 30):
        reader.read(window)
        assert sum(pixels.nbytes for pixels, _ in reader.cache.kept.values()) == reader.cache.held
        assert 80_000 < reader.cache.held <= 100_000


def test_what_is_kept_of_uncompressed_tiles_does_not_keep_what_was_fetched_with_them() -> None:
    data = written(noise(640, 128, 1), tile=(64, 64))
    reader = open_reader(BytesSource(data), probe(BytesSource(data), Limits()), 10_000)
    assert isinstance(reader, TiffReader)
    assert np.array_equal(reader.read(Window.whole(reader.size)).colour, read(data).colour)
    assert [pixels.base is None for pixels, _ in reader.cache.kept.values()] == [True, True]


def test_a_picture_is_not_changed_by_the_next_window() -> None:
    data = written(noise(128, 256), **RGB, compression="zstd")
    reader = open_reader(BytesSource(data), probe(BytesSource(data), Limits()), 1 << 16)
    assert reader is not None
    first = reader.read(Window(0, 0, 128, 64)).colour
    before = first.copy()
    for window in bands(reader.size, 64, 5):
        reader.read(window)
    assert np.array_equal(first, before)


def test_at_most_one_request_of_packed_bytes_is_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tilework.imaging.formats.tiff_reader.FETCH_BYTES", 50_000)
    data = written(noise(640, 640), **RGB, compression="adobe_deflate")
    held: list[int] = []
    alive: list[Any] = []

    class Counted(bytes):
        """Bytes that tell when they are gone."""

        def __del__(self) -> None:
            alive.remove(len(self))

    class Watched(CountingSource):
        def read(self, start: int, stop: int) -> bytes:
            found = Counted(super().read(start, stop))
            alive.append(len(found))
            held.append(sum(alive))
            return found

    reader = open_reader(Watched(data), probe(BytesSource(data), Limits()))
    assert reader is not None
    reader.read(Window.whole(reader.size))
    assert len(held) > 10
    assert max(held) <= 50_000


def test_an_overview_in_the_chain_is_read_by_windows_by_its_number() -> None:
    levels = [scene(256 >> level, 200 >> level) for level in range(3)]
    file = io.BytesIO()
    with tifffile.TiffWriter(file, bigtiff=True) as writer:
        for level, array in enumerate(levels):
            writer.write(array, subfiletype=min(level, 1), compression="adobe_deflate", metadata=None, **RGB)
    data = file.getvalue()
    for page, array in enumerate(levels):
        header = probe(BytesSource(data), Limits(), page)
        assert header.size == Size(array.shape[1], array.shape[0])
        source = CountingSource(data)
        reader = open_reader(source, header)
        assert reader is not None
        window = Window(5, 20, 40, 45)
        assert np.array_equal(reader.read(window).colour, array[20:45, 5:40, ::-1])
        assert len(source.reads) == 1
