"""One tile as the bytes of a file: the same input gives the same bytes, and each JPEG is the encoder's own."""

from __future__ import annotations

import zlib
from typing import Any

import cv2
import numpy as np
import pytest

from tests.imaging.cog_readers import (
    red_first,
    seen_by_gdal,
    seen_by_opencv,
    seen_by_tifffile,
    seen_by_vips,
    valid,
)
from tests.imaging.cogs import cog, layout_of, thinned
from tests.imaging.samples import decoded, noise, picture, scene
from tests.imaging.tiffs import read
from tilework.imaging.formats.tile_encoding import encode_tile, jpeg_tables

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

SAMPLINGS = {
    "4:4:4": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    "4:2:2": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    "4:2:0": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
}


@pytest.mark.parametrize("compression", ["deflate", "lzw", "none"])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_the_same_tile_gives_the_same_bytes_wherever_its_pixels_lie(dtype: str, compression: str) -> None:
    block = noise(300, 300, 3, dtype)
    layout = layout_of(block, tile=128, compression=compression)
    lone, within = np.ascontiguousarray(block[40:168, 50:178]), block[40:168, 50:178]
    assert encode_tile(picture(lone), layout) == encode_tile(picture(within), layout)


@pytest.mark.parametrize("value", [0, 1, 250, float("nan")])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("compression", ["deflate", "lzw", "none"])
def test_a_blank_tile_is_read_as_blank_and_one_that_only_begins_so_is_not(
    value: float, channels: int, compression: str
) -> None:
    dtype = "float32" if np.isnan(value) else "uint8"
    shape = (150, 150) if channels == 1 else (150, 150, channels)
    blank = np.full(shape, value, dtype)
    # pixels differ from each other only in how their channels do
    blank += np.arange(channels, dtype=dtype) if channels > 1 else 0
    almost = blank.copy()
    almost[149, 100] = 77
    for array in (blank, almost):
        layout = layout_of(array, compression=compression, tile=64, overviews=False)
        for seen in (seen_by_gdal, seen_by_tifffile):
            assert np.array_equal(seen(cog(array, layout))[0], red_first(array), equal_nan=dtype == "float32")


def test_beyond_the_edge_the_last_column_and_row_go_on() -> None:
    array = noise(5, 3, 1)
    layout = layout_of(array, tile=16, compression="none")
    tile = np.frombuffer(encode_tile(picture(array), layout), np.uint8).reshape(16, 16)
    assert np.array_equal(tile, cv2.copyMakeBorder(array, 0, 13, 0, 11, cv2.BORDER_REPLICATE))


def test_deflate_is_in_the_frame_of_zlib() -> None:
    array = noise(16, 16, 3)
    data = encode_tile(picture(array), layout_of(array, tile=16))
    differences = np.frombuffer(zlib.decompress(data), np.uint8).reshape(16, 16, 3)
    assert np.array_equal(np.cumsum(differences, axis=1, dtype=np.uint8), red_first(array))


@pytest.mark.parametrize("compression", ["deflate", "lzw", "none"])
def test_every_reader_sees_every_level_of_a_mask(compression: str) -> None:
    array = cv2.Canny(scene(500, 300, 3), 50, 100)
    assert 0 < np.count_nonzero(array) < array.size
    layout = layout_of(array, tile=128, compression=compression, mask=True)
    data = cog(array, layout)
    for seen in (seen_by_gdal, seen_by_tifffile, seen_by_vips):
        levels = seen(data)
        assert len(levels) == len(layout.levels)
        for level, expected in zip(levels, thinned(array, layout), strict=True):
            assert np.array_equal(level, expected)
    assert np.array_equal(seen_by_opencv(data)[0], array)
    assert valid(data)


def test_a_mask_takes_no_more_room_than_with_differences() -> None:
    array = cv2.Canny(scene(512, 512, 3), 50, 100)
    packed = [len(encode_tile(picture(array), layout_of(array, tile=512, mask=mask))) for mask in (True, False)]
    assert packed[0] <= packed[1]


@pytest.mark.parametrize("quality", [60, 95])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_jpeg_tile_and_its_tables_are_what_opencv_encodes(
    channels: int, subsampling: Any, quality: int
) -> None:
    array = scene(256, 256, channels)
    layout = layout_of(array, compression="jpeg", subsampling=subsampling, quality=quality)
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, SAMPLINGS[subsampling]]
    alone = cv2.imencode(".jpg", array, options if channels > 1 else options[:2])[1].tobytes()
    tile, shared = encode_tile(picture(array), layout), jpeg_tables(layout)
    assert len(alone) - len(tile) > len(shared)
    assert b"\xff\xdb" in shared
    assert b"\xff\xdb" not in tile[:64]
    joined = shared.removesuffix(b"\xff\xd9") + tile.removeprefix(b"\xff\xd8")
    assert np.array_equal(decoded(joined), decoded(alone))
    assert np.array_equal(read(cog(array, layout)).colour, read(alone).colour)


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_reader_sees_every_level_of_jpeg_tiles(channels: int, subsampling: Any) -> None:
    array = cv2.GaussianBlur(scene(500, 300, channels), (31, 31), 0)
    layout = layout_of(array, compression="jpeg", subsampling=subsampling, tile=128)
    data = cog(array, layout)
    own = [red_first(read(data, page).colour) for page in range(len(layout.levels))]
    assert np.abs(own[0].astype(int) - red_first(array)).mean() < 3
    for seen in (seen_by_tifffile, seen_by_gdal, seen_by_vips, seen_by_opencv):
        levels = [red_first(level) for level in seen(data)] if seen is seen_by_opencv else seen(data)
        for level, expected in zip(levels, own, strict=True):
            # decoders round in their own ways, and put back the chroma between its samples in their own, too
            difference = np.abs(level.astype(int) - expected)
            assert difference.mean() < 1, seen
            assert subsampling != "4:4:4" or difference.max() <= 4, seen
    assert valid(data)


def test_pixels_of_another_kind_and_more_than_a_tile_are_refused() -> None:
    layout = layout_of(noise(64, 64, 3), tile=64)
    for array in (noise(64, 64, 1), noise(64, 64, 3, "uint16"), noise(65, 64, 3), noise(64, 65, 3)):
        with pytest.raises(ValueError, match="for a tile of 64"):
            encode_tile(picture(array), layout)
