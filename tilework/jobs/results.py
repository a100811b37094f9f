"""Finding the stored result of a job whose row does not tell it (yet)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tilework.jobs.object_keys import result_stem

if TYPE_CHECKING:
    from tilework.jobs.job import Job
    from tilework.jobs.stores import ObjectStore

_SUFFIX = re.compile(r"\.[a-z0-9]+")


def find_result(outputs: ObjectStore, job: Job) -> str | None:
    """The key of the job's result in ``outputs``, or None where none is stored."""
    stem = result_stem(job)
    found = (item.key for item in outputs.list(stem))
    # a result that was dropped again has a result of its own, whose name goes on after this one's
    return next((key for key in found if _SUFFIX.fullmatch(key, len(stem))), None)
