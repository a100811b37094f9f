"""The benchmarks run, at toy size: their figures mean nothing here."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from benchmarks.__main__ import main
from benchmarks.drops import first, rates
from benchmarks.drops.first import Request, steps_of
from benchmarks.drops.observed_ministack import observed
from benchmarks.drops.system import OBSERVED, one_host
from benchmarks.page import SECTIONS, page
from benchmarks.photos import photographs
from benchmarks.results import Results
from benchmarks.scope import CORES, SMALL, SMALL_LIMITS
from tests.flow.running_system import STOP_SECONDS, everything_below, start

if TYPE_CHECKING:
    from pathlib import Path

DELAY = 0.02


@pytest.fixture
def kept(tmp_path: Path) -> list[str]:
    """Arguments of a run that leaves its page and results here."""
    return ["--small", "--page", str(tmp_path / "page.md"), "--results", str(tmp_path / "results.json")]


def test_the_sections_of_files_are_measured_apart_and_written_together(
    kept: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # all of the peers but one are here already
    monkeypatch.setenv("BENCH_PEERS_PYTHON", sys.executable)
    for name, value in SMALL_LIMITS.items():
        # the run sets it, too; here it is put back
        monkeypatch.setenv(name, value)
    main([*kept, "--sections", "files", "--works", "canny", "--without", "dask-image"])
    main([*kept, "--sections", "start,photos,memory"])
    written = (tmp_path / "page.md").read_text()
    for title in ("Large files", "Start", "Photos, folder to folder", "Memory"):
        assert f"\n## {title}\n\nMeasured " in written
    for peer in ("libvips", "libvips (grey first)", "OpenCV whole-image"):
        assert f"| 4 MP jpeg | canny | {peer} |" in written
    assert "dask-image |" not in written
    assert "from drop to result" not in written


def test_photos_are_dropped_into_a_system_that_is_observed_and_far_away(
    aws_credentials: None, tmp_path: Path
) -> None:
    record = tmp_path / "requests.jsonl"
    photos = photographs(*SMALL.photo)
    system = start(
        tmp_path / "state", program=OBSERVED, SAMPLES="0",
        BENCH_REQUESTS=str(record), BENCH_S3_DELAY=str(DELAY), **one_host(SMALL),
    )  # fmt: skip
    below = everything_below(system.launcher.pid)
    try:
        steps = first.single_drops(system, photos, SMALL, record)
        rate, told = rates.dropped(system, photos, SMALL.drops)
    finally:
        assert system.stop() == 0, system.log.read_text()[-3000:]
    assert psutil.wait_procs(below, timeout=STOP_SECONDS)[1] == []
    assert len(steps) == SMALL.single_drops
    assert all(each[name] >= DELAY for each in steps for name in ("look", "read", "store"))
    assert rate > 0
    assert told[rates.RANKS] >= 1
    assert all(told[name] > 0 for name in ("ranks", "emulator", "dropper", "supervisor"))


@pytest.mark.parametrize(
    ("service", "action", "least"), [("s3", "GET", DELAY), ("sqs", "ReceiveMessage", 0.0)]
)
def test_only_requests_to_s3_are_held_up_and_all_are_recorded(
    service: str, action: str, least: float, tmp_path: Path
) -> None:
    async def serve(scope: dict[str, Any], _receive: object, _send: object) -> None:
        served.append((scope["path"], time.time()))

    served: list[tuple[str, float]] = []
    record = tmp_path / "requests.jsonl"
    headers = [(b"authorization", f"AWS4 Credential=test/20260101/us-east-1/{service}/aws4_request".encode())]
    if service != "s3":
        headers.append((b"x-amz-target", f"AmazonSQS.{action}".encode()))
    scope = {"type": "http", "method": "GET", "path": "/a", "headers": headers}
    asyncio.run(observed(serve, DELAY, str(record))(scope, None, None))
    (request,) = first.requests(record)
    assert (request.action, request.path) == (action, "/a")
    assert request.came + least <= served[0][1] <= request.answered


def test_steps_begin_at_the_end_of_the_drop_and_end_with_the_result() -> None:
    answered = [
        Request("PUT", "/in/a.jpg", 0.0, 1.0),
        Request("ReceiveMessage", "/", 0.5, 1.1),
        Request("HEAD", "/in/a.jpg", 1.2, 1.3),
        Request("PutItem", "/", 1.35, 1.4),
        Request("GET", "/in/a.jpg", 1.5, 1.6),
        Request("ReceiveMessage", "/", 1.1, 1.9),
        Request("PUT", "/out/results/a-0123.jpg", 2.0, 2.5),
        Request("PutItem", "/", 2.6, 2.7),
    ]
    assert steps_of("a.jpg", 1.05, answered[:-2]) is None
    steps = steps_of("a.jpg", 1.05, answered)
    assert steps is not None
    assert list(steps) == list(first.STEPS)
    assert [round(each, 2) for each in steps.values()] == [0.05, 0.2, 0.1, 0.1, 0.1, 0.4, 0.5]


def test_the_page_tells_ratios_and_what_the_emulator_leaves(tmp_path: Path) -> None:
    results = Results(tmp_path / "results.json")
    run = {"ranks": 20.0, "emulator": 5.0, "dropper": 5.0, "seconds": 10.0, "alone": 0.1, "together": 0.12}
    measured = {rates.TILEWORK: [12.0], rates.STRIPS: [2.0]}
    figures = {"rates": measured, "runs": [run], "ranks": 4, "photos": 100, "megapixels": 12}
    results.keep("drops", "", 3, figures)
    results.keep("delay", "", 3, {"near": [10.0], "far": [9.0], "ranks": 4, "photos": 9, "megapixels": 12})
    written = page(results)
    assert "| strips, as taught | 2.00 | 6.00 |" in written
    assert "| emulator | 50.0 | 0.50 |" in written
    # 1.5 and 1 of two cores are left
    assert CORES != 2 or "leaves 15.00 photos a second. Reached: 0.80 (0.9)" in written
    assert "9.00: 0.90 of it (0.85)" in written
    assert SECTIONS["start"].title not in written


def test_what_another_machine_has_measured_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    Results(path).keep("start", "", 1, {"tilework": [1.0], "script": [0.5]})
    assert set(Results(path).rows("start")) == {""}
    told = json.loads(path.read_text())
    path.write_text(json.dumps({**told, "machine": "another"}))
    assert Results(path).rows("start") == {}
