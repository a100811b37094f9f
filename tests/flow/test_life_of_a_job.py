"""A job's whole life in the running system: fetched, rerun, failed, explained, called off, erased."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from tests.flow.pictures import decoded, noise, png
from tests.flow.test_drop_to_result import tilework
from tilework.jobs.job import State

if TYPE_CHECKING:
    from pathlib import Path

    from tests.flow.running_system import RunningSystem


def told(running: RunningSystem, *arguments: str, status: int = 0) -> Any:
    ended = tilework(running, *arguments, "--json")
    assert ended.returncode == status, ended.stderr
    return json.loads(ended.stdout)


def test_results_come_back_into_their_folders_and_their_stories_name_host_and_rank(
    running: RunningSystem, tmp_path: Path
) -> None:
    picture = noise(60, 70)
    job = running.drop("life/day 1/a.png", png(picture), pipeline="invert()")
    running.ended([job])
    again = told(running, "rerun", "life/day 1/a.png", "--pipeline", "erode(3)")["id"]
    running.ended([again])
    told(running, "fetch", "life/", str(tmp_path / "inverted"))
    told(running, "fetch", "life/", str(tmp_path / "eroded"), "-p", "erode(3)")
    inverted = decoded((tmp_path / "inverted" / "day 1" / "a.png").read_bytes())
    eroded = decoded((tmp_path / "eroded" / "day 1" / "a.png").read_bytes())
    assert np.array_equal(inverted, cv2.bitwise_not(picture))
    assert np.array_equal(eroded, cv2.erode(picture, np.ones((3, 3), np.uint8)))
    (attempt,) = told(running, "why", job)["history"]
    assert (attempt["outcome"], attempt["host"]) == ("done", "local-1")
    assert attempt["rank"] >= 1


def test_a_failure_is_explained_tried_again_and_erased_and_the_day_counts_it(running: RunningSystem) -> None:
    key = "life/diary.jpg"
    job = running.drop(key, b"Dear diary")
    assert running.ended([job])[job].code == "not_an_image"
    told(running, "retry", job)
    assert running.ended([job])[job].state is State.FAILED
    story = told(running, "why", job)
    assert [entry["deed"] for entry in story["history"]] == ["attempt", "retried", "attempt"]
    assert all(entry["rank"] >= 1 for entry in story["history"] if entry["deed"] == "attempt")
    end = time.monotonic() + 30
    while not (days := told(running, "statistics")) or not days[0]["total"]["codes"].get("not_an_image"):
        assert time.monotonic() < end
        time.sleep(0.5)
    assert told(running, "erase", key, "--yes") == {"versions": 1, "results": 0, "rows": 1}
    assert running.system.table.get(job) is None
