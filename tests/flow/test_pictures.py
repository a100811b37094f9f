"""A watermark through the running system: put in place once, laid on photos and large images, replaced, missed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.flow.pictures import decoded, noise, png, tiled_tiff
from tests.flow.test_drop_to_result import tilework
from tests.imaging.samples import picture
from tests.waiting import wait_for
from tilework.imaging.engine import run_whole
from tilework.imaging.formats import Picture
from tilework.imaging.pictures import HeldPicture
from tilework.imaging.pipeline import parse
from tilework.jobs.job import Ask, Drop, State
from tilework.jobs.object_keys import picture_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.flow.running_system import RunningSystem

PHOTO, LARGE = noise(300, 400), noise(1_900, 3_300)
LOGOS = [noise(40, 60, 4, seed=seed) for seed in (1, 2)]
PIPELINE = "overlay(stamp, tile, 9, 0.5)"


@pytest.fixture
def pictures(running: RunningSystem) -> Iterator[RunningSystem]:
    """The running system, whose picture is gone again afterwards."""
    yield running
    running.system.inputs.delete(picture_key("stamp"))


def put(running: RunningSystem, folder: Path, logo: NDArray[np.generic]) -> str:
    """Put a logo in place; its version."""
    (folder / "2026.png").write_bytes(png(logo))
    told = tilework(running, "pictures", "--set", str(folder / "2026.png"), "--name", "stamp", "--json")
    assert told.returncode == 0, told.stderr
    (found,) = [each for each in json.loads(told.stdout)["pictures"] if each["name"] == "stamp"]
    return str(found["version"])


def taken_up(running: RunningSystem, job: str) -> bool:
    row = running.system.table.get(job)
    return row is not None and bool(row.pictures)


def expected(image: NDArray[np.generic], logo: NDArray[np.generic]) -> NDArray[np.generic]:
    shown = parse(PIPELINE).seeing({"stamp": HeldPicture(picture(logo))})  # type: ignore[arg-type]
    return run_whole(Picture(image), shown).colour  # type: ignore[arg-type]


def test_each_image_has_the_watermark_that_was_in_place_when_it_was_dropped(
    pictures: RunningSystem, tmp_path: Path
) -> None:
    large = tiled_tiff(np.ascontiguousarray(LARGE[:, :, ::-1]))
    versions, jobs = [], []
    for number, logo in enumerate(LOGOS):
        versions.append(put(pictures, tmp_path, logo))
        jobs.append(pictures.drop(f"marked/{number}.png", png(PHOTO), pipeline=PIPELINE))
        jobs.append(pictures.drop(f"marked/{number}.tif", large, pipeline=PIPELINE))
        # both are taken up, and the large one goes on while the next picture takes this one's place
        for job in jobs[-2:]:
            wait_for(lambda job=job: taken_up(pictures, job))
    rows = pictures.ended(jobs)
    for number, job in enumerate(jobs):
        image, logo = (LARGE if number % 2 else PHOTO), LOGOS[number // 2]
        assert np.array_equal(decoded(pictures.result(rows[job])), expected(image, logo)), number
        told = pictures.system.outputs.head(rows[job].result_key).metadata
        assert told["pictures"] == f"stamp={versions[number // 2]}"
    inputs = pictures.system.inputs
    for version in versions:
        ask = Ask(Drop(inputs.bucket, picture_key("stamp"), version))
        assert pictures.system.table.get(ask.job_id) is None
    assert "stamp" in tilework(pictures, "pictures").stdout


def test_a_picture_that_is_missing_fails_at_once_and_a_retry_takes_the_one_that_was_put_in_place(
    pictures: RunningSystem, tmp_path: Path
) -> None:
    job = pictures.drop("unmarked.png", png(PHOTO), pipeline=PIPELINE)
    row = pictures.ended([job])[job]
    assert (row.state, row.code) == (State.FAILED, "bad_picture")
    assert "'stamp'" in row.reason
    put(pictures, tmp_path, LOGOS[0])
    assert tilework(pictures, "retry", job).returncode == 0
    row = pictures.ended([job])[job]
    assert np.array_equal(decoded(pictures.result(row)), expected(PHOTO, LOGOS[0]))
