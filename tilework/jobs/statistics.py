"""What ended on a day, in all and by pipeline, out of the counters that the keeper adds notices to.

Notices come at least once and may be lost, so that the numbers are close, not exact; the job table is the authority.
A job that fails, is tried again and fails again has failed twice here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tilework.jobs.table import JobTable

MOST_DAYS = 366


def day_name(at: float) -> str:
    """The statistics row of the day (UTC) of a time in seconds since the epoch; also the group of its pipelines."""
    return f"day {datetime.fromtimestamp(at, UTC).date().isoformat()}"


def pipeline_name(day: str, pipeline: str) -> str:
    """The statistics row of a pipeline on the day of the row ``day``."""
    return f"{day} {pipeline}"


@dataclass(frozen=True, slots=True)
class Tally:
    """Ended jobs, and what their work came to.

    ``codes`` counts the failed ones by code. ``megapixels``, ``cpu_seconds`` (of the ranks, decoders and encoders
    included; of large images by the clock, unit for unit), ``work_seconds`` (by the clock) and the bytes are those of jobs that are DONE, but ``source_bytes`` of
    all.
    """

    done: int = 0
    failed: int = 0
    skipped: int = 0
    cancelled: int = 0
    codes: Mapping[str, int] = field(default_factory=dict)
    megapixels: float = 0.0
    cpu_seconds: float = 0.0
    work_seconds: float = 0.0
    source_bytes: int = 0
    result_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Day:
    """One day (UTC, ISO 8601): all of it, and each pipeline, the busiest first."""

    day: str
    total: Tally
    pipelines: Mapping[str, Tally]


def days(table: JobTable, now: float, count: int) -> list[Day]:
    """The last ``count`` days, the latest first; those on which nothing ended are left out."""
    today = datetime.fromtimestamp(now, UTC)
    found = (_day(table, (today - timedelta(days=back)).timestamp()) for back in range(count))
    return [day for day in found if day is not None]


def today(table: JobTable, now: float) -> Tally:
    """What has ended on the day of ``now`` so far: one look at the table, without the pipelines."""
    return _tally(table.counters(day_name(now)))


def _day(table: JobTable, at: float) -> Day | None:
    name = day_name(at)
    counted = table.counters(name)
    if not counted:
        return None
    pipelines = {
        row.removeprefix(pipeline_name(name, "")): _tally(counters)
        for row, counters in table.group(name).items()
    }
    busiest = sorted(pipelines.items(), key=lambda item: (-item[1].done - item[1].failed, item[0]))
    return Day(name.removeprefix("day "), _tally(counted), dict(busiest))


def _tally(counted: Mapping[str, float]) -> Tally:
    codes = {
        name.removeprefix("failed:"): int(amount)
        for name, amount in counted.items()
        if name.startswith("failed:")
    }
    return Tally(
        **{state: int(counted.get(state, 0)) for state in ("done", "failed", "skipped", "cancelled")},
        codes=dict(sorted(codes.items(), key=lambda item: (-item[1], item[0]))),
        megapixels=counted.get("megapixels", 0.0),
        cpu_seconds=counted.get("seconds_cpu", 0.0),
        work_seconds=counted.get("seconds_work", 0.0),
        source_bytes=int(counted.get("source_bytes", 0)),
        result_bytes=int(counted.get("result_bytes", 0)),
    )
