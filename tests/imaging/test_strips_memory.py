"""Strips: the source is read by ranges, memory stays flat, and nothing is left open."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pytest

from tests.imaging.jp2_files import codestream
from tests.imaging.samples import CountingSource, jpeg, noise, png, scene
from tests.imaging.strip_readings import header_of, webp
from tests.imaging.test_jpeg import INKED, PLAIN
from tests.waiting import wait_for
from tilework.errors import ImageError, OutOfMemoryError
from tilework.guard.child import Bounds, run_guarded
from tilework.imaging.formats import source_ranges
from tilework.imaging.formats.file_memory import in_file, kept_out_of_memory
from tilework.imaging.formats.strips import read_strips, strip_disk, strip_memory
from tilework.imaging.limits import MIB
from tilework.imaging.sources import BytesSource


@pytest.mark.parametrize(
    "data",
    [
        jpeg(scene(97, 89)),
        png(noise(97, 89)),
        webp(noise(97, 89), lossless=True),
        codestream(noise(97, 89), BLOCKXSIZE=64, BLOCKYSIZE=64),
    ],
)
def test_the_source_is_read_once_in_order_by_ranges(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_ranges, "RANGE_BYTES", 1000)
    source = CountingSource(data)
    header = header_of(data)
    list(read_strips(source, header, 16))
    assert [start for start, _ in source.reads] == list(range(0, len(data), 1000))
    assert max(stop - start for start, stop in source.reads) <= 1000


@pytest.mark.parametrize("data", [jpeg(scene(97, 89)), png(noise(97, 89))])
def test_a_source_that_becomes_shorter_is_damaged(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_ranges, "RANGE_BYTES", 1000)

    class Shrinking(CountingSource):
        def read(self, start: int, stop: int) -> bytes:
            return super().read(start, stop)[: 400 if start else None]

    with pytest.raises(ImageError, match="while it was read"):
        list(read_strips(Shrinking(data), header_of(data), 16))


IN_LITTLE_MEMORY = """
import resource, sys
from pathlib import Path
from tilework.errors import DamagedImageError
from tilework.guard.memory import bound_growth
from tilework.imaging.formats import decode, probe
from tilework.imaging.formats.strips import read_strips
from tilework.imaging.limits import MIB, Limits
from tilework.imaging.sources import FileSource

small, large = (FileSource(Path(name)) for name in sys.argv[1:])
list(read_strips(small, probe(small, Limits()), 64))
data = large.path.read_bytes()
header = probe(large, Limits())
bound_growth(24 * MIB)
print(sum(strip.size.height for strip in read_strips(large, header, 64)))
try:
    decode(data, header)
except (MemoryError, DamagedImageError):  # OpenJPEG does not tell one from the other
    print("too much")
"""


@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "j2k"])
def test_a_large_image_needs_less_memory_than_its_pixels(kind: str, tmp_path: Path) -> None:
    """Twelve megapixels, 36 MB, where there are 24 MiB of memory beyond what a small one took."""
    large = np.tile(scene(400, 300), (10, 10, 1))
    for name, array in (("small", large[:64, :64]), ("large", large)):
        encoded = {
            "jpg": jpeg,
            "png": png,
            "webp": lambda each: bytes(imagecodecs.webp_encode(each, level=50, method=0, lossless=False)),
            "j2k": lambda each: codestream(each, BLOCKXSIZE=64, BLOCKYSIZE=64, QUALITY="10", REVERSIBLE="NO"),
        }[kind](np.ascontiguousarray(array))
        (tmp_path / name).write_bytes(encoded)
    child = subprocess.run(
        [sys.executable, "-c", IN_LITTLE_MEMORY, "small", "large"],
        cwd=tmp_path, check=True, capture_output=True, text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert child.stdout.split("\n")[:2] == ["3000", "too much"]


def resident(inode: int) -> int:
    """KiB in memory of the mappings of a file."""
    found, ours = 0, False
    with Path("/proc/self/smaps").open() as maps:
        for line in maps:
            words = line.split()
            if "-" in words[0]:
                ours = int(words[4]) == inode
            elif ours and words[0] == "Rss:":
                found += int(words[1])
    return found


def test_memory_in_a_file_is_let_go_of_and_keeps_what_was_written() -> None:
    length = 13 << 20
    with in_file(length, None) as (file, memory):
        with kept_out_of_memory(memory):
            memory[:] = b"x" * length
            wait_for(lambda: not resident(os.fstat(file.fileno()).st_ino))
        assert memory[:1] + memory[-1:] == b"xx"
        assert file.read(3) == b"xxx"


def test_a_full_disk_is_told_before_anything_is_written() -> None:
    with pytest.raises(OSError, match=r"space|large"), in_file(1 << 60, None):
        pass


def rows_of(data: bytes) -> int:
    return sum(each.size.height for each in read_strips(BytesSource(data), header_of(data), 64))


def test_a_guarded_child_reads_strips_with_the_room_that_they_take() -> None:
    """The guard bounds the files that a child writes, too: they could be in memory."""
    data = jpeg(np.tile(scene(400, 300), (20, 20, 1)))
    rows_of(PLAIN)
    room = strip_disk(header_of(data), len(data))
    assert room > 64 * MIB
    assert run_guarded(rows_of, Bounds(60, 120, 64 * MIB, room), data) == 6000
    with pytest.raises(OutOfMemoryError):
        run_guarded(rows_of, Bounds(60, 120, 64 * MIB), data)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize(
    "data",
    [jpeg(scene(97, 89)), png(noise(97, 89)), codestream(noise(97, 89), BLOCKXSIZE=64, BLOCKYSIZE=64)],
)
def test_strips_that_are_not_read_to_their_end_leave_nothing_open(data: bytes) -> None:
    before = open_files()
    strips = read_strips(BytesSource(data), header_of(data), 16)
    next(strips)
    strips.close()
    assert open_files() == before
    assert list(strips) == []
    assert strips.found is None


def test_the_room_on_the_disk_is_announced() -> None:
    data = INKED["CMYK"]
    assert strip_disk(header_of(data), len(data)) == 70 * 50 * 4 + len(data) + 2
    assert strip_disk(header_of(png(noise(9, 9))), 999) == 0
    assert strip_disk(header_of(codestream(noise(9, 8, dtype="uint16"))), 999) == 9 * 8 * 6 + 2 * 999


def test_the_memory_of_coefficients_and_of_lossless_webps_is_announced() -> None:
    plain, progressive = jpeg(scene(61, 45)), jpeg(scene(61, 45), cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    pixels = 61 * 45
    assert strip_memory(header_of(progressive), 8) - strip_memory(header_of(plain), 8) == 6 * pixels
    lossless, lossy = (webp(scene(61, 45), lossless=each) for each in (True, False))
    assert strip_memory(header_of(lossless), 8) - strip_memory(header_of(lossy), 8) == 4 * pixels
    assert strip_memory(header_of(plain), 16) - strip_memory(header_of(plain), 8) == 2 * 8 * 61 * 3
