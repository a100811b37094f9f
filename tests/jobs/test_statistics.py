"""What ended on a day and through a pipeline, read off the counters."""

from __future__ import annotations

from tilework.jobs.in_memory import MemoryTable
from tilework.jobs.statistics import days

NOW = 1_764_000_000.0  # 2025-11-24
DAY = 86_400.0


def test_days_are_told_with_their_pipelines_the_busiest_first_and_empty_ones_left_out() -> None:
    table = MemoryTable()
    table.add("day 2025-11-24", {"done": 3, "failed": 2, "failed:damaged": 1, "failed:crashed": 1})
    table.add("day 2025-11-24 blur(9)", {"done": 1, "megapixels": 12.5}, group="day 2025-11-24")
    amounts = {"done": 2, "failed": 2, "seconds_cpu": 1.5, "seconds_work": 2, "source_bytes": 10}
    table.add("day 2025-11-24 invert()", amounts, group="day 2025-11-24")
    table.add("day 2025-11-22", {"done": 7})
    today, earlier = days(table, NOW, 7)
    assert (today.day, earlier.day, earlier.total.done) == ("2025-11-24", "2025-11-22", 7)
    assert (today.total.done, today.total.failed) == (3, 2)
    assert today.total.codes == {"crashed": 1, "damaged": 1}
    assert list(today.pipelines) == ["invert()", "blur(9)"]
    busiest = today.pipelines["invert()"]
    assert (busiest.cpu_seconds, busiest.work_seconds, busiest.source_bytes) == (1.5, 2, 10)
    assert today.pipelines["blur(9)"].megapixels == 12.5
    assert [day.day for day in days(table, NOW + DAY, 2)] == ["2025-11-24"]
