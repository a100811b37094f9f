"""Erasing an image: every version of its object, every result, what was left of the work, and every row.

In this order: its jobs are called off; results and work objects go; then the versions; the rows last, because they
tell what there is to erase. Whatever interrupts it, doing it again does the rest. It needs leave to delete in both
buckets and in the table, which no worker has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import StillWorkedOnError, VersionGoneError, WrongStateError
from tilework.jobs.object_keys import readable_stem, work_prefix
from tilework.jobs.unheard import ask_of_version

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tilework.jobs.job import Job
    from tilework.jobs.life import JobLife
    from tilework.jobs.stores import ObjectStore
    from tilework.jobs.system import System

STORE_SECONDS = 10.0
"""After a lease's end: a PUT that began just before it may take so long, and clocks differ."""

UNCLAIMED_NOTE = "Called off by an erasure, before anybody had taken it up."

_REST = re.compile(r"-[0-9a-f]{24}\.[A-Za-z0-9]+")
"""How a result's key goes on after what can be read of its source's."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What there was of an image: versions and delete markers, results, rows."""

    versions: int
    results: int
    rows: int


def erase(system: System, life: JobLife, key: str) -> Erased:
    """Erase the image ``key``. Raises VersionGoneError where there is nothing of it.

    Raises StillWorkedOnError while a worker may still store a result: by then its jobs are called off, and nothing is
    erased. A message that still waits for it ends SKIPPED.
    """
    rows = _rows(system, life, key)
    _call_off(life, rows)
    results = sum(map(system.outputs.purge, _results(system.outputs, key, rows)))
    for row in rows:
        for key_of_work in {item.key for item in system.outputs.versions(work_prefix(row.id))}:
            system.outputs.purge(key_of_work)
    versions = system.inputs.purge(key)
    for row in rows:
        system.table.delete(row.id)
    if not (versions or results or rows):
        raise VersionGoneError(f"There is nothing of an image {key!r}: no version, no result, no job.")
    return Erased(versions, results, sum(row.note != UNCLAIMED_NOTE for row in rows))


def _rows(system: System, life: JobLife, key: str) -> Sequence[Job]:
    """The rows of all jobs; a version that nobody has claimed yet gets one, so that nobody can meanwhile."""
    rows = {row.id: row for row in system.table.of_key(key)}
    for version in system.inputs.versions(key):
        if version.key != key:
            break
        ask = ask_of_version(system, version)
        life.requeue(ask, None, note=UNCLAIMED_NOTE)
        # what the index does not know yet, the table does
        row = system.table.get(ask.job_id)
        if row is not None:
            rows[row.id] = row
    return list(rows.values())


def _call_off(life: JobLife, rows: Sequence[Job]) -> None:
    latest = 0.0
    for row in rows:
        over = row
        if not row.state.is_end:
            try:
                over = life.cancel(row)
            except WrongStateError:
                continue
        latest = max(latest, over.lease_end)
    left = latest + STORE_SECONDS - life.now() if latest else 0.0
    if left > 0:
        raise StillWorkedOnError(
            f"A worker may still store a result of it, for {left:.0f} seconds at most.", seconds=left
        )


def _results(outputs: ObjectStore, key: str, rows: Sequence[Job]) -> set[str]:
    """The keys of all results: those that the rows know, and those whose rows are forgotten."""
    jobs = {row.id for row in rows}
    stem = readable_stem(key)
    listed = [item.key for item in outputs.list(stem) if _REST.fullmatch(item.key, len(stem))]
    # other keys may read the same
    ours = {result for result in listed if _is_of(outputs.head(result).metadata, key, jobs)}
    return ours | {row.result_key for row in rows if row.result_key}


def _is_of(told: Mapping[str, str], key: str, jobs: Collection[str]) -> bool:
    # the source is left out where it is too long for metadata, the job never is
    return told.get("source") == key or told.get("job") in jobs
