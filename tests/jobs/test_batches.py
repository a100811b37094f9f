"""Where a batch stands, and how a large one is not counted anew at each look."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tilework.jobs.batches import FINAL, SETTLED_SECONDS, WORTH_NOTING, Batch, standing
from tilework.jobs.in_memory import memory_system
from tilework.jobs.job import Job, State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tilework.jobs.batches import BatchNotes
    from tilework.jobs.system import System


def put(system: System, number: int, state: State, updated: float) -> Job:
    row = Job(f"{number:032x}", "bucket", f"{number}", "v", state, batch="b", updated=updated)
    assert system.table.create(row) is None
    return row


class Watched:
    """Notes that write down from when on they were asked to count what is done."""

    def __init__(self, notes: BatchNotes) -> None:
        self._notes = notes
        self.asked: list[tuple[float, float | None]] = []

    def count(
        self, name: str, since: Mapping[State, float], *, owner: str = "", until: float | None = None
    ) -> Mapping[State, int]:
        self.asked.append((since[State.DONE], until))
        return self._notes.count(name, since, owner=owner, until=until)

    def __getattr__(self, name: str) -> object:
        return getattr(self._notes, name)


def test_what_was_counted_once_is_not_counted_again_and_the_sums_stay_right() -> None:
    system = memory_system()
    notes = Watched(system.batches)
    notes.note(Batch("b", "", 2 * WORTH_NOTING, created=1000.0))  # type: ignore[operator]
    for number in range(WORTH_NOTING):
        put(system, number, State.DONE, 1000.0 + number / 10)
    now = 1000.0 + WORTH_NOTING / 10 + SETTLED_SECONDS
    first = standing(notes, "b", now)  # type: ignore[arg-type]
    again = standing(notes, "b", now + 1)  # type: ignore[arg-type]
    assert first is not None
    assert again is not None
    assert first.states[State.DONE] == again.states[State.DONE] == WORTH_NOTING
    settled = now - SETTLED_SECONDS
    assert notes.asked == [(0.0, None), (0.0, settled), (settled, None)]

    late = put(system, 9999, State.DONE, now + 2)
    failed = put(system, 10_000, State.FAILED, now + 2)
    told = standing(notes, "b", now + 3)  # type: ignore[arg-type]
    assert told is not None
    assert (told.states[State.DONE], told.states[State.FAILED]) == (WORTH_NOTING + 1, 1)
    # a job may be tried again: what is not final is never taken from a note
    system.table.replace(replace(failed, state=State.QUEUED, serial=1, updated=now + 4), seen=failed)
    told = standing(notes, "b", now + 5)  # type: ignore[arg-type]
    assert told is not None
    assert (told.states[State.FAILED], told.states[State.QUEUED]) == (0, 1)
    assert late.state in FINAL


def test_a_small_batch_costs_no_write() -> None:
    system = memory_system()
    note = Batch("b", "", 10, created=1000.0)
    system.batches.note(note)
    for number in range(10):
        put(system, number, State.DONE, 1000.0)
    told = standing(system.batches, "b", 10_000.0)
    assert told is not None
    assert told.is_over
    assert system.batches.get("b") == note


@pytest.mark.parametrize("done", [0, 5, 10])
def test_the_estimate_goes_by_what_ended_and_is_silent_where_nothing_did(done: int) -> None:
    system = memory_system()
    system.batches.note(Batch("b", "", 10, created=1000.0))
    for number in range(done):
        put(system, number, State.DONE, 1001.0)
    told = standing(system.batches, "b", 1020.0)
    assert told is not None
    assert told.seconds_left == {0: None, 5: 20.0, 10: 0.0}[done]


def test_nothing_is_known_of_a_batch_without_note_and_jobs() -> None:
    assert standing(memory_system().batches, "b", 1.0) is None
