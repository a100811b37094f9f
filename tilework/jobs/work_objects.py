"""Work objects that are nobody's any more, and their end.

Only those up to the epoch in which the job was seen at its end: a user's retry may have begun another epoch while
somebody still cleans the last one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.jobs.object_keys import epoch_of, work_prefix

if TYPE_CHECKING:
    from tilework.jobs.stores import ObjectStore


def sweep(outputs: ObjectStore, job_id: str, epoch: int) -> int:
    """Delete the work objects of a job up to and in ``epoch``; returns how many there were."""
    return _delete(outputs, work_prefix(job_id), epoch)


def discard(outputs: ObjectStore, prefix: str) -> int:
    """Delete all that lies under ``prefix``, which only its writer knows; returns how many objects that were."""
    return _delete(outputs, prefix, None)


def _delete(outputs: ObjectStore, prefix: str, epoch: int | None) -> int:
    keys = [item.key for item in outputs.list(prefix) if epoch is None or epoch_of(item.key) <= epoch]
    outputs.delete_all(keys)
    return len(keys)
