"""What the keeper decides, apart from how it is carried out: pure functions of rows, times and backlogs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from tilework.jobs.job import Job, State
from tilework.jobs.object_keys import is_folder_marker, is_ours
from tilework.jobs.transitions import spent

if TYPE_CHECKING:
    from tilework.jobs.queues import Backlog
    from tilework.jobs.stores import ObjectVersion

LONGEST_DELAY = 900.0
"""Seconds that a message can be delayed (SQS quota)."""


STALLED_SECONDS = 300.0
"""Without a sign of life in a stage: five leases, and as many of the signs that a long unit leaves."""

SENT_SECONDS = 60.0
"""Within which the units of a stage are sent, once its row says so."""

CLOCKS_APART = 30.0
"""Seconds that a worker's clock may be behind: by its own it must find a lease ended when the message comes."""


class Verdict(Enum):
    """What becomes of a dead letter's job."""

    FORGET = "forget"  # the job is over
    DONE = "done"  # its result is stored, though its row does not say so
    FAIL = "fail"  # no live lease, no result, no attempts left
    SEND_AGAIN = "send again"


def about_dead_letter(row: Job | None, *, has_result: bool, now: float) -> Verdict:
    """Judge a dead letter by its job's row at ``now``: it fails the job only if nothing else can come of it."""
    if row is None:
        return Verdict.SEND_AGAIN
    if row.state.is_end and not (row.state is State.FAILED and has_result):
        return Verdict.FORGET
    if has_result:
        return Verdict.DONE
    if not is_held(row, now) and spent(row):
        return Verdict.FAIL
    return Verdict.SEND_AGAIN


def is_held(row: Job, now: float) -> bool:
    """Whether somebody works on the job: a live lease, or a running stage, whose units carry it on."""
    return row.state is State.RUNNING and (bool(row.stage) or row.lease_end > now)


def delay_of(row: Job | None, now: float) -> float:
    """How long a dead letter that is sent again waits: past the end of a live lease, before which it would be refused."""
    if row is None or not is_held(row, now) or row.stage:
        return 0.0
    return min(LONGEST_DELAY, row.lease_end - now + CLOCKS_APART)


@dataclass(frozen=True, slots=True)
class Horizon:
    """What may be lost at all. Times in seconds since the epoch.

    ``since`` is when the deployment began, ``memory`` how long its table remembers rows (None: for ever),
    ``lost_after`` the age from which on something may be lost.
    """

    now: float
    since: float
    lost_after: float
    memory: float | None = None

    @property
    def oldest(self) -> float:
        """From when on a version must have had its row, and would have it still."""
        return max(self.since, self.now - self.memory if self.memory else 0.0)


def may_be_queued(age: float, backlog: Backlog) -> bool:
    """Whether something that went unheard for ``age`` seconds can have no message left in a queue of this backlog.

    True where the queue is empty, or its oldest message is younger. A queue that cannot tell its age is trusted to
    hold the message.
    """
    return backlog.total == 0 or (backlog.oldest is not None and backlog.oldest < age)


def could_lack_row(version: ObjectVersion, horizon: Horizon, backlog: Backlog) -> bool:
    """Whether an input version must have a row by now, so that one without is lost."""
    age = horizon.now - version.modified
    return (
        version.modified >= horizon.oldest
        and age >= horizon.lost_after
        and not is_folder_marker(version.key, version.size)
        and not is_ours(version.key)
        and may_be_queued(age, backlog)
    )


def is_silent(row: Job, horizon: Horizon, backlog: Backlog) -> bool:
    """Whether a row has shown no sign of life for so long that its message must be gone."""
    if row.state.is_end or is_held(row, horizon.now):
        return False
    age = horizon.now - max(row.updated, row.lease_end)
    return age >= horizon.lost_after and may_be_queued(age, backlog)


def is_stalled(row: Job, now: float, units: Backlog) -> bool:
    """Whether a stage has shown no life for so long that messages of its units must be gone."""
    if row.state is not State.RUNNING or not row.stage:
        return False
    age = now - row.touched
    return age >= STALLED_SECONDS and may_be_queued(age - SENT_SECONDS, units)
