"""Where drops, results and work lie.

Input bucket: any key is a drop, but for those under ``.tilework/``; ``drop/<preset>/…`` names its preset, and
``uploads/…`` is where the page puts its own, ``submitted/…`` where the command line does. Output bucket: ``results/<readable>-<hash><suffix>``
and ``work/<job>/…``. The hash is of the job, so results never collide for different versions or pipelines.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tilework.shown import is_harmless

if TYPE_CHECKING:
    from tilework.jobs.job import Job

RESULTS = "results/"
WORK = "work/"
DROPS = "drop/"
UPLOADS = "uploads/"
SUBMITTED = "submitted/"
"""What the command line submits; never ``drop/``, whose folders name presets."""

OURS = ".tilework/"
"""What lies here in the input bucket is Tilework's own, and never a drop."""

PRESETS = f"{OURS}presets.toml"
"""The presets of a bucket's own, beside those that come with Tilework."""

PICTURES = f"{OURS}pictures/"
"""The pictures that pipelines name (``overlay(logo)``), each an object that is called as the picture is."""

READABLE_BYTES = 700
"""UTF-8 bytes of a source key kept in its result's key, so that with prefix, hash and suffix it stays below S3's 1,024."""

HASH_HEX_DIGITS = 24
"""Digits of the job id in a result key: 96 bits, beside a readable part that differs for most of them."""

_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}$")


def readable_stem(key: str) -> str:
    """What the keys of all results of the source ``key`` begin with; those of other sources may, too."""
    return RESULTS + _readable(key)


def result_stem(job: Job) -> str:
    """The key of the job's result less its suffix, which only the finished work knows."""
    return f"{readable_stem(job.key)}-{job.id[:HASH_HEX_DIGITS]}"


def result_key(job: Job, suffix: str) -> str:
    """The key of the job's result; ``suffix`` as in ``".png"``."""
    return result_stem(job) + suffix


def work_prefix(job_id: str) -> str:
    """Under which all work objects of a job lie, in the output bucket."""
    return f"{WORK}{job_id}/"


def epoch_prefix(job_id: str, epoch: int) -> str:
    """Under which the work objects of one epoch of a job lie: none of another epoch can touch them."""
    return f"{work_prefix(job_id)}{epoch}/"


def plan_key(job_id: str, epoch: int) -> str:
    """The key of the plan of an epoch."""
    return f"{epoch_prefix(job_id, epoch)}plan"


def epoch_of(key: str) -> int:
    """The epoch of a work object's key; -1 where it is of none."""
    parts = key.split("/")
    return int(parts[2]) if len(parts) > 3 and parts[2].isdecimal() else -1  # noqa: PLR2004


def picture_key(name: str) -> str:
    """The key of the picture called ``name``: letters, digits and ``_``, as the pipeline language has words."""
    return PICTURES + name


def is_folder_marker(key: str, size: int) -> bool:
    """Whether the object only stands for a folder, as consoles make them: a name with a final slash, no bytes."""
    return key.endswith("/") and size == 0


def is_ours(key: str) -> bool:
    """Whether the object is Tilework's own, which no event and no look through the bucket makes a job."""
    return key.startswith(OURS)


def preset_name(key: str) -> str | None:
    """The preset that the folder of a drop names: ``drop/<preset>/…``; None elsewhere."""
    parts = key.split("/")
    return parts[1] if len(parts) > 2 and f"{parts[0]}/" == DROPS and parts[1] else None  # noqa: PLR2004


def _readable(key: str) -> str:
    """The source key as a result may bear it: no extension, no segment that a file system would follow."""
    stem = _SUFFIX.sub("", key)
    segments = ["_" if part in {"", ".", ".."} else _safe(part) for part in stem.split("/")]
    cut = "/".join(segments).encode()[:READABLE_BYTES]
    # a character that the cut went through is left out
    return cut.decode("utf-8", "ignore").rstrip("/")


def _safe(segment: str) -> str:
    """Without what is invisible, turns the writing, or is a separator elsewhere: a result may be copied to a disk, and shown."""
    return "".join(each if is_harmless(each) and each != "\\" else "_" for each in segment)
