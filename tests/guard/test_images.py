"""Where an image is worked on, and for how long: in this process, or in a child that cannot harm it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.flow.pictures import decoded, jpeg, noise, png
from tests.imaging.jp2_files import codestream
from tilework.errors import DamagedImageError, NotAnImageError
from tilework.guard.images import bounds_of_rewriting, process_guarded, rewrite_guarded
from tilework.imaging.costs import cpu_seconds
from tilework.imaging.formats import Format, HeaderReader, probe
from tilework.imaging.formats.header_reader import HEAD_BYTES
from tilework.imaging.formats.table import ROWS
from tilework.imaging.limits import Limits
from tilework.imaging.pipeline import parse
from tilework.imaging.run import BytesSource, prepare, process
from tilework.world import deadline

PICTURE = noise(60, 80)
BODY = png(PICTURE)


@pytest.fixture
def allowed() -> Iterator[list[float]]:
    """The seconds that a task of this process asks for, one wish after another."""
    wishes: list[float] = []
    deadline.moved_by(wishes.append)
    yield wishes
    deadline.moved_by(lambda _seconds: None)


@pytest.mark.parametrize("suspect", [False, True])
@pytest.mark.parametrize("body", [BODY, jpeg(PICTURE)], ids=["png", "jpeg"])
def test_a_result_is_the_same_wherever_it_is_made(body: bytes, *, suspect: bool) -> None:
    pipeline = parse("blur(3) | canny(50, 100)")
    here = process(BytesSource(body), pipeline, Limits())
    product = process_guarded(BytesSource(body), pipeline, Limits(), suspect=suspect)
    assert product.with_seconds({}).body == here.body
    assert (product.width, product.height, product.suffix) == (80, 60, ".png")
    assert set(product.seconds) == {"read", "decode", "kernels", "encode"}


@pytest.mark.parametrize("suspect", [False, True])
def test_a_refusal_is_the_same_wherever_it_is_told(*, suspect: bool) -> None:
    with pytest.raises(NotAnImageError):
        process_guarded(BytesSource(b"Dear diary" * 9), parse("invert"), Limits(), suspect=suspect)
    with pytest.raises(DamagedImageError):
        process_guarded(BytesSource(BODY[:-500]), parse("invert"), Limits(), suspect=suspect)


def test_photographs_and_what_our_own_code_reads_are_trusted_with_their_process_unless_suspect() -> None:
    assert [one.format for one in ROWS if not one.guarded] == [
        Format.JPEG,
        Format.PNG,
        Format.BMP,
        Format.PNM,
    ]


@pytest.mark.parametrize(
    ("body", "elsewhere"), [(BODY, False), (codestream(PICTURE), True)], ids=["png", "jpeg 2000"]
)
def test_streaming_is_done_where_such_an_image_is_decoded(
    body: bytes, allowed: list[float], *, elsewhere: bool
) -> None:
    header = probe(BytesSource(body), Limits())
    assert (rewrite_guarded(Limits(), header, len(body), os.getpid) != os.getpid()) is elsewhere
    assert allowed


def test_streaming_may_have_the_files_that_it_announces_and_more_time_than_any_image() -> None:
    body = codestream(PICTURE)
    bounds = bounds_of_rewriting(probe(BytesSource(body), Limits()), len(body), Limits())
    assert bounds.disk == PICTURE.size + 2 * len(body)
    assert bounds.cpu_seconds > Limits().decoder_seconds


def test_an_image_too_large_to_work_on_is_refused_from_its_header_though_it_is_suspect() -> None:
    class Cautious(BytesSource):
        def read(self, start: int, stop: int) -> bytes:
            assert stop <= HEAD_BYTES, "fetched for nothing"
            return self.data[start:stop]

        @property
        def size(self) -> int:
            return 2 << 30

    with pytest.raises(NotAnImageError):
        process_guarded(Cautious(b"Dear diary" * 100), parse("invert"), Limits())


class TestDeadlines:
    def test_the_deadline_grows_with_pixels_and_pipeline(self, allowed: list[float]) -> None:
        for pipeline in ("invert", "blur(9)", "blur(999)"):
            process_guarded(BytesSource(png(noise(300, 300))), parse(pipeline), Limits(), suspect=False)
        _fetch, invert, _, blur, _, wide = allowed
        assert Limits().decoder_seconds < invert < blur < wide

    def test_a_child_is_stopped_before_its_rank_is(self, allowed: list[float]) -> None:
        process_guarded(BytesSource(BODY), parse("invert"), Limits(), suspect=False)
        unguarded = allowed[-1]
        process_guarded(BytesSource(BODY), parse("invert"), Limits(), suspect=True)
        assert allowed[-1] > unguarded

    @pytest.mark.parametrize(
        "pipeline",
        ["invert", "blur(9)", "blur(301)", "canny(50, 100)", "erode(31, 3)", "dilate(41, 1, ellipse)"],
    )
    def test_ten_times_what_was_measured_is_allowed(self, pipeline: str) -> None:
        import time

        import cv2

        cv2.setNumThreads(1)
        body, chosen, limits = png(noise(700, 900)), parse(pipeline), Limits(decoder_seconds=0)
        began = time.process_time()
        process(BytesSource(body), chosen, limits)
        took = time.process_time() - began
        reader = HeaderReader(BytesSource(body), limits)
        planned = prepare(reader, chosen, limits)
        # a busy machine may be a quarter as fast as the one that was measured
        assert cpu_seconds(planned, chosen, limits) > 2.5 * took


FULL = """
import sys
from pathlib import Path

import numpy as np

from tilework.guard.images import bound_process, process_guarded
from tilework.imaging.limits import MIB, Limits
from tilework.imaging.pipeline import parse
from tilework.imaging.run import BytesSource, prepare_process

prepare_process()
limits = Limits(working_set=300 * MIB)
bound_process(limits)
kept = []
try:
    while True:
        kept.append(np.empty(MIB, np.uint8))
except MemoryError:
    # enough to read the next image, and not to work on it
    del kept[-30:]
product = process_guarded(BytesSource(Path(sys.argv[1]).read_bytes()), parse("invert"), limits, suspect=False)
Path(sys.argv[2]).write_bytes(product.body)
"""


def test_a_process_that_earlier_work_has_filled_up_still_does_what_comes_next(tmp_path: Path) -> None:
    picture = np.zeros((4000, 5000, 3), np.uint8)
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    source.write_bytes(png(picture))
    subprocess.run(
        [sys.executable, "-c", FULL, source, target], check=True, timeout=120, env=dict(os.environ)
    )
    result: Any = decoded(target.read_bytes())
    assert np.array_equal(result, 255 - picture)
