"""A large image among photos: worked on in units by all ranks, right whatever is killed, and nothing is left of it."""

from __future__ import annotations

import io
import re
import shutil
import time
from typing import TYPE_CHECKING

import cv2
import httpx
import numpy as np
import pytest
import tifffile

from tests.flow.conftest import RANKS
from tests.flow.pictures import decoded, noise, png, tiled_tiff
from tests.imaging.test_tile_archive import deep_zoom, files
from tests.waiting import wait_for
from tilework.jobs.job import Job, State
from tilework.jobs.life import JobLife
from tilework.jobs.object_keys import work_prefix
from worker_image.shares import quarter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.flow.running_system import RunningSystem

HEIGHT, WIDTH, TILE = 5_700, 6_300, 512
PIPELINE = "invert() | blur(9)"
PHOTO = noise(700, 900)


@pytest.fixture(scope="module")
def picture() -> NDArray[np.generic]:
    """36 megapixels, red first."""
    return cv2.resize(noise(1_140, 1_260), (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)


@pytest.fixture(scope="module")
def large(picture: NDArray[np.generic]) -> bytes:
    return tiled_tiff(picture, TILE, predictor=2)


def expected(picture: NDArray[np.generic]) -> NDArray[np.generic]:
    return cv2.GaussianBlur(cv2.bitwise_not(picture), (9, 9), 0)


def left_in_work(running: RunningSystem, job: str) -> list[str]:
    return [item.key for item in running.system.outputs.list(work_prefix(job))]


def has_come_to(running: RunningSystem, job: str, done: int = 1) -> bool:
    """Whether so many units are done, or all is over."""
    row = running.system.table.get(job)
    if row is None:
        return False
    return row.state.is_end or (bool(row.stage) and row.units_behind + len(row.units_done) >= done)


def tile_shown(running: RunningSystem, job: str) -> list[bytes]:
    """The first tile as the page would show it, if it is there."""
    address = f"{running.environment['TILEWORK_URL'].rstrip('/')}/api/jobs/{job}/tiles/0/0/0"
    answer = httpx.get(address, trust_env=False, timeout=30)
    assert answer.status_code == 200 or answer.json()["code"] == "tile_not_made"
    return [answer.content] if answer.status_code == 200 else []


def check(running: RunningSystem, row: Job, picture: NDArray[np.generic]) -> None:
    """Right in all pixels, one version, nothing left."""
    assert row.result_key.endswith(".tif")
    with tifffile.TiffFile(io.BytesIO(running.result(row))) as file:
        assert len(file.pages) == 5
        np.testing.assert_array_equal(file.pages[0].asarray(), expected(picture))
    assert len(list(running.system.outputs.versions(row.result_key))) == 1
    info = running.system.outputs.head(row.result_key)
    assert (info.content_type, info.metadata["job"], info.metadata["source"]) == (
        "image/tiff", row.id, row.key
    )  # fmt: skip
    assert info.metadata["source-size"] == f"{WIDTH}x{HEIGHT}"
    wait_for(lambda: left_in_work(running, row.id) == [], 30)
    wait_for(lambda: running.system.units.backlog().total == 0, 30)


def test_a_large_image_is_as_one_call_would_have_made_it_and_photos_pass_it(
    running: RunningSystem, picture: NDArray[np.generic], large: bytes
) -> None:
    job = running.drop("large/scan.tif", large, pipeline=PIPELINE)
    wait_for(lambda: has_come_to(running, job), 30)
    photos = [running.drop(f"large/photo {n}.png", png(PHOTO), pipeline="invert()") for n in range(6)]
    early: list[bytes] = []
    wait_for(lambda: early.extend(tile_shown(running, job)) or bool(early), 30)
    np.testing.assert_array_equal(decoded(early[0])[:, :, ::-1], expected(picture)[:TILE, :TILE])
    rows = running.ended([job, *photos])
    assert tile_shown(running, job) == [early[0]]
    assert all(rows[photo].ended < rows[job].ended for photo in photos)
    for photo in photos:
        np.testing.assert_array_equal(decoded(running.result(rows[photo])), 255 - PHOTO)
    row = rows[job]
    assert (row.width, row.height, row.dtype, row.units_in_all > 20) == (WIDTH, HEIGHT, "uint8", True)
    check(running, row, picture)


def test_a_large_image_becomes_tiles_for_a_viewer(
    running: RunningSystem, picture: NDArray[np.generic], large: bytes
) -> None:
    job = running.drop("large/viewed.tif", large, pipeline=f"{PIPELINE} | output(dzi)")
    row = running.ended([job])[job]
    assert row.state is State.DONE, row.reason
    assert row.result_key.endswith(".dzi.tar")
    assert running.system.outputs.head(row.result_key).content_type == "application/x-tar"
    levels = deep_zoom(files(running.result(row)))
    np.testing.assert_array_equal(levels[-1][:, :, ::-1], expected(picture))
    assert len(levels) == 14
    wait_for(lambda: left_in_work(running, row.id) == [], 30)


def test_no_photo_waits_for_a_unit_to_end(
    running: RunningSystem, picture: NDArray[np.generic], large: bytes
) -> None:
    gate = running.state / "gate"
    gate.mkdir()
    try:
        job = running.drop("large/held up.tif", large, pipeline=f"wait_at_gate() | {PIPELINE}")
        # as many units as may be are at work, and none of them ends
        wait_for(lambda: len(list(gate.iterdir())) >= RANKS - quarter(RANKS), 30)
        photos = [running.drop(f"large/passing {n}.png", png(PHOTO), pipeline="invert()") for n in range(12)]
        rows = running.ended(photos, seconds=30)
        assert {row.state for row in rows.values()} == {State.DONE}
        row = running.system.table.get(job)
        assert row is not None
        assert (row.state, row.units_behind, len(row.units_done)) == (State.RUNNING, 0, 0)
    finally:
        shutil.rmtree(gate)
    check(running, running.ended([job])[job], picture)


def test_a_large_image_survives_a_drain(
    running: RunningSystem, picture: NDArray[np.generic], large: bytes
) -> None:
    job = running.drop("large/drained.tif", large, pipeline=PIPELINE)
    wait_for(lambda: has_come_to(running, job, 2), 30)
    wait_for(running.supervisors, 30)
    row = running.system.table.get(job)
    assert row is not None
    assert not row.state.is_end
    running.supervisors()[-1].terminate()
    rows = running.ended([job], seconds=150)
    check(running, rows[job], picture)


def test_a_broken_tile_in_the_middle_fails_the_job_by_name_and_leaves_nothing(
    running: RunningSystem, large: bytes
) -> None:
    with tifffile.TiffFile(io.BytesIO(large)) as file:
        page = file.pages[0]
        number = len(page.dataoffsets) // 2
        start, count = page.dataoffsets[number], page.databytecounts[number]
    broken = large[:start] + b"\xff" * count + large[start + count :]
    job = running.drop("large/broken.tif", broken, pipeline=PIPELINE)
    row = running.ended([job])[job]
    assert (row.state, row.code) == (State.FAILED, "damaged")
    assert f"tile {number} (byte {start:,})" in row.reason
    wait_for(lambda: left_in_work(running, job) == [], 30)
    wait_for(lambda: running.system.units.backlog().total == 0, 30)
    assert not list(running.system.outputs.list("results/large/broken"))


def test_a_unit_that_kills_its_rank_alone_fails_the_job_with_the_block_named(
    running: RunningSystem, large: bytes
) -> None:
    job = running.drop("large/deadly.tif", large, pipeline="kill_rank()")
    row = running.ended([job])[job]
    assert (row.state, row.code) == (State.FAILED, "crashed")
    assert "signal 9 (SIGKILL) while running the operations" in row.reason
    assert re.search(r"in the stage write, unit \d+ of \d+: columns [\d,]+ to", row.reason), row.reason
    wait_for(lambda: left_in_work(running, job) == [], 30)
    photo = running.drop("large/after.png", png(PHOTO), pipeline="invert()")
    np.testing.assert_array_equal(decoded(running.result(running.ended([photo])[photo])), 255 - PHOTO)


def test_a_cancelled_large_image_stops_and_leaves_nothing(running: RunningSystem, large: bytes) -> None:
    job = running.drop("large/cancelled.tif", large, pipeline=PIPELINE)
    wait_for(lambda: has_come_to(running, job), 30)
    row = running.system.table.get(job)
    assert row is not None
    JobLife(running.system.table, time.time).cancel(row)
    wait_for(lambda: running.system.units.backlog().total == 0, 30)
    wait_for(lambda: left_in_work(running, job) == [], 30)
    assert not list(running.system.outputs.list("results/large/cancelled"))
