"""A tile of a file as a browser shows it: JPEG tiles are the file's own bytes, all others a PNG of the same pixels."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import cv2
import imagecodecs
import numpy as np
import pytest
import tifffile

from tests.imaging.cogs import cog, encoded, layout_of, pyramid
from tests.imaging.samples import decoded, noise, scene
from tests.imaging.tiffs import written
from tilework.errors import DamagedImageError, TileNotShownError
from tilework.imaging.formats.cog_tiles import read_cog
from tilework.imaging.formats.tile_encoding import jpeg_tables
from tilework.imaging.formats.tile_pictures import lzw_unpacked, media_type, tile_picture
from tilework.imaging.sources import BytesSource

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image

TILE = 64


def whole(array: Image) -> Image:
    """The first tile of an image, continued as an encoder does."""
    first = array[:TILE, :TILE]
    height, width = first.shape[:2]
    return cv2.copyMakeBorder(first, 0, TILE - height, 0, TILE - width, cv2.BORDER_REPLICATE)


@pytest.mark.parametrize("compression", ["deflate", "lzw", "none"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("size", [(100, 130), (7, 11)])
def test_a_tile_without_loss_is_a_png_of_its_pixels(
    size: tuple[int, int], channels: int, dtype: str, compression: str
) -> None:
    array = noise(*size, channels, dtype)
    layout = layout_of(array, tile=TILE, compression=compression)
    picture = tile_picture(encoded(pyramid(array, layout), layout)[0].data, layout)
    assert media_type(layout) == "image/png"
    np.testing.assert_array_equal(decoded(picture), whole(array))


def test_grey_with_alpha_is_a_png_of_both() -> None:
    array = noise(TILE, TILE, 3)[:, :, :2].copy()
    layout = layout_of(array, tile=TILE)
    picture = tile_picture(encoded(pyramid(array, layout), layout)[0].data, layout)
    np.testing.assert_array_equal(imagecodecs.png_decode(picture), array)


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_jpeg_tile_is_a_jpeg_of_its_own_that_all_decoders_see_alike(
    channels: int, subsampling: str
) -> None:
    array = scene(TILE, TILE, channels)
    layout = layout_of(array, tile=TILE, compression="jpeg", subsampling=subsampling)
    tile = encoded(pyramid(array, layout), layout)[0].data
    picture = tile_picture(tile, layout, jpeg_tables(layout))
    assert media_type(layout) == "image/jpeg"
    assert picture.endswith(tile[2:])
    # what OpenCV makes of the same pixels: the very stream, but for the order of its head
    factor = getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{subsampling.replace(':', '')}")
    options = [
        cv2.IMWRITE_JPEG_QUALITY,
        layout.quality,
        *([cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor] if channels == 3 else []),
    ]
    own = cv2.imencode(".jpg", array, options)[1]
    np.testing.assert_array_equal(decoded(picture), decoded(own.tobytes()))
    np.testing.assert_array_equal(imagecodecs.jpeg8_decode(picture), imagecodecs.jpeg8_decode(own.tobytes()))


@pytest.mark.parametrize("changes", [{"pixels": "float32"}, {"pixels": "int16"}, {"premultiplied": True}])
def test_pixels_that_no_browser_shows_are_refused_by_name(changes: dict[str, Any]) -> None:
    layout = layout_of(noise(TILE, TILE, 4), tile=TILE)
    if "pixels" in changes:
        changes = {"pixels": replace(layout.pixels, dtype=changes["pixels"])}
    layout = replace(layout, **changes)
    assert media_type(layout) is None
    with pytest.raises(TileNotShownError, match="No browser shows"):
        tile_picture(b"", layout)


@pytest.mark.parametrize("data", [b"", b"\xff" * 99, b"\x80\x60" + b"\x40" * 40])
@pytest.mark.parametrize("compression", ["deflate", "lzw", "none"])
def test_a_tile_that_cannot_be_unpacked_is_damaged(compression: str, data: bytes) -> None:
    layout = layout_of(noise(TILE, TILE), tile=TILE, compression=compression)
    with pytest.raises(DamagedImageError):
        tile_picture(data, layout)


@pytest.mark.parametrize("length", [1, 255, 4_000, 300_000])
@pytest.mark.parametrize("values", [1, 2, 256])
def test_lzw_is_unpacked_as_libtiffs_is(values: int, length: int) -> None:
    data = np.random.default_rng(length).integers(0, values, length, np.uint8).tobytes()
    assert lzw_unpacked(imagecodecs.lzw_encode(data), len(data)) == data


# --- finished files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("compression", "channels", "dtype"),
    [
        ("deflate", 3, "uint8"),
        ("deflate", 4, "uint16"),
        ("deflate", 1, "float32"),
        ("lzw", 1, "uint8"),
        ("none", 3, "uint16"),
        ("jpeg", 3, "uint8"),
        ("jpeg", 1, "uint8"),
    ],
)
def test_the_tiles_of_a_finished_file_are_found_where_they_lie(
    compression: str, channels: int, dtype: str
) -> None:
    array = scene(300, 500, channels) if dtype == "uint8" else noise(300, 500, channels, dtype)
    layout = layout_of(array, tile=TILE, compression=compression)
    data = cog(array, layout)
    found = read_cog(BytesSource(data))
    assert found is not None
    assert (found.layout.levels, found.layout.pixels, found.jpeg_tables) == (
        layout.levels,
        layout.pixels,
        jpeg_tables(layout),
    )
    for tile in encoded(pyramid(array, layout), layout):
        assert found.read(BytesSource(data), tile.level, tile.index) == tile.data


def test_a_tiled_file_of_another_writer_is_read_where_it_is_laid_out_so() -> None:
    array = scene(200, 150)
    data = written(array, tile=(TILE, TILE), compression="zlib", predictor=2)
    found = read_cog(BytesSource(data))
    assert found is not None
    picture = tile_picture(found.read(BytesSource(data), 0, 0), found.layout)
    np.testing.assert_array_equal(decoded(picture)[:, :, ::-1], array[:TILE, :TILE])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"tile": (32, TILE)},
        {"tile": (TILE, TILE), "compression": "zlib"},
        {"tile": (TILE, TILE), "byteorder": ">"},
        {"tile": (TILE, TILE), "planarconfig": "separate"},
        {"tile": (TILE, TILE), "compression": "zstd"},
    ],
)
def test_a_file_that_is_laid_out_otherwise_has_no_tiles_to_be_shown(options: dict[str, Any]) -> None:
    file = io.BytesIO()
    array = scene(200, 150)
    if options.get("planarconfig") == "separate":
        array = np.moveaxis(array, 2, 0)
    tifffile.imwrite(file, array, metadata=None, **{"photometric": "rgb", **options})
    assert read_cog(BytesSource(file.getvalue())) is None


def test_what_is_no_tiff_has_no_tiles() -> None:
    assert read_cog(BytesSource(b"")) is None
    assert read_cog(BytesSource(b"\x89PNG")) is None


def test_a_file_cut_short_in_its_tiles_is_damaged() -> None:
    array = scene(200, 150)
    data = cog(array, layout_of(array, tile=TILE))
    found = read_cog(BytesSource(data))
    assert found is not None
    with pytest.raises(DamagedImageError):
        found.read(BytesSource(data[:-9]), 0, 0)


PROGRAM = """
import sys
for name in ("numpy", "cv2", "imagecodecs", "tifffile", "PIL", "simplejpeg", "pillow_heif"):
    sys.modules[name] = None
from tilework.imaging.formats.cog_tiles import read_cog
from tilework.imaging.formats.tile_pictures import tile_picture
from tilework.imaging.sources import BytesSource
source = BytesSource(sys.stdin.buffer.read())
found = read_cog(source)
sys.stdout.buffer.write(tile_picture(found.read(source, 0, 1), found.layout, found.jpeg_tables))
"""


def test_a_program_without_numpy_shows_tiles() -> None:
    array = noise(300, 200, 3, "uint16")
    data = cog(array, layout_of(array, tile=TILE))
    done = subprocess.run([sys.executable, "-c", PROGRAM], input=data, capture_output=True, check=True)
    np.testing.assert_array_equal(decoded(done.stdout), array[:TILE, TILE : 2 * TILE])
