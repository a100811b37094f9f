"""A long run tells growth from noise, and what slows down from what does not."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.long_run.figures import MIB, Sample, growth, stretches
from benchmarks.long_run.page import drawn, page
from benchmarks.long_run.running import Results


def samples(leak: int = 0) -> list[Sample]:
    """The host needs 10 ms a job all the time; the emulator takes a millisecond more each thousand."""
    emulator = [0.0, 5.0, 11.0, 18.0]
    return [
        Sample(
            jobs=1000 * n,
            seconds=20.0 * n,
            busy=24.0 * n + emulator[n],
            cpu={"supervisor": 4.0 * n, "ranks": 6.0 * n, "emulator": emulator[n]},
            memory={"supervisor": 50 * MIB + n * leak, "rank 0": MIB, "rank 1": 60 * MIB},
            descriptors={"supervisor": 30, "rank 0": 9, "rank 1": 18},
        )
        for n in range(4)
    ]


def test_a_stretch_tells_the_rate_and_who_used_the_processor() -> None:
    first, _, last = stretches(samples())
    assert (first.rate, last.rate) == (50.0, 50.0)
    # 14 s of 20 that nobody of ours used
    assert first.strangers == pytest.approx(0.7)
    assert first.undisturbed == pytest.approx(1000 / 15)
    assert (first.ours, last.ours) == (pytest.approx(10.0), pytest.approx(10.0))
    assert (first.cpu["emulator"], last.cpu["emulator"]) == (pytest.approx(5.0), pytest.approx(7.0))


def test_growth_is_that_of_a_thousand_jobs() -> None:
    assert growth(samples(), "supervisor") == 0
    assert growth(samples(leak=4096), "supervisor") == pytest.approx(4096)


def test_the_page_compares_after_the_warm_up_and_the_picture_is_one() -> None:
    told = page(samples(leak=1024), "2026-01-01", "picture.svg")
    assert "2,000 small jobs" in told
    assert "warm-up of 1,000" in told
    assert "| emulator | 6.00 | 7.00 | 1.167 |" in told
    assert "| supervisor | 50.0 | 50.0 | +1.0 | 30 | 30 |" in told
    assert ET.fromstring(drawn(samples())).tag.endswith("svg")  # noqa: S314 - our own


def test_results_are_counted_once_each_however_the_record_grows(tmp_path: Path) -> None:
    record = tmp_path / "record"
    results = Results(record)
    stored = '{"action": "PUT", "path": "/out/results/long/1-ab.jpg", "came": 1, "answered": 2}\n'
    with record.open("a") as file:
        file.write(
            stored + stored.replace("PUT", "HEAD") + stored.replace("/results/", "/long/") + stored[:30]
        )
        file.flush()
        assert results.look() == 1
        file.write(stored[30:])
    assert results.look() == 2
    results.close()
