"""A job: what it is about, which states it passes, and what its row in the job table holds.

A *drop* is one version of one object in the input bucket. The job that the drop's event tells is identified by the
drop alone, however often it is told; a native message names its pipeline, and so asks for another job.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tilework.jobs.history import History

ID_HEX_DIGITS = 32
"""Length of a job id: 128 bits of SHA-256, so that ten billion jobs collide with a chance below 1e-18."""

CALENDAR_END = 253_402_300_800.0
"""The year 10,000 in seconds since the epoch, where calendars end."""

SCHEMA = 1
"""Version of rows, messages and notices; a reader refuses what is newer than itself."""


class State(StrEnum):
    """Where a job stands. A retry is an attempt, not a state."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    CANCELLED = "CANCELLED"

    @property
    def is_end(self) -> bool:
        """Whether a job in this state is over."""
        return self not in {State.QUEUED, State.RUNNING}


FOLLOWERS: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.QUEUED, State.RUNNING, State.DONE, State.FAILED, State.CANCELLED}),
    State.RUNNING: frozenset(State),
    State.DONE: frozenset(),
    State.FAILED: frozenset({State.DONE, State.QUEUED}),
    State.SKIPPED: frozenset(),
    State.CANCELLED: frozenset({State.QUEUED}),
}
"""What may follow what. DONE may follow FAILED, because a stored result is the stronger witness.

QUEUED after an end is a user's retry: it raises the epoch and gives the job fresh attempts.
"""


@dataclass(frozen=True, slots=True)
class Drop:
    """One version of one object in the input bucket; ``version`` is ``"null"`` in a bucket without versions."""

    bucket: str
    key: str
    version: str


@dataclass(frozen=True, slots=True)
class Ask:
    """What one message asks for: a drop, and for a native message also a pipeline and a revision.

    ``pipeline`` is the canonical text, or None where the drop itself decides (an S3 event).
    """

    drop: Drop
    pipeline: str | None = None
    revision: str = ""
    owner: str = ""
    batch: str = ""

    @property
    def job_id(self) -> str:
        """The job's id: 32 hexadecimal digits."""
        if self.pipeline is None:
            return digest("drop", self.drop.bucket, self.drop.key, self.drop.version)
        drop = (self.drop.bucket, self.drop.key, self.drop.version)
        return digest("native", *drop, self.pipeline, self.revision)


def digest(*parts: str) -> str:
    """The first 32 hexadecimal digits of the SHA-256 of ``parts``, kept apart by JSON's quoting."""
    # surrogatepass: a body that is no UTF-8 still has an identity
    text = json.dumps(parts, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[:ID_HEX_DIGITS]


def unreadable_id(body: str) -> str:
    """The id of the job that stands for a body nobody can read."""
    return digest("unreadable", body)


@dataclass(frozen=True, slots=True)
class Job:
    """A row of the job table.

    Times are seconds since the epoch, UTC; 0 means never. ``lease_number`` rises with every claim and fences off
    earlier owners; ``attempts`` counts what the job used up itself, ``losses`` the attempts that ended without a
    word (a killed host, a drain is neither). ``message`` is the queue's id of the message that holds the claim.
    ``epoch`` rises with every retry. What follows belongs to images worked on in stages, and is empty for an ordinary
    one: ``stage`` is the label of the stage that runs (:func:`tilework.jobs.stages.label`), ``stage_units`` how many
    units it has, ``units_done`` which of them are done; ``units_behind`` are those of the stages before it,
    ``units_in_all`` those of the whole plan. ``staged`` is when the first stage began, ``touched`` the last sign of life.
    ``seconds`` is how long a rank worked on an ordinary image, or how long the stages took from the first on.
    ``pictures`` tells which versions of which pictures the pipeline names (:mod:`tilework.jobs.pictures`), frozen like it.
    A cancelled row keeps its last ``lease_end``: until then its worker may still store. ``history`` tells the attempts.
    ``serial`` rises with every write and is what conditional writes compare.
    """

    id: str
    bucket: str
    key: str
    version: str
    state: State
    pipeline: str = ""
    pictures: str = ""
    revision: str = ""
    code: str = ""
    reason: str = ""
    advice: str = ""
    result_key: str = ""
    attempts: int = 0
    losses: int = 0
    lease_owner: str = ""
    lease_number: int = 0
    lease_end: float = 0.0
    message: str = ""
    epoch: int = 0
    stage: str = ""
    stage_units: int = 0
    units_done: frozenset[int] = frozenset()
    units_behind: int = 0
    units_in_all: int = 0
    staged: float = 0.0
    touched: float = 0.0
    owner: str = ""
    batch: str = ""
    created: float = 0.0
    started: float = 0.0
    updated: float = 0.0
    ended: float = 0.0
    seconds: float = 0.0
    source_bytes: int = 0
    width: int = 0
    height: int = 0
    dtype: str = ""
    note: str = ""
    history: History = ()
    serial: int = 0
    schema: int = SCHEMA

    @property
    def drop(self) -> Drop:
        """The object version that the job is about."""
        return Drop(self.bucket, self.key, self.version)

    def runs(self, epoch: int, stage: str) -> bool:
        """Whether the job is RUNNING in just this epoch and stage."""
        return self.state is State.RUNNING and (self.epoch, self.stage) == (epoch, stage)
