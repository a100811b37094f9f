"""A TIFF read by windows: the pixels of the whole, at the cost of the strips or tiles that the window meets."""

from __future__ import annotations

import numpy as np
import pytest

from tests.imaging.samples import CountingSource, noise, scene
from tests.imaging.tiffs import read, written
from tilework.errors import DamagedImageError
from tilework.imaging.engine import run_whole, run_window
from tilework.imaging.formats import probe
from tilework.imaging.formats.tiff import open_reader
from tilework.imaging.formats.tiff_reader import TiffReader
from tilework.imaging.limits import Limits
from tilework.imaging.operations.contract import Pixels
from tilework.imaging.pipeline import parse
from tilework.imaging.sources import BytesSource
from tilework.imaging.windows import Size, Window, tiles


def opened(data: bytes) -> tuple[TiffReader, CountingSource]:
    source = CountingSource(data)
    return open_reader(source, probe(BytesSource(data), Limits())), source


LAYOUTS = [
    {"tile": (32, 48), "compression": "lzw"},
    {"tile": (32, 48)},
    {"rowsperstrip": 7, "compression": "adobe_deflate", "predictor": 2},
    {"rowsperstrip": 150},
    {"rowsperstrip": 5, "compression": "jpeg"},
    {"tile": (64, 64), "planarconfig": "separate"},
    {"rowsperstrip": 11, "planarconfig": "separate"},
]


@pytest.mark.parametrize("options", LAYOUTS, ids=str)
def test_every_window_has_the_pixels_of_the_whole(options: dict[str, object]) -> None:
    array = scene(203, 150, 4 if options.get("compression") != "jpeg" else 3)
    planar = options.get("planarconfig") == "separate"
    data = written(
        np.moveaxis(array, -1, 0).copy() if planar else array,
        photometric="rgb",
        extrasamples=["unassalpha"] if array.shape[2] == 4 else None,
        **options,
    )
    reader, _ = opened(data)
    whole = read(data)
    assert (reader.size, reader.pixels) == (Size(203, 150), Pixels("uint8", 3, array.shape[2] == 4))
    generator = np.random.default_rng(1)
    for _ in range(30):
        left, top = int(generator.integers(203)), int(generator.integers(150))
        window = Window(
            left, top, int(generator.integers(left, 203)) + 1, int(generator.integers(top, 150)) + 1
        )
        part = reader.read(window)
        place = window.within(Window.whole(reader.size))
        assert np.array_equal(part.colour, whole.colour[place])
        assert (part.alpha is None) == (whole.alpha is None)
        if part.alpha is not None and whole.alpha is not None:
            assert np.array_equal(part.alpha, whole.alpha[place])


def test_a_pipeline_by_blocks_through_the_reader_gives_the_pixels_of_the_whole() -> None:
    data = written(noise(203, 150, 3), photometric="rgb", tile=(64, 64), compression="zstd")
    reader, _ = opened(data)
    pipeline = parse("blur(9) | erode(3)")
    whole = run_whole(read(data), pipeline)
    for window in tiles(reader.size, Size(70, 50)):
        part = run_window(reader, pipeline, window)
        assert np.array_equal(part.colour, whole.colour[window.within(Window.whole(reader.size))])


def test_a_window_costs_the_tiles_that_it_meets_in_one_request_where_they_adjoin() -> None:
    data = written(noise(1_000, 1_000, 1), tile=(64, 64))
    reader, source = opened(data)
    reader.read(Window(70, 70, 120, 120))
    assert [stop - start for start, stop in source.reads] == [64 * 64]
    source.reads.clear()
    reader.read(Window(0, 64, 1_000, 128))
    assert [stop - start for start, stop in source.reads] == [16 * 64 * 64]
    source.reads.clear()
    reader.read(Window(64, 0, 192, 192))
    assert [stop - start for start, stop in source.reads] == [2 * 64 * 64] * 3


def test_of_an_uncompressed_strip_only_the_rows_of_the_window_are_read() -> None:
    array = noise(1_000, 1_000, 3)
    reader, source = opened(written(array, photometric="rgb", rowsperstrip=1_000))
    part = reader.read(Window(10, 500, 20, 504))
    assert [stop - start for start, stop in source.reads] == [4 * 3_000]
    assert np.array_equal(part.colour, array[500:504, 10:20, ::-1])


def test_long_runs_of_tiles_are_fetched_in_bounded_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tilework.imaging.formats.tiff_reader.FETCH_BYTES", 100_000)
    data = written(noise(1_000, 1_000, 1), tile=(64, 64))
    reader, source = opened(data)
    whole = reader.read(Window.whole(reader.size))
    assert np.array_equal(whole.colour, read(data).colour)
    assert max(stop - start for start, stop in source.reads) <= 100_000
    assert len(source.reads) < 20


def test_a_damaged_tile_harms_only_the_windows_that_meet_it() -> None:
    data = bytearray(written(scene(128, 128), photometric="rgb", tile=(64, 64), compression="adobe_deflate"))
    start = opened(bytes(data))[0].index[3][0]
    data[start + 20 : start + 60] = bytes(40)
    reader, _ = opened(bytes(data))
    assert reader.read(Window(0, 0, 128, 64)).size == Size(128, 64)
    with pytest.raises(DamagedImageError, match=rf"tile 3 \(byte {start:,}\) of 4 is damaged"):
        reader.read(Window(63, 63, 65, 65))


def test_a_file_that_becomes_shorter_while_it_is_read_is_damaged() -> None:
    data = written(noise(100, 100, 1), tile=(64, 64))
    reader, source = opened(data)
    source.data = data[:-5_000]
    with pytest.raises(DamagedImageError, match="while it was read"):
        reader.read(Window.whole(reader.size))
