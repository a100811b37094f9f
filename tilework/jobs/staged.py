"""What may become of a row whose job is worked on in stages: pure functions from a row to the next one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tilework.jobs.job import Job, State
from tilework.jobs.stages import stage_number

if TYPE_CHECKING:
    from tilework.jobs.stages import Plan
    from tilework.jobs.transitions import Outcome


def opened(row: Job, plan: Plan, now: float, seen: Outcome) -> Job:
    """``row`` in the first stage of ``plan``, with the size and dtype that its header told.

    No lease holds it from here on: its units carry it, and the message that claimed it answers for their being sent.
    """
    return replace(
        _entered(row, plan, 0, now),
        units_behind=0,
        units_in_all=plan.units,
        staged=now,
        width=seen.width or row.width,
        height=seen.height or row.height,
        dtype=seen.dtype or row.dtype,
        note=seen.note or row.note,
        lease_end=0.0,
    )


def advanced(row: Job, plan: Plan, now: float, message: str) -> Job:
    """``row`` in the stage after the one that is complete; ``message`` answers for its units being sent."""
    following = _entered(row, plan, stage_number(row.stage) + 1, now)
    return replace(following, units_behind=row.units_behind + row.stage_units, message=message)


def _entered(row: Job, plan: Plan, number: int, now: float) -> Job:
    return replace(
        row,
        stage=plan.label(number),
        stage_units=plan.stages[number].units,
        units_done=frozenset(),
        touched=now,
        updated=now,
        serial=row.serial + 1,
    )


def storing(row: Job, now: float, seconds: float) -> Job:
    """``row`` under the lease of its assembly: a cancelled job's row tells until when its result may still be stored."""
    return replace(row, lease_end=now + seconds, touched=now, serial=row.serial + 1)


def is_last(row: Job) -> bool:
    """Whether the stage that runs is the one that stores the result."""
    return bool(row.stage) and row.units_behind + row.stage_units == row.units_in_all


def is_complete(row: Job) -> bool:
    """Whether every unit of the stage that runs is done, so that another may follow."""
    running = row.state is State.RUNNING and bool(row.stage)
    return running and not is_last(row) and len(row.units_done) == row.stage_units


def missing(row: Job) -> list[int]:
    """The units of the stage that runs which are not done yet."""
    return sorted(set(range(row.stage_units)) - row.units_done)


@dataclass(frozen=True, slots=True)
class Progress:
    """Units done of all units; ``seconds_left`` is an estimate, None where nothing is done yet."""

    done: int
    total: int
    seconds_left: float | None


def progress(row: Job, now: float) -> Progress | None:
    """How far a job in stages has come at ``now``; None for any other.

    The estimate takes a unit of every stage to last as long as those that are done.
    """
    if row.state is not State.RUNNING or not row.stage:
        return None
    done = row.units_behind + len(row.units_done)
    left = (row.units_in_all - done) * max(0.0, now - row.staged) / done if done else None
    return Progress(done, row.units_in_all, left)
