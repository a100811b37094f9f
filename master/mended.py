"""Which failed images were mended since: a newer job of the very same version is DONE, whoever ordered it, and wherever.

No index leads from an image to its jobs, and the rows of what failed stay as they are. So the jobs that were done since the
oldest of these failures are looked through, the latest first and a bounded number of them, as a search does: one query more, of
the same size as that of the failures. Of what lies behind it nothing is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from master.search import LOOKED_AT
from tilework.jobs.job import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tilework.jobs.job import Job
    from tilework.jobs.table import JobTable
    from tilework.sign_in import Who


def mended(table: JobTable, who: Who, failures: Sequence[Job], batch: str = "") -> Mapping[str, Job]:
    """By the id of each of ``failures`` that was mended the latest job that has done so; of one ``batch`` or all."""
    images = [row for row in failures if row.key]
    if not images:
        return {}
    since = min(row.updated for row in images)
    latest: dict[tuple[str, str, str], Job] = {}
    for row in table.list(State.DONE, LOOKED_AT, batch=batch, owner=who.only, since=since):
        latest.setdefault(_version(row), row)
    newer = ((row, latest.get(_version(row))) for row in images)
    return {row.id: done for row, done in newer if done is not None and done.updated > row.updated}


def _version(row: Job) -> tuple[str, str, str]:
    return row.bucket, row.key, row.version
