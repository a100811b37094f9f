"""The pixels of TIFFs: every layout, depth and compression that the table of formats lists, as other readers see them."""

from __future__ import annotations

import io
import struct

import cv2
import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from tests.imaging.samples import decoded, noise, scene
from tests.imaging.tiffs import LONG, SHORT, blue_first, built, everything, grey, packed, read, written
from tilework.imaging.formats import probe
from tilework.imaging.limits import Limits
from tilework.imaging.sources import BytesSource

DTYPES = ("uint8", "uint16", "int16", "int32", "float16", "float32", "float64")
PACKED = [
    (None, None),
    ("packbits", None),
    ("lzw", None),
    ("lzw", 2),
    ("adobe_deflate", 2),
    ("deflate", None),
    ("lzma", None),
    ("zstd", 2),
]


def sample(width: int, height: int, channels: int, dtype: str) -> np.ndarray:
    if dtype == "float16":
        return noise(width, height, channels, "float32").astype(np.float16)
    return noise(width, height, channels, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("compression", "predictor"), PACKED)
def test_every_depth_compression_and_layout_gives_the_pixels_that_were_written(
    compression: str | None, predictor: int | None, dtype: str
) -> None:
    if predictor and dtype.startswith("float"):
        predictor = 3
    layouts = [(order, planar, tile) for order in "<>" for planar in (1, 2) for tile in (None, (16, 32))]
    for channels in (1, 2, 3, 4):
        array = sample(45, 37, channels, dtype)
        for order, planar, tile in layouts:
            data = written(
                np.moveaxis(array, -1, 0).copy() if planar == 2 and channels > 1 else array,
                byteorder=order,
                bigtiff=order == ">",
                planarconfig=planar if channels > 1 else None,
                photometric="rgb" if channels > 2 else "minisblack",
                extrasamples=["unassalpha"] if channels in {2, 4} else None,
                tile=tile,
                rowsperstrip=None if tile else 7,
                compression=compression,
                predictor=predictor,
            )
            picture = read(data)
            stored = array.astype(np.float32) if dtype == "float16" else array
            colour = stored if channels == 1 else stored[:, :, 0] if channels == 2 else blue_first(stored)
            assert np.array_equal(picture.colour, colour), (channels, order, planar, tile)
            if channels in {2, 4}:
                assert picture.alpha is not None
                assert np.array_equal(picture.alpha, stored[:, :, -1])


@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize("photometric", [0, 1])
def test_fewer_than_8_bits_become_8_and_white_is_zero_is_inverted(bits: int, photometric: int) -> None:
    most = (1 << bits) - 1
    values = np.random.default_rng(bits).integers(0, most, (5, 13), np.uint8, endpoint=True)
    rows = packed(values, bits)
    tags = grey(13, 5, 16, len(rows), _258=(SHORT, bits), _262=(SHORT, photometric))
    grown = values * (255 // most)
    assert np.array_equal(read(built(tags, body=rows)).colour, grown if photometric else 255 - grown)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_white_is_zero_is_inverted_and_its_alpha_is_not(dtype: str) -> None:
    array = noise(20, 10, 2, dtype)
    for planar in (1, 2):
        data = written(
            np.moveaxis(array, -1, 0).copy() if planar == 2 else array,
            photometric="miniswhite",
            planarconfig=planar,
            extrasamples=["unassalpha"],
        )
        picture = read(data)
        assert np.array_equal(picture.colour, ~array[:, :, 0])
        assert picture.alpha is not None
        assert np.array_equal(picture.alpha, array[:, :, 1])
    alone = written(array[:, :, 0], photometric="miniswhite")
    if dtype == "uint8":
        assert np.array_equal(read(alone).colour, decoded(alone, cv2.IMREAD_GRAYSCALE))


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_palette_becomes_the_upper_8_bits_of_its_colours(bits: int) -> None:
    generator = np.random.default_rng(bits)
    table = generator.integers(256, 65_535, (3, 1 << bits))
    values = generator.integers(0, (1 << bits) - 1, (6, 11), np.uint8, endpoint=True)
    rows = packed(values, bits)
    tags = grey(11, 6, 16, len(rows), _258=(SHORT, bits), _262=(SHORT, 3))
    data = built(tags | {320: (SHORT, table.ravel().tolist())}, body=rows)
    assert np.array_equal(read(data).colour, (table >> 8).T[values][:, :, ::-1])
    if bits == 8:
        assert np.array_equal(read(data).colour, decoded(data, cv2.IMREAD_COLOR))


def test_a_palette_of_8_bit_numbers_is_taken_as_libtiff_takes_it() -> None:
    table = np.random.default_rng(0).integers(0, 255, (3, 256), endpoint=True)
    values = noise(9, 7, 1)
    tags = grey(9, 7, 16, 63, _262=(SHORT, 3)) | {320: (SHORT, table.ravel().tolist())}
    data = built(tags, body=values.tobytes())
    assert np.array_equal(read(data).colour, table.T[values][:, :, ::-1])


@pytest.mark.parametrize("tile", [None, (64, 48)])
@pytest.mark.parametrize("subsampling", [(1, 1), (2, 1), (2, 2)])
def test_ycbcr_in_jpeg_becomes_the_colours_that_opencv_sees(
    subsampling: tuple[int, int], tile: tuple[int, int] | None
) -> None:
    data = written(
        scene(130, 100),
        photometric="ycbcr",
        compression="jpeg",
        subsampling=subsampling,
        tile=tile,
        rowsperstrip=None if tile else 32,
    )
    assert np.array_equal(read(data).colour, decoded(data, cv2.IMREAD_COLOR))
    assert np.array_equal(read(data).colour, tifffile.imread(io.BytesIO(data))[:, :, ::-1])


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_jpeg_strips_with_shared_tables_are_read(mode: str) -> None:
    file = io.BytesIO()
    image = Pillow.fromarray(scene(130, 100, 3 if mode == "RGB" else 1))
    image.save(file, "TIFF", compression="jpeg", strip_size=4_000)
    with tifffile.TiffFile(io.BytesIO(file.getvalue())) as opened:
        assert opened.pages[0].jpegtables
    assert np.array_equal(read(file.getvalue()).colour, decoded(file.getvalue()))


def test_the_photometric_tag_and_not_the_jpegs_own_marker_names_its_colours() -> None:
    """Aperio's tiles are RGB without a marker, which a JPEG decoder takes for YCbCr; others bear a JFIF marker."""
    array = scene(64, 64)
    jfif = cv2.imencode(
        ".jpg", array, [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    )[1]
    tile = imagecodecs.jpeg8_encode(array, 95, colorspace="rgb", outcolorspace="rgb")
    for data, photometric in ((jfif.tobytes(), 6), (jfif.tobytes(), 2), (tile, 2)):
        tags = grey(
            64,
            64,
            16,
            len(data),
            _258=(SHORT, (8, 8, 8)),
            _259=(SHORT, 7),
            _262=(SHORT, photometric),
            _277=(SHORT, 3),
        )
        file = built(tags, body=data)
        assert np.array_equal(read(file).colour, decoded(file, cv2.IMREAD_COLOR)), photometric
    assert np.abs(read(file).colour.astype(int) - array[:, :, ::-1]).max() < 40


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("compression", ["webp", 33005, "jpeg2000"])
def test_webp_and_jpeg_2000_tiles_are_read(compression: str | int, channels: int) -> None:
    array = noise(130, 100, channels)
    data = written(
        array,
        photometric="rgb",
        compression=compression,
        compressionargs={"lossless": True} if compression == "webp" else {"reversible": True, "level": 0},
        tile=(64, 64),
        extrasamples=["unassalpha"] if channels == 4 else None,
    )
    picture = read(data)
    assert np.array_equal(picture.colour, blue_first(tifffile.imread(io.BytesIO(data))))
    assert np.array_equal(picture.colour, blue_first(array))
    assert picture.alpha is None or np.array_equal(picture.alpha, array[:, :, 3])


def codestream(planes: list[np.ndarray], across: int) -> bytes:
    """A JPEG 2000 of three components, of which the last two have every ``across``-th column.

    Of one resolution and one layer, whose packets are those of three codestreams of one component each.
    """
    parts = [
        imagecodecs.jpeg2k_encode(p, codecformat="j2k", reversible=True, level=0, resolutions=1)
        for p in planes
    ]
    bodies = []
    for part in parts:
        start = part.index(b"\xff\x93") + 2
        bodies.append(part[start : part.rindex(b"\xff\xd9")])
    first = parts[0]
    size_end = 4 + int.from_bytes(first[4:6])
    siz = first[:40] + struct.pack(">H", 3) + b"\7\1\1" + bytes((7, across, 1)) * 2
    siz = siz[:4] + struct.pack(">H", len(siz) - 4) + siz[6:]
    tile_part = first.index(b"\xff\x90")
    length = tile_part_bytes = 14 + sum(map(len, bodies))
    sot = b"\xff\x90" + struct.pack(">HHIBB", 10, 0, length, 0, 1)
    assert tile_part_bytes == len(sot) + 2 + sum(map(len, bodies))
    return siz + first[size_end:tile_part] + sot + b"\xff\x93" + b"".join(bodies) + b"\xff\xd9"


@pytest.mark.parametrize("across", [1, 2])
def test_aperios_ycbcr_in_jpeg_2000_becomes_rgb(across: int) -> None:
    array = scene(64, 48)
    luma, red, blue = cv2.split(cv2.cvtColor(array, cv2.COLOR_BGR2YCrCb))
    data = codestream([luma, *(np.ascontiguousarray(plane[:, ::across]) for plane in (blue, red))], across)
    tags = grey(
        64, 48, 16, len(data), _258=(SHORT, (8, 8, 8)), _259=(SHORT, 33003), _262=(SHORT, 2), _277=(SHORT, 3)
    )
    found = read(built(tags, body=data)).colour.astype(int)
    assert np.abs(found - array).max() <= (3 if across == 1 else 40)
    assert np.abs(found - array).mean() < 3


@pytest.mark.parametrize("photometric", [0, 1])
@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt"])
def test_fax_strips_are_read_as_pillow_reads_them(compression: str, photometric: int) -> None:
    image = Pillow.fromarray((scene(131, 64, 1) > 127).astype(np.uint8) * 255).convert("1")
    file = io.BytesIO()
    image.save(file, "TIFF", compression=compression, strip_size=200, tiffinfo={262: photometric})
    expected = np.asarray(Pillow.open(file).convert("L"))
    assert np.array_equal(read(file.getvalue()).colour, expected)


@pytest.mark.parametrize("compression", [1, 4, 8])
def test_bits_in_reversed_order_are_read(compression: int) -> None:
    values = (scene(131, 40, 1) > 127).astype(np.uint8)
    rows = np.packbits(values, axis=1).tobytes()
    if compression == 4:
        file = io.BytesIO()
        Pillow.frombytes("1", (131, 40), rows).save(file, "TIFF", compression="group4")
        with tifffile.TiffFile(io.BytesIO(file.getvalue())) as opened:
            page = opened.pages[0]
            rows = file.getvalue()[page.dataoffsets[0] :][: page.databytecounts[0]]
    elif compression == 8:
        rows = imagecodecs.zlib_encode(rows)
    turned = imagecodecs.bitorder_encode(rows)
    tags = grey(131, 40, 16, len(turned), _258=(SHORT, 1), _259=(SHORT, compression), _266=(SHORT, 2))
    assert np.array_equal(read(built(tags, body=turned)).colour, values * 255)


def test_three_channels_without_a_name_stay_three() -> None:
    """OpenCV makes one of the three of them."""
    array = noise(31, 23, 3, "uint16")
    data = written(array, photometric="minisblack", planarconfig="contig")
    header, picture, _, notes = everything(data)
    assert header.pixels.channels == 3
    assert np.array_equal(picture.colour, array[:, :, ::-1])
    assert any("no colours by name" in note for note in notes)


def test_a_fourth_channel_without_a_name_is_taken_as_alpha_with_a_note() -> None:
    """As OpenCV writes it."""
    array = noise(31, 23, 4)
    tags = grey(31, 23, 16, array.size, _258=(SHORT, (8,) * 4), _262=(SHORT, 2), _277=(SHORT, 4))
    _, picture, _, notes = everything(built(tags, body=array.tobytes()))
    assert picture.alpha is not None
    assert np.array_equal(picture.alpha, array[:, :, 3])
    assert any("taken as alpha" in note for note in notes)


@pytest.mark.parametrize("nodata", [None, "7", "-5", "garbage"])
def test_missing_tiles_are_nodata_or_zero_with_a_note(nodata: str | None) -> None:
    array = noise(40, 40, 1)
    tiles = [array[y : y + 16, x : x + 16] for y in (0, 16) for x in (0, 16)]
    body = b"".join(np.ascontiguousarray(tile).tobytes() for tile in tiles[:3])
    tags = {tag: value for tag, value in grey(32, 32, 0, 0).items() if tag not in {273, 278, 279}}
    tags |= {
        322: (SHORT, 16),
        323: (SHORT, 16),
        324: (LONG, (16, 272, 528, 0)),
        325: (LONG, (256, 256, 256, 0)),
    }
    if nodata:
        tags[42113] = (2, nodata.encode() + b"\0")
    _, picture, _, notes = everything(built(tags, body=body))
    expected = array[:32, :32].copy()
    expected[16:, 16:] = 7 if nodata == "7" else 0
    assert np.array_equal(picture.colour, expected)
    assert any("1 of its 4 tiles" in note for note in notes)


@pytest.mark.parametrize(
    ("nodata", "bits", "value"),
    [
        ("-1.7976931348623157e+308", 32, np.finfo(np.float32).min),
        ("-9999", 64, -9999),
        ("nan", 32, np.nan),
        ("1e9", 16, 65_504),
    ],
)
def test_missing_floats_are_nodata_as_far_as_they_can_be(nodata: str, bits: int, value: float) -> None:
    tags = grey(4, 4, 0, 0, _258=(SHORT, bits), _339=(SHORT, 3)) | {42113: (2, nodata.encode() + b"\0")}
    assert np.array_equal(np.unique(read(built(tags)).colour), np.array([value]), equal_nan=True)


def test_a_missing_strip_of_a_palette_has_the_first_colour() -> None:
    table = [65_535] * 256 + [0] * 256 + [256] * 256
    tags = grey(4, 4, 0, 0, _262=(SHORT, 3)) | {320: (SHORT, table)}
    assert read(built(tags)).colour.tolist() == [[[1, 0, 255]] * 4] * 4


def test_a_file_that_does_not_say_what_its_values_mean_or_how_long_its_strips_are_is_read_with_a_note() -> (
    None
):
    array = noise(9, 7, 1)
    tags = grey(9, 7, 16, 63)
    del tags[262], tags[279], tags[278], tags[277]
    _, picture, _, notes = everything(built(tags, body=array.tobytes()))
    assert np.array_equal(picture.colour, array)
    assert any("does not say what its values mean" in note for note in notes)


def test_a_packed_strip_that_lacks_its_end_or_goes_on_is_read_with_a_note() -> None:
    array = noise(16, 16, 1)
    packed = imagecodecs.zlib_encode(array.tobytes())
    longer = imagecodecs.zlib_encode(array.tobytes() + bytes(500))
    for stream in (packed[:-4], longer):
        tags = grey(16, 16, 16, len(stream), _259=(SHORT, 8))
        _, picture, _, notes = everything(built(tags, body=stream))
        assert np.array_equal(picture.colour, array)
        assert any("Strip 0 (byte 16) is odd" in note for note in notes)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_applied(orientation: int) -> None:
    array = scene(37, 23)
    data = written(array, photometric="rgb", extratags=[(274, 3, 1, orientation, True)])
    header, picture, _, _ = everything(data)
    assert np.array_equal(picture.colour, decoded(data, cv2.IMREAD_COLOR))
    assert (header.size.width, header.size.height) == picture.colour.shape[1::-1]


def test_the_header_is_read_without_reading_pixels() -> None:
    data = written(noise(2_000, 1_500, 3), photometric="rgb", compression="lzw", tile=(256, 256))

    class Counted(BytesSource):
        def read(self, start: int, stop: int) -> bytes:
            spent.append(stop - start)
            return BytesSource.read(self, start, stop)

    spent: list[int] = []
    header = probe(Counted(data), Limits())
    assert (header.size.width, header.size.height, header.bits) == (2_000, 1_500, 8)
    assert sum(spent) < 300_000 < len(data)
