"""`tilework process` on images that no rank holds: the pixels of one OpenCV call, in the memory of some tiles."""

from __future__ import annotations

import contextlib
import signal
import time
from typing import TYPE_CHECKING, Any

import cv2
import imagecodecs
import numpy as np
import psutil
import pytest
import tifffile

from tests.flow.pictures import decoded, jpeg, noise, png
from tests.imaging.jp2_files import codestream
from tests.imaging.test_tile_archive import deep_zoom, files
from tests.imaging.tiffs import written
from tilework.imaging.formats import Picture
from tilework.imaging.formats.cog import CogLayout
from tilework.imaging.formats.tile_encoding import encode_tile
from tilework.imaging.windows import Size, Window, tiles

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import CommandLine

SMALL = ("--tile-size", 256, "--working-set", "4MB")
SHAPE = (1100, 1300)
COLOUR = cv2.GaussianBlur(noise(*SHAPE), (3, 3), 0)
GREY = np.ascontiguousarray(COLOUR[:, :, 0])
DEEP = (GREY.astype(np.uint16) * 257) ^ 5
FLOATS = GREY.astype(np.float32) / 7
RGB = {"photometric": "rgb", "compression": "adobe_deflate", "predictor": 2}
EXACT = {"REVERSIBLE": "YES", "QUALITY": "100"}
SOURCES: dict[str, tuple[bytes, np.ndarray]] = {
    "tiles.tif": (written(COLOUR[:, :, ::-1], tile=(128, 128), **RGB), COLOUR),
    "strips.tif": (written(COLOUR[:, :, ::-1], rowsperstrip=9, **RGB), COLOUR),
    "big-endian.tif": (written(DEEP, tile=(64, 64), byteorder=">", compression="lzw"), DEEP),
    "floats.tif": (written(FLOATS, tile=(128, 128), compression="zstd", predictor=3), FLOATS),
    "raw.tif": (written(GREY, rowsperstrip=SHAPE[0]), GREY),
    "photo.png": (png(COLOUR), COLOUR),
    "deep.png": (png(DEEP), DEEP),
    "tiles.j2k": (codestream(COLOUR[:, :, ::-1], BLOCKXSIZE=256, BLOCKYSIZE=256, **EXACT), COLOUR),
    "deep.j2k": (codestream(DEEP, BLOCKXSIZE=512, BLOCKYSIZE=512, **EXACT), DEEP),
}


def pixels(path: Path) -> np.ndarray:
    """The main image, by tifffile, blue first."""
    array = tifffile.imread(path, key=0)
    return array[:, :, ::-1] if array.ndim == 3 else array


def leftovers(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if ".part" in path.name]


def put(command: CommandLine, name: str, data: bytes) -> str:
    (command.folder / name).write_bytes(data)
    return name


@pytest.mark.parametrize("ranks", [1, 3])
def test_a_folder_of_every_kind_is_worked_on_in_blocks_and_is_what_one_opencv_call_makes(
    command: CommandLine, ranks: int
) -> None:
    (command.folder / "in").mkdir()
    for name, (data, _) in SOURCES.items():
        put(command, f"in/{name}", data)
    lines = command.json_lines(
        "process", "in", "out", "--pipeline", "blur(9) | erode(5)", "--ranks", ranks, *SMALL
    )
    assert lines.keys() == SOURCES.keys()
    for name, (_, array) in SOURCES.items():
        assert lines[name]["blocks"] >= 9
        expected = cv2.erode(cv2.GaussianBlur(array, (9, 9), 0), np.ones((5, 5), np.uint8))
        found = pixels(command.folder / lines[name]["result"])
        assert found.dtype == expected.dtype
        assert np.array_equal(found, expected), name
    assert not leftovers(command.folder)


@pytest.mark.parametrize("text", ["canny(100, 200)", "blur(5) | canny(20, 60) | dilate(3) | invert"])
@pytest.mark.parametrize("name", ["tiles.tif", "raw.tif", "photo.png"])
def test_edges_across_blocks_are_those_of_the_whole(command: CommandLine, name: str, text: str) -> None:
    data, array = SOURCES[name]
    (line,) = command.json_lines(
        "process", put(command, name, data), "out/", "--pipeline", text, *SMALL
    ).values()
    expected = cv2.Canny(array, 100, 200)
    if "blur" in text:
        edges = cv2.Canny(cv2.GaussianBlur(array, (5, 5), 0), 20, 60)
        expected = 255 - cv2.dilate(edges, np.ones((3, 3), np.uint8))
    assert line["blocks"] >= 9
    assert np.array_equal(pixels(command.folder / line["result"]), expected)


@pytest.mark.parametrize("name", ["tiles.tif", "photo.png"])
def test_tiles_for_viewers_are_made_in_blocks_as_well(command: CommandLine, name: str) -> None:
    data, array = SOURCES[name]
    (line,) = command.json_lines(
        "process",
        put(command, name, data),
        "out/",
        "--pipeline",
        "blur(9)",
        "--output",
        "dzi",
        "--ranks",
        3,
        *SMALL,
    ).values()
    assert line["blocks"] >= 9
    assert line["result"].endswith(f"{name.partition('.')[0]}.dzi.tar")
    levels = deep_zoom(files((command.folder / line["result"]).read_bytes()))
    assert np.array_equal(levels[-1], cv2.GaussianBlur(array, (9, 9), 0))
    assert not leftovers(command.folder)


def test_a_large_image_is_only_written_anew_where_no_operation_is_named(command: CommandLine) -> None:
    data, array = SOURCES["tiles.tif"]
    (line,) = command.json_lines(
        "process", put(command, "scan.tif", data), "out/", "--pipeline", "output(tiff)", *SMALL
    ).values()
    assert line["blocks"] >= 9
    assert np.array_equal(pixels(command.folder / line["result"]), array)


def test_a_jpeg_2000_without_tiles_is_read_by_windows(command: CommandLine) -> None:
    """Of 13 megapixels, whose samples take 320 MB with what OpenJPEG makes of them."""
    array = np.ascontiguousarray(np.tile(COLOUR, (4, 3, 1))[:3600, :3600])
    put(command, "scan.j2k", imagecodecs.jpeg2k_encode(
        array[:, :, ::-1], level=30, reversible=False, codecformat="j2k", planar=False
    ))  # fmt: skip
    whole = imagecodecs.jpeg2k_decode((command.folder / "scan.j2k").read_bytes(), planar=False)[:, :, ::-1]
    (line,) = command.json_lines(
        "process", "scan.j2k", "out/", "--pipeline", "blur(9)", "--working-set", "300MB"
    ).values()
    assert np.array_equal(pixels(command.folder / line["result"]), cv2.GaussianBlur(whole, (9, 9), 0))
    (line,) = command.json_lines(
        "process", "scan.j2k", "none/", "--pipeline", "blur(9)", "--working-set", "150MB", status=1
    ).values()
    assert "Reading the JPEG 2000 takes" in line["reason"]


def test_a_tile_that_is_damaged_is_named(command: CommandLine) -> None:
    data = SOURCES["tiles.j2k"][0]
    packets = data.index(b"\xff\x90\0\x0a\0\x0d") + 14
    put(command, "damaged.j2k", data[:packets] + b"\xff" * 40 + data[packets + 40 :])
    (line,) = command.json_lines(
        "process", "damaged.j2k", "out/", "--pipeline", "blur(9)", *SMALL, status=1
    ).values()
    assert line["code"] == "damaged"
    assert "Tile 14 of 30 of the JPEG 2000 is damaged" in line["reason"]
    assert not leftovers(command.folder)


def test_jpeg_tiles_hold_opencv_s_pixels_encoded_once(command: CommandLine) -> None:
    source = jpeg(COLOUR)
    (line,) = command.json_lines(
        "process", put(command, "photo.jpg", source), "smooth.tif", "--pipeline", "blur(9)", *SMALL
    ).values()
    assert line["blocks"] >= 9
    smooth = Picture(cv2.GaussianBlur(decoded(source, cv2.IMREAD_COLOR), (9, 9), 0))
    layout = CogLayout(
        size=smooth.size, pixels=smooth.pixels, tile=256, compression="jpeg", subsampling="4:2:0"
    )
    with tifffile.TiffFile(command.folder / "smooth.tif") as file:
        page = file.pages[0]
        lies = list(zip(page.dataoffsets, page.databytecounts, strict=True))
        data = (command.folder / "smooth.tif").read_bytes()
    for window, (start, count) in zip(tiles(smooth.size, Size(256, 256)), lies, strict=True):
        pixels_of_tile = smooth.colour[window.within(Window.whole(smooth.size))]
        assert data[start : start + count] == encode_tile(Picture(pixels_of_tile), layout)


def test_a_mask_and_deep_pixels_never_become_jpeg(command: CommandLine) -> None:
    put(command, "tiles.tif", SOURCES["tiles.tif"][0])
    put(command, "deep.png", SOURCES["deep.png"][0])
    jpeg_wanted = (*SMALL, "--compression", "jpeg")
    (mask,) = command.json_lines(
        "process", "tiles.tif", "mask.tif", "--pipeline", "canny(100, 200)", *jpeg_wanted
    ).values()
    assert "never goes to JPEG" in mask["note"]
    assert set(np.unique(pixels(command.folder / "mask.tif"))) == {0, 255}
    (deep,) = command.json_lines(
        "process", "deep.png", "deep.tif", "--pipeline", "invert", *jpeg_wanted, status=1
    ).values()
    assert deep["code"] == "unsupported_pixels"


def test_an_operation_that_ends_its_process_ends_one_rank_and_not_the_others_files(
    command: CommandLine,
) -> None:
    (command.folder / "in").mkdir()
    for name in ("a.tif", "b.tif"):
        put(command, f"in/{name}", SOURCES["tiles.tif"][0])
    command.environment["TILEWORK_EXTRA_OPERATIONS"] = "tests.cli.own_operations"
    wide = ("--tile-size", 320, "--working-set", "4MB")
    lines = command.json_lines("process", "in", "out/", "--pipeline", "kill_wide", *wide, status=1)
    assert {line["code"] for line in lines.values()} == {"crashed"}
    assert len(lines) == 2
    assert not leftovers(command.folder)


def test_the_result_is_a_pyramid_that_can_be_left_out_and_packed_as_one_likes(command: CommandLine) -> None:
    put(command, "tiles.tif", SOURCES["tiles.tif"][0])
    for options, levels, compression in (
        ((), 4, "ADOBE_DEFLATE"),
        (("--no-overviews",), 1, "ADOBE_DEFLATE"),
        (("--compression", "lzw"), 4, "LZW"),
        (("--compression", "none"), 4, "NONE"),
    ):
        command.run("process", "tiles.tif", "out.tif", "--pipeline", "invert", *SMALL, *options)
        with tifffile.TiffFile(command.folder / "out.tif") as file:
            assert len(file.pages) == levels
            assert {page.compression.name for page in file.pages} == {compression}
            assert {page.tile for page in file.pages} == {(256, 256)}
        assert np.array_equal(pixels(command.folder / "out.tif"), 255 - COLOUR)


def test_a_broken_tile_in_the_middle_is_named_and_nothing_is_left(command: CommandLine) -> None:
    data = bytearray(SOURCES["tiles.tif"][0])
    with tifffile.TiffFile(command.folder / put(command, "whole.tif", bytes(data))) as file:
        offset = file.pages[0].dataoffsets[47]
    data[offset : offset + 400] = bytes(400)
    put(command, "broken.tif", bytes(data))
    for ranks in (1, 2):
        (line,) = command.json_lines(
            "process",
            "broken.tif",
            "results/new/out.tif",
            "--pipeline",
            "blur(9)",
            "--ranks",
            ranks,
            *SMALL,
            status=1,
        ).values()
        assert (line["state"], line["code"]) == ("FAILED", "damaged")
        assert f"tile 47 (byte {offset:,})" in line["reason"]
        assert sorted(path.name for path in command.folder.iterdir()) == ["broken.tif", "whole.tif"]


def large(command: CommandLine, name: str, width: int, height: int) -> str:
    """A deflate TIFF of noise, which takes its time; the same tile again and again."""
    tile = noise(512, 512)
    count = width * height // tile.shape[0] // tile.shape[1]
    tifffile.imwrite(
        command.folder / name, (tile for _ in range(count)), shape=(height, width, 3), dtype=np.uint8,
        tile=(512, 512), metadata=None, **RGB,
    )  # fmt: skip
    return name


def children(process: Any, text: str) -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process(process.pid).children(recursive=True)
        if text in " ".join(child.cmdline())
    ]


def wait_for_units(folder: Path, stage: str) -> None:
    deadline = time.monotonic() + 60
    while not list(folder.glob(f".*.part/units-{stage}")):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_rank_that_is_killed_in_the_middle_costs_time_and_no_pixel(command: CommandLine) -> None:
    source = large(command, "large.tif", 6144, 6144)
    process = command.start("process", source, "out.tif", "--pipeline", "invert", "--ranks", 2)
    wait_for_units(command.folder, "write")
    children(process, "worker_image.world")[-1].kill()
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    expected = 255 - np.tile(noise(512, 512), (12, 12, 1))
    assert np.array_equal(tifffile.imread(command.folder / "out.tif", key=0), expected)
    assert not leftovers(command.folder)


def test_large_files_follow_each_other_on_the_same_ranks(command: CommandLine) -> None:
    (command.folder / "in").mkdir()
    for name in ("one.tif", "two.tif"):
        large(command, f"in/{name}", 4096, 4096)
    process = command.start("process", "in", "out", "--pipeline", "invert", "--ranks", 2)
    processes = set()
    for name in ("one.tif", "two.tif"):
        while not (command.folder / "out" / name).exists() and process.poll() is None:
            processes |= {rank.pid for rank in children(process, "worker_image.world")}
            time.sleep(0.01)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert len(processes) == 4, "mpiexec, the rank that hands out, and the two that compute"


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize(("text", "stage"), [("invert", "write"), ("canny(10, 20)", "measure-0")])
def test_an_interrupt_ends_it_at_once_and_leaves_nothing(
    command: CommandLine, text: str, stage: str, ranks: int
) -> None:
    source = large(command, "large.tif", 6144, 6144)
    process = command.start("process", source, "out.tif", "--pipeline", text, "--ranks", ranks)
    wait_for_units(command.folder, stage)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert [path.name for path in command.folder.iterdir()] == ["large.tif"]


def peak_bytes(command: CommandLine, source: str) -> int:
    """What a rank has for itself (USS) at its peak, looked at every 20 ms."""
    process = command.start("process", source, "out.tif", "--pipeline", "blur(9)", "--compression", "none")
    peak = 0
    while process.poll() is None:
        with contextlib.suppress(psutil.Error):
            for rank in children(process, "worker_image.world"):
                peak = max(peak, rank.memory_full_info().uss)
        time.sleep(0.02)
    process.communicate()
    assert process.returncode == 0
    return peak


def test_four_times_the_pixels_take_the_same_memory(command: CommandLine) -> None:
    small, much = (
        peak_bytes(command, large(command, f"{height}.tif", 3_072, height)) for height in (9_216, 36_864)
    )
    assert much < 250 << 20
    assert much < 1.2 * small


@pytest.mark.parametrize("sampling", [(1, 1), (2, 1), (2, 2)])
def test_jpeg_tiles_keep_the_subsampling_of_their_source(
    command: CommandLine, sampling: tuple[int, int]
) -> None:
    source = written(
        COLOUR[:, :, ::-1], tile=(128, 128), photometric="ycbcr", compression="jpeg", subsampling=sampling
    )
    command.run("process", put(command, "tiles.tif", source), "out.tif", "--pipeline", "invert", *SMALL)
    with tifffile.TiffFile(command.folder / "out.tif") as file:
        assert {page.subsampling for page in file.pages} == {sampling}
