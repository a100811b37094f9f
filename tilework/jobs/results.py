"""The stored result of a job whose row does not tell it (yet), and what that tells of itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tilework.errors import VersionGoneError
from tilework.jobs.object_keys import result_stem
from tilework.jobs.transitions import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tilework.jobs.job import Job
    from tilework.jobs.stores import ObjectStore

_SUFFIX = re.compile(r"\.[a-z0-9]+")


def find_outcome(outputs: ObjectStore, job: Job) -> Outcome | None:
    """What the job's result in ``outputs`` tells of the attempt that stored it; None where none is stored."""
    stem = result_stem(job)
    found = (item.key for item in outputs.list(stem))
    # a result that was dropped again has a result of its own, whose name goes on after this one's
    key = next((key for key in found if _SUFFIX.fullmatch(key, len(stem))), None)
    try:
        return None if key is None else outcome_told(key, outputs.head(key).metadata)
    except VersionGoneError:
        # deleted since it was listed
        return None


def outcome_told(key: str, metadata: Mapping[str, str]) -> Outcome:
    """The outcome of whoever stored the result ``key`` with this metadata; how long it took is told nowhere."""
    width, _, height = metadata.get("source-size", "").partition("x")
    sides = (int(width), int(height)) if width.isdigit() and height.isdigit() else (0, 0)
    return Outcome(key, width=sides[0], height=sides[1], dtype=metadata.get("source-dtype", ""))
