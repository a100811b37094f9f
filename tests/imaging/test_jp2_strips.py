"""JPEG 2000 in strips: tiles by the one decoder, and windows of a large one by GDAL's, with the same pixels and verdicts."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING

import imagecodecs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from rasterio._err import CPLE_BaseError

from tests.imaging.jp2_files import ALPHA, GREY, RGB, VARIANTS, codestream, file_of, parts, pillow
from tests.imaging.samples import noise, scene
from tests.imaging.strip_readings import check, header_of, verdict, verdict_of_strips
from tilework.errors import ImageError, TooLargeError
from tilework.imaging.formats import jp2_strips
from tilework.imaging.formats.jp2_boxes import boxed
from tilework.imaging.formats.strips import read_strips, strip_memory
from tilework.imaging.sources import BytesSource

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image as Array

DEEP = GREY.astype(np.uint16) * 257


@pytest.fixture(params=["tiles", "windows"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whether tiles are small enough to be decoded whole."""
    if request.param == "windows":
        monkeypatch.setattr(jp2_strips, "WHOLE_BYTES", 0)
    return str(request.param)


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("array", [RGB, ALPHA, DEEP], ids=["colour", "alpha", "deep grey"])
@pytest.mark.parametrize("irreversible", [False, True])
def test_every_way_of_writing_has_the_pixels_of_the_one_decoder(
    array: Array, name: str, irreversible: bool
) -> None:
    check(pillow(array, **VARIANTS[name] | {"irreversible": irreversible}), 7)


@st.composite
def drawn(draw: st.DrawFn) -> tuple[bytes, int]:
    """A codestream, and the height of its strips."""
    width, height = draw(st.integers(1, 130)), draw(st.integers(1, 130))
    array = (scene, noise)[draw(st.booleans())](width, height, draw(st.sampled_from([1, 3, 4])))
    if draw(st.booleans()):
        array = array.astype(np.uint16) * 257
    options = {
        "BLOCKXSIZE": draw(st.integers(32, 140)),
        "BLOCKYSIZE": draw(st.integers(32, 140)),
        "RESOLUTIONS": draw(st.integers(1, 5)),
        "PROGRESSION": draw(st.sampled_from(["LRCP", "RLCP", "RPCL", "PCRL", "CPRL"])),
        "REVERSIBLE": draw(st.sampled_from(["YES", "NO"])),
        "QUALITY": draw(st.sampled_from(["100", "30", "5,20,60"])),
        "CODEBLOCK_WIDTH": draw(st.sampled_from([4, 32, 64])),
        "TILEPARTS": draw(st.sampled_from(["DISABLED", "RESOLUTIONS", "LAYERS", "COMPONENTS"])),
        "PLT": draw(st.sampled_from(["YES", "NO"])),
        "SOP": draw(st.sampled_from(["YES", "NO"])),
        "EPH": draw(st.sampled_from(["YES", "NO"])),
    }
    if draw(st.booleans()):
        options["PRECINCTS"] = "{64,64},{32,32}"
    try:
        data = codestream(array, **options)
    except CPLE_BaseError:
        # OpenJPEG's encoder makes too little room for some tiles that do not compress: it fails, or leaves markers out
        reject()
    return data, draw(st.integers(1, 140))


@given(drawn())
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
def test_whatever_its_sizes_orders_and_transforms_strips_are_parts_of_the_whole(
    file: tuple[bytes, int],
) -> None:
    data, rows = file
    if verdict(data):
        # the encoder left a marker out
        assert verdict_of_strips(data, rows).startswith("damaged")
    else:
        check(data, rows)


@pytest.mark.parametrize("reversible", [False, True])
def test_windows_meet_without_a_seam(reversible: bool) -> None:
    """Three across and two down."""
    data = imagecodecs.jpeg2k_encode(
        scene(2100, 1100), level=30, reversible=reversible, codecformat="j2k", planar=False
    )
    check(bytes(data), 300)


def test_high_throughput_blocks_and_12_bits_are_read() -> None:
    check(bytes(imagecodecs.htj2k_encode(RGB)), 16)
    check(bytes(imagecodecs.jpeg2k_encode(DEEP >> 4, level=0, reversible=True, bitspersample=12)), 16)


def test_a_tile_may_reach_beyond_its_image() -> None:
    bare = pillow(RGB, no_jp2=True)
    check(bare[:24] + (2**31 - 1).to_bytes(4) * 2 + bare[32:], 16)


BARE = pillow(RGB, no_jp2=True, tile_size=(32, 32))


@pytest.mark.parametrize(
    "data",
    [BARE[:-2], BARE + b"more", pillow(RGB) + b"\0\0", pillow(RGB) + boxed(b"jp2c", BARE)],
    ids=["no end marker", "bytes behind it", "no box", "two pictures"],
)
def test_an_odd_one_is_taken_with_the_same_notes(data: bytes) -> None:
    check(data, 16)


def test_a_damaged_tile_is_named_and_the_strips_before_it_have_come() -> None:
    """Tiles of 32 rows: the seventh of nine is the first of the last row."""
    place = BARE.index(b"\xff\x90\0\x0a\0\6") + 14
    data = BARE[:place] + b"\xff" * 40 + BARE[place + 40 :]
    assert verdict(data).startswith("damaged")
    strips = read_strips(BytesSource(data), header_of(data), 32)
    assert [next(strips).size.height, next(strips).size.height] == [32, 32]
    with pytest.raises(ImageError, match="Tile 7 of 9 of the JPEG 2000 is damaged"):
        next(strips)


def test_packet_headers_of_all_tiles_in_one_place_are_refused() -> None:
    first = BARE.index(b"\xff\x90")
    data = BARE[:first] + b"\xff\x60\0\3\0" + BARE[first:]
    with pytest.raises(TooLargeError, match="PPM"):
        next(read_strips(BytesSource(data), header_of(data), 16))


def broken(count: int) -> list[bytes]:
    random = np.random.default_rng(11)
    wholes = [pillow(scene(60, 50), **options) for options in VARIANTS.values()] + [pillow(ALPHA)]
    found = []
    for index in range(count):
        data = bytearray(wholes[index % len(wholes)])
        reach = len(data) if index % 2 else 300
        for _ in range(int(random.choice([1, 1, 4, 20]))):
            data[int(random.integers(12, reach))] = int(random.integers(256))
        found.append(bytes(data[: int(random.integers(12, len(data)))] if index % 7 == 0 else data))
    return found


def differing(data: bytes, whole_bytes: int) -> tuple[str, str] | None:
    """The verdicts on a file where they are of different kinds; pixels that differ fail."""
    jp2_strips.WHOLE_BYTES = whole_bytes
    whole, in_strips = verdict(data), verdict_of_strips(data)
    if whole.partition(":")[0] != in_strips.partition(":")[0]:
        return whole, in_strips
    if not whole:
        check(data, 7)
    return None


def test_what_is_refused_whole_is_refused_in_strips_and_nothing_has_other_pixels() -> None:
    """In a process of its own: OpenJPEG has crashed before."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        files = broken(100)
        found = list(pool.map(differing, files, [jp2_strips.WHOLE_BYTES] * len(files), timeout=120))
    assert [each for each in found if each] == []


def test_what_is_held_is_announced(way: str) -> None:
    """A tile of 64 x 64, or of the whole 90 x 70, beside what does not depend on the file."""
    tiled, plain = (
        strip_memory(header_of(pillow(RGB, **options)), 8) for options in ({"tile_size": (64, 64)}, {})
    )
    if way == "tiles":
        assert plain - tiled > 7 * 3 * (90 * 70 - 64 * 64)
    else:
        codestream = dict(parts(pillow(RGB)))[b"jp2c"]
        assert plain - jp2_strips.WINDOW_BYTES - jp2_strips.PAGES_BYTES > len(codestream)


def test_the_file_may_hold_boxes_that_gdal_never_hears_of() -> None:
    """One that would place the image on the earth, and one that is no GML at all."""
    data = file_of(*parts(pillow(RGB)), (b"asoc", boxed(b"lbl ", b"gml.data") + boxed(b"xml ", b"<!DOCTYPE")))
    check(data, 16)
