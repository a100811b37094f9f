"""The job table after a crash, from what the buckets still tell: results make rows of DONE jobs, the rest is queued."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tilework.errors import VersionGoneError
from tilework.jobs.job import Ask, Drop, Job, State
from tilework.jobs.life import JobLife
from tilework.jobs.messages import body_of
from tilework.jobs.object_keys import RESULTS, WORK, is_ours
from tilework.jobs.results import outcome_told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tilework.jobs.stores import ObjectInfo
    from tilework.jobs.system import System

NOTE: Final = "Restored from its result after a crash of the embedded AWS."
QUEUED_NOTE: Final = "Queued again after a crash of the embedded AWS."


@dataclass(slots=True)
class Restored:
    """How many jobs were listed as DONE again, and how many were queued again."""

    done: int = 0
    queued: int = 0

    def __str__(self) -> str:
        return f"{self.done} jobs done before, {self.queued} queued again"


def restore(system: System, tell: Callable[[Restored], None]) -> Restored:
    """Fill an empty job table and an empty queue; ``tell`` is called now and then.

    A job is listed with its own id, so that whoever remembers it finds it. A drop whose own job has no result is told
    again, as S3 would: its failures, if that is what it had, it has again.
    """
    so_far = Restored()
    for row in _rows_of_results(system):
        if system.table.create(row) is None:
            so_far.done += 1
        tell(so_far)
    life = JobLife(system.table, time.time)
    for version in system.inputs.versions():
        drop = Drop(system.inputs.bucket, version.key, version.version)
        if not is_ours(drop.key) and system.table.get(Ask(drop).job_id) is None:
            ask = _ask(system, drop)
            life.requeue(ask, None, note=QUEUED_NOTE)
            system.jobs.send(body_of(ask))
            so_far.queued += 1
        tell(so_far)
    # the stages of a job that is worked again start anew
    for piece in list(system.outputs.list(WORK)):
        system.outputs.delete(piece.key)
        tell(so_far)
    return so_far


def _rows_of_results(system: System) -> Iterator[Job]:
    for found in system.outputs.list(RESULTS):
        info = system.outputs.head(found.key)
        row = row_of(info, system.inputs.bucket)
        if row is not None:
            yield _with_source(system, row)


def row_of(result: ObjectInfo, bucket: str) -> Job | None:
    """The row of the job that made ``result``, as far as its metadata tells; None where it is none of ours."""
    told = result.metadata
    if not all(told.get(name) for name in ("job", "source", "source-version", "pipeline")):
        return None
    found = outcome_told(result.key, told)
    return Job(
        id=told["job"],
        bucket=bucket,
        key=told["source"],
        version=told["source-version"],
        state=State.DONE,
        pipeline=told["pipeline"],
        result_key=result.key,
        attempts=1,
        created=result.modified,
        started=result.modified,
        updated=result.modified,
        ended=result.modified,
        width=found.width,
        height=found.height,
        dtype=found.dtype,
        note=NOTE,
    )


def _with_source(system: System, row: Job) -> Job:
    """The row with what the input's own metadata tells; a deleted input takes nothing from a result."""
    try:
        source = system.inputs.head(row.key, row.version)
    except VersionGoneError:
        return row
    told = source.metadata
    return replace(
        row,
        source_bytes=source.size,
        owner=told.get("owner", ""),
        batch=told.get("batch", ""),
        created=source.modified,
    )


def _ask(system: System, drop: Drop) -> Ask:
    told = system.inputs.head(drop.key, drop.version).metadata
    return Ask(drop, owner=told.get("owner", ""), batch=told.get("batch", ""))
