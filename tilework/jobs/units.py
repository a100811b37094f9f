"""A unit of a stage: the message that tells it, the task that a rank gets, and where it keeps what it made."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tilework.errors import UnreadableMessageError
from tilework.jobs.job import ID_HEX_DIGITS, SCHEMA
from tilework.jobs.messages import body_document
from tilework.jobs.object_keys import epoch_prefix
from tilework.jobs.stages import MOST_STAGES, MOST_UNITS

if TYPE_CHECKING:
    from tilework.jobs.stages import Plan

MOST_EPOCHS = 2**31

_ID = re.compile(rf"[0-9a-f]{{{ID_HEX_DIGITS}}}")


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit ``number`` of the stage ``stage`` (both from 0) of a job in one of its epochs."""

    job: str
    epoch: int
    stage: int
    number: int


def unit_body(unit: Unit) -> str:
    """The message that tells ``unit``; buckets come from settings, never out of a message."""
    told = {"job": unit.job, "epoch": unit.epoch, "stage": unit.stage, "number": unit.number}
    return json.dumps({"schema": SCHEMA, "unit": told})


def unit_of(body: str) -> Unit:
    """The unit in a units-queue body. Raises UnreadableMessageError, NewerMessageError."""
    told = body_document(body).get("unit")
    if not isinstance(told, dict):
        raise UnreadableMessageError("The message tells no unit.")
    job = told.get("job")
    if not isinstance(job, str) or not _ID.fullmatch(job):
        raise UnreadableMessageError("The message tells a unit of a job that cannot be one.")
    return Unit(
        job,
        _number(told.get("epoch"), MOST_EPOCHS),
        _number(told.get("stage"), MOST_STAGES),
        _number(told.get("number"), MOST_UNITS),
    )


def _number(value: Any, most: int) -> int:
    # JSON's true is an int in Python
    if type(value) is not int or not 0 <= value < most:
        raise UnreadableMessageError("The message tells a unit without numbers that can be.")
    return value


def tells_unit(body: str) -> bool:
    """Whether a body is a unit's, be it one that only a newer version can read."""
    try:
        return "unit" in json.loads(body)
    except (ValueError, TypeError, RecursionError):
        return False


@dataclass(frozen=True, slots=True)
class UnitFolder:
    """Where everything of a unit lies in the output bucket; ``stage`` is its stage's label."""

    job: str
    epoch: int
    stage: str
    number: int

    @property
    def prefix(self) -> str:
        """With what all of its keys begin."""
        return f"{epoch_prefix(self.job, self.epoch)}{self.stage}/{self.number:04d}/"

    @property
    def manifest(self) -> str:
        """The key whose conditional PUT commits the unit."""
        return f"{self.prefix}manifest"

    @property
    def failures(self) -> str:
        """With what the keys of its failed attempts begin."""
        return f"{self.prefix}failed-"

    def objects(self, attempt: str) -> str:
        """With what the keys of all that ``attempt`` wrote begin."""
        return f"{self.prefix}{attempt}"


@dataclass(frozen=True, slots=True)
class UnitTask:
    """An attempt at one unit, small enough to cross to a rank.

    ``key``, ``version``, ``source_bytes``, ``pipeline``, ``pictures`` and ``result_stem`` as in an ordinary task. ``label`` is its
    stage's, ``attempt`` a name that no other attempt has. ``stores_result`` marks the assembly.
    """

    unit: Unit
    label: str
    attempt: str
    plan: Plan
    key: str
    version: str
    source_bytes: int
    pipeline: str
    result_stem: str
    stores_result: bool
    pictures: str = ""

    @property
    def job(self) -> str:
        """The job's id."""
        return self.unit.job

    @property
    def folder(self) -> UnitFolder:
        """Where everything of its unit lies."""
        return UnitFolder(self.unit.job, self.unit.epoch, self.label, self.unit.number)

    def folder_of(self, stage: int, number: int) -> UnitFolder:
        """Where another unit of the same job and epoch lies, whose work this one goes on with."""
        return UnitFolder(self.unit.job, self.unit.epoch, self.plan.label(stage), number)

    def object_key(self, name: str = "") -> str:
        """The key of what this attempt writes; of several objects each has a ``name``."""
        return self.folder.objects(self.attempt) + (f"/{name}" if name else "")
