"""Results that are no image, through the running system: one JSON or CSV object a job, the same every time."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import cv2
import httpx
import numpy as np

from tests.flow.pictures import noise, png
from tests.imaging.tiffs import written
from tests.waiting import wait_for
from tilework.jobs.job import Job, State
from tilework.jobs.object_keys import work_prefix

if TYPE_CHECKING:
    from tests.flow.running_system import RunningSystem

MASK = np.where(cv2.GaussianBlur(noise(300, 400, 1), (9, 9), 0) > 140, 255, 0).astype(np.uint8)
LARGE = cv2.resize(MASK, (6_400, 4_800), interpolation=cv2.INTER_NEAREST)


def rows_by_opencv(mask: np.ndarray) -> list[list[float]]:
    _, _, sums, centres = cv2.connectedComponentsWithStatsWithAlgorithm(mask, 8, cv2.CV_32S, cv2.CCL_WU)
    return [[label, *sums[label].tolist(), *centres[label].tolist()] for label in range(1, len(sums))]


def answer(running: RunningSystem, job: str, rest: str) -> httpx.Response:
    address = f"{running.environment['TILEWORK_URL'].rstrip('/')}/api/jobs/{job}{rest}"
    return httpx.get(address, trust_env=False, timeout=30)


def check_stored(running: RunningSystem, row: Job, suffix: str, media: str) -> None:
    """The only object there is of the job, and what the master says of it."""
    assert row.state is State.DONE, row.reason
    assert row.result_key.endswith(suffix)
    stem = row.result_key.removesuffix(suffix)
    assert [item.key for item in running.system.outputs.list(stem)] == [row.result_key]
    info = running.system.outputs.head(row.result_key)
    assert (info.content_type, info.metadata["job"]) == (media, row.id)
    for rest in ("/picture", "/tiles/0/0/0"):
        told = answer(running, row.id, rest)
        assert (told.status_code, told.json()["code"]) == (404, "no_tiles")
        assert "its result is a report, and no picture" in told.json()["detail"]
    page = httpx.get(
        f"{running.environment['TILEWORK_URL'].rstrip('/')}/jobs/{row.id}", trust_env=False, timeout=30
    )
    assert "The result is a report; download it." in page.text


def test_a_drop_becomes_a_report_and_another_of_the_same_pixels_the_same(running: RunningSystem) -> None:
    pipeline = "components() | output(json)"
    jobs = [running.drop(f"reports/mask {n}.png", png(MASK), pipeline=pipeline) for n in range(2)]
    table = running.drop("reports/table.png", png(MASK), pipeline="components()", output="csv")
    rows = running.ended([*jobs, table])
    bodies = [running.result(rows[job]) for job in jobs]
    assert bodies[0] == bodies[1]
    expected = rows_by_opencv(MASK)
    assert [list(row.values()) for row in json.loads(bodies[0])["rows"]] == expected
    check_stored(running, rows[jobs[0]], ".json", "application/json")
    lines = list(csv.reader(io.StringIO(running.result(rows[table]).decode())))[1:]
    assert [list(map(float, line)) for line in lines] == expected
    check_stored(running, rows[table], ".csv", "text/csv; charset=utf-8")


def test_a_large_image_is_reported_on_by_units_and_nothing_else_is_left(running: RunningSystem) -> None:
    job = running.drop(
        "reports/large.tif",
        written(LARGE, tile=(512, 512), compression="zlib"),
        pipeline="invert() | components() | output(json)",
    )
    row = running.ended([job])[job]
    assert row.units_in_all > 2
    found = json.loads(running.result(row))
    assert (found["image"]["width"], found["image"]["height"]) == (6_400, 4_800)
    assert [list(each.values()) for each in found["rows"]] == rows_by_opencv(cv2.bitwise_not(LARGE))
    check_stored(running, row, ".json", "application/json")
    wait_for(lambda: not list(running.system.outputs.list(work_prefix(job))), 30)
    wait_for(lambda: running.system.units.backlog().total == 0, 30)


def test_a_report_of_what_reports_nothing_fails_with_a_sentence(running: RunningSystem) -> None:
    job = running.drop("reports/wrong.png", png(MASK), pipeline="invert()", output="json")
    row = running.ended([job])[job]
    assert (row.state, row.code) == (State.FAILED, "bad_pipeline")
    assert "invert reports nothing for output(json)" in row.reason
