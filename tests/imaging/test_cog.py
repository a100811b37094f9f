"""Cloud-optimized TIFFs put together from tiles: the same pixels for every reader, in the order that validators ask for."""

from __future__ import annotations

import io
import pickle
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from rasterio.io import MemoryFile

from tests.imaging.cog_readers import (
    red_first,
    same,
    seen_by_gdal,
    seen_by_opencv,
    seen_by_tifffile,
    seen_by_vips,
    valid,
)
from tests.imaging.cogs import assembled, cog, encoded, in_any_order, layout_of, pyramid, thinned
from tests.imaging.samples import decoded, noise, picture, scene
from tests.imaging.test_tiff_results import full, tags_of, with_exif
from tests.imaging.tiffs import everything, read, written
from tilework.imaging.formats import encode, probe, read_metadata
from tilework.imaging.formats.cog import CogLayout, TileTable, header, header_bytes
from tilework.imaging.formats.header import Format
from tilework.imaging.formats.tiff_description import description
from tilework.imaging.formats.tiff_tags import Tree
from tilework.imaging.formats.tile_encoding import jpeg_tables
from tilework.imaging.limits import Limits
from tilework.imaging.operations import Pixels
from tilework.imaging.sources import BytesSource
from tilework.imaging.windows import Size

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

KINDS = [
    ("uint8", 1),
    ("uint8", 2),
    ("uint8", 3),
    ("uint8", 4),
    ("uint16", 3),
    ("uint16", 4),
    ("int16", 1),
    ("int32", 3),
    ("float32", 1),
    ("float32", 3),
    ("float64", 1),
]


@pytest.mark.parametrize("compression", ["deflate", "lzw", "none"])
@pytest.mark.parametrize(("dtype", "channels"), KINDS)
def test_every_reader_sees_every_pixel_of_every_level(dtype: str, channels: int, compression: str) -> None:
    array = noise(300, 530, channels, dtype)
    layout = layout_of(array, compression=compression, tile=128)
    data = cog(array, layout)
    levels = thinned(array, layout)
    assert len(levels) == 4
    for seen in (seen_by_tifffile, seen_by_gdal, seen_by_vips):
        if seen is seen_by_vips and dtype == "float64":
            # libvips refuses any TIFF of 64 bits
            continue
        assert same(seen(data), [red_first(level) for level in levels]), seen
    if channels != 2 and (channels, dtype) != (4, "uint8"):
        # OpenCV (libtiff) multiplies 8-bit colours by an alpha that is not associated
        assert same(seen_by_opencv(data), levels)
    header, whole, _, notes = everything(data)
    assert header.lossless
    assert any("others (3) only belong to it" in note for note in notes)
    own = picture(array)
    assert np.array_equal(whole.colour, own.colour)
    assert own.alpha is None or (whole.alpha is not None and np.array_equal(whole.alpha, own.alpha))
    for page, level in enumerate(levels):
        assert np.array_equal(read(data, page).colour, picture(level).colour)
    assert valid(data)


@pytest.mark.parametrize(
    ("width", "height", "levels"), [(1, 1, 1), (256, 256, 1), (700, 300, 3), (1025, 1030, 4)]
)
@pytest.mark.parametrize("compression", ["deflate", "jpeg"])
def test_the_order_of_the_tiles_in_the_file_changes_no_pixel(
    width: int, height: int, levels: int, compression: str
) -> None:
    array = scene(width, height)
    layout = layout_of(array, compression=compression)
    tiles = encoded(pyramid(array, layout), layout)
    smallest_first = sorted(tiles, key=lambda tile: (-tile.level, tile.index))
    files = [
        assembled(order, layout) for order in (smallest_first, in_any_order(tiles), in_any_order(tiles, 1))
    ]
    assert len(layout.levels) == levels
    assert len(tiles) < 10 or len(set(files)) == 3
    first = seen_by_gdal(files[0])
    for data in files:
        assert valid(data)
        assert same(seen_by_gdal(data), first)
        assert np.array_equal(read(data).colour, read(files[0]).colour)
    assert compression == "jpeg" or np.array_equal(first[0], red_first(array))


def test_a_first_tile_of_the_main_image_before_those_of_overviews_would_not_be_valid() -> None:
    array = scene(700, 600)
    layout = layout_of(array)
    tiles = encoded(pyramid(array, layout), layout)
    assert not valid(assembled(tiles, layout))
    assert valid(assembled(in_any_order(tiles), layout))


def test_levels_are_halves_rounded_up_until_one_tile_holds_all() -> None:
    pixels = Pixels("uint8", 3)
    layout = CogLayout(size=Size(1025, 1030), pixels=pixels, tile=256)
    assert layout.levels == (Size(1025, 1030), Size(513, 515), Size(257, 258), Size(129, 129))
    assert layout.grids == (Size(5, 5), Size(3, 3), Size(2, 2), Size(1, 1))
    assert CogLayout(size=Size(3, 9_000), pixels=pixels, tile=4096).levels == (
        Size(3, 9_000),
        Size(2, 4_500),
        Size(1, 2_250),
    )
    assert CogLayout(size=Size(256, 256), pixels=pixels, tile=256).levels == (Size(256, 256),)
    assert CogLayout(size=Size(9_000, 9_000), pixels=pixels, overviews=False).levels == (Size(9_000, 9_000),)


def test_without_overviews_there_is_one_page() -> None:
    array = noise(700, 300)
    data = cog(array, layout_of(array, overviews=False))
    assert same(seen_by_tifffile(data), [red_first(array)])
    assert np.array_equal(decoded(data), array)


def test_zeros_may_follow_the_header_up_to_what_a_store_asks_of_a_first_part() -> None:
    array = noise(300, 300)
    layout = layout_of(array)
    tiles = in_any_order(encoded(pyramid(array, layout), layout))
    data = assembled(tiles, layout, room=1 << 20)
    assert np.array_equal(read(data).colour, array)
    assert valid(data)


def test_four_hundred_thousand_tiles_have_a_header_of_twelve_bytes_for_each() -> None:
    layout = CogLayout(size=Size(632 * 512, 633 * 512), pixels=Pixels("uint8", 3), compression="jpeg")
    shared = jpeg_tables(layout)
    start = header_bytes(layout, Tree(), shared)
    tiles = sum(grid.pixels for grid in layout.grids)
    assert layout.grids[0].pixels > 400_000
    assert 0 <= start - 12 * tiles < 16_384
    tables, position = [], start
    for grid in layout.grids:
        table = TileTable.blank(grid.pixels)
        offsets = np.frombuffer(table.offsets, np.uint64)
        counts = np.frombuffer(table.counts, np.uint64)
        counts[:] = 30_000 + np.arange(grid.pixels, dtype=np.uint64) % 7
        offsets[:] = position + np.arange(grid.pixels, dtype=np.uint64) * 30_010
        position += grid.pixels * 30_010
        tables.append(table)
    data = header(layout, tables, Tree(), shared)
    assert len(data) == start
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        assert len(file.pages) == len(layout.levels)
        for page, table in zip(file.pages, tables, strict=True):
            assert page.offset < 16_384
            assert np.array_equal(page.dataoffsets, table.offsets)
            assert np.array_equal(page.databytecounts, table.counts)


@pytest.mark.parametrize(
    ("offset", "count", "length"),
    [(0, 0, 4), (100, 5, 4), (1 << 20, 0, 4), (1 << 20, 1 << 32, 4), (1 << 20, 5, 3)],
)
def test_a_table_with_a_tile_that_is_nowhere_is_refused(offset: int, count: int, length: int) -> None:
    layout = CogLayout(size=Size(32, 32), pixels=Pixels("uint8", 1), tile=16, overviews=False)
    table = TileTable.blank(length)
    for tile in range(length):
        table.put(tile, 1 << 20, 5)
    table.put(2, offset, count)
    with pytest.raises(ValueError, match="tile"):
        header(layout, [table], Tree())


OWN = {254, 256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 322, 323, 324, 325, 339}


def described(data: bytes) -> tuple[dict[int, Any], dict[int, Any]]:
    """What stands beside the pixels of a COG of an image's metadata, and of the other writer's TIFF."""
    source, metadata = read_metadata(data, probe(BytesSource(data), Limits()))
    whole = read(data) if source.format == "tiff" else picture(decoded(data, cv2.IMREAD_COLOR))
    metadata = metadata.for_result(source, whole.size, same_format=source.format == "tiff", same_colour=True)
    layout = CogLayout(size=whole.size, pixels=whole.pixels, tile=16)
    cogged = assembled(
        in_any_order(encoded(pyramid(whole.colour, layout), layout)), layout, description(metadata, source)
    )
    assert valid(cogged)
    assert np.array_equal(read(cogged).colour, whole.colour)
    with tifffile.TiffFile(io.BytesIO(cogged)) as file:
        for page in file.pages[1:]:
            assert {tag.code for tag in page.tags} <= OWN
    written = encode(whole, Format.TIFF, metadata, source)
    return tuple(
        {code: value for code, value in tags_of(each).items() if code not in OWN}
        for each in (cogged, written)
    )


@pytest.mark.parametrize("options", [{}, {"more": [(274, 3, 1, 6, True)]}, {"byteorder": ">"}])
def test_what_stands_beside_the_pixels_is_what_any_tiff_result_has(options: dict[str, Any]) -> None:
    cogged, other = described(full(**options))
    assert cogged == other
    assert {270, 271, 282, 285, 296, 700, 33432, 34675, 42112, 42113} <= cogged.keys()
    assert ({33550, 34735} <= cogged.keys()) == ("more" not in options)


def test_exif_of_a_jpeg_is_in_its_directories() -> None:
    cogged, other = described(with_exif())
    assert cogged == other
    assert cogged[34665]["ExposureTime"] == (1, 125)
    assert cogged[34853]["GPSLatitudeRef"] == "N"


def test_gdal_finds_the_place_on_the_earth_and_the_nodata_value() -> None:
    place = [
        (33550, 12, 3, (0.5, 0.5, 0.0), True),
        (33922, 12, 6, (0.0, 0.0, 0.0, 440_720.0, 3_751_320.0, 0.0), True),
    ]
    keys = [(34735, 3, 8, (1, 1, 0, 1, 3072, 0, 1, 32_611), True), (42113, 2, 3, "-7", True)]
    array = noise(300, 200, 1, "int16")
    data = written(array, photometric="minisblack", extratags=[*place, *keys])
    source, metadata = read_metadata(data, probe(BytesSource(data), Limits()))
    layout = layout_of(array, tile=64)
    cogged = cog(array, layout, description(metadata, source))
    with MemoryFile(cogged) as file, file.open() as opened:
        assert opened.crs.to_epsg() == 32_611
        assert opened.transform[:6] == (0.5, 0.0, 440_720.0, 0.0, -0.5, 3_751_320.0)
        assert opened.nodata == -7
        assert opened.overviews(1) == [2, 4, 8]
    assert valid(cogged)


def test_alpha_is_associated_or_not_and_bands_without_a_name_have_none() -> None:
    colours, bands = noise(20, 20, 4), noise(20, 20, 3, "uint16")
    for premultiplied, expected in ((True, 1), (False, 2)):
        with tifffile.TiffFile(
            io.BytesIO(cog(colours, layout_of(colours, premultiplied=premultiplied)))
        ) as file:
            assert file.pages[0].extrasamples == (expected,)
    data = cog(bands, layout_of(bands, unnamed=True))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        assert (file.pages[0].photometric, file.pages[0].extrasamples) == (1, (0, 0))
    assert np.array_equal(read(data).colour, bands)


@pytest.mark.parametrize(
    "options",
    [
        {"tile": 100},
        {"tile": 0},
        {"pixels": Pixels("float16", 1)},
        {"pixels": Pixels("uint8", 2)},
        {"compression": "jpeg", "pixels": Pixels("uint16", 3)},
        {"compression": "jpeg", "pixels": Pixels("uint8", 3, alpha=True)},
        {"compression": "jpeg", "unnamed": True},
        {"compression": "jpeg", "quality": 0},
    ],
)
def test_a_layout_that_no_reader_would_take_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"tiles of|no TIFF|JPEG tiles"):
        CogLayout(**{"size": Size(9, 9), "pixels": Pixels("uint8", 3), **options})


def test_a_layout_crosses_to_other_processes() -> None:
    layout = CogLayout(size=Size(9, 9), pixels=Pixels("uint8", 3), compression="jpeg", subsampling="4:2:0")
    assert pickle.loads(pickle.dumps(layout)) == layout  # noqa: S301 - its own
