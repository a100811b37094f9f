"""What every table promises about the units of a stage that are done."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tilework.jobs.job import Job, State, digest

if TYPE_CHECKING:
    from tilework.jobs.table import JobTable

UNLOCKED = "its backends have no locks"
LARGEST = 8192


def running(epoch: int = 0, **changes: object) -> Job:
    row = Job(
        digest("large"), "bucket", "scan.tif", "v1", State.RUNNING, epoch=epoch, stage="2-write", updated=1.0
    )
    return replace(row, **changes)  # type: ignore[arg-type]


def mark(table: JobTable, *units: int, epoch: int = 0, stage: str = "2-write") -> Job | None:
    return table.mark_done(running().id, units, epoch=epoch, stage=stage, now=5.5)


@pytest.mark.parametrize("epoch", [0, 3])
def test_units_are_added_and_the_row_is_told_as_it_is_then(table: JobTable, epoch: int) -> None:
    table.create(running(epoch, serial=4))
    assert mark(table, 0, 255, 256, 8191, epoch=epoch) == running(
        epoch, serial=5, units_done=frozenset({0, 255, 256, 8191}), touched=5.5
    )
    row = mark(table, 7, epoch=epoch)
    assert row == table.get(running().id)
    assert row is not None
    assert (row.units_done, row.serial) == ({0, 7, 255, 256, 8191}, 6)


def test_a_unit_added_twice_is_in_it_once(table: JobTable) -> None:
    table.create(running())
    mark(table, 9)
    row = mark(table, 9)
    assert row is not None
    assert row.units_done == {9}


def test_no_units_are_a_sign_of_life(table: JobTable) -> None:
    table.create(running(units_done=frozenset({1})))
    assert mark(table) == running(units_done=frozenset({1}), touched=5.5, serial=1)


def test_nothing_is_added_in_another_stage_epoch_or_state_nor_where_there_is_no_row(table: JobTable) -> None:
    assert mark(table, 1) is None
    assert table.get(running().id) is None
    for other in (running(1), running(stage="3-assemble"), running(stage=""), running(state=State.CANCELLED)):
        table.create(other)
        assert mark(table, 1) is None
        assert table.get(other.id) == other
        table.delete(other.id)


def test_whoever_saw_the_row_before_an_addition_cannot_write_over_it(table: JobTable) -> None:
    seen = running(serial=4)
    table.create(seen)
    added = mark(table, 3)
    assert added is not None
    assert table.replace(replace(seen, serial=5), seen=seen) == added
    assert (
        table.replace(replace(added, stage="3-assemble", units_done=frozenset(), serial=6), seen=added)
        is None
    )
    row = table.get(seen.id)
    assert row is not None
    assert row.units_done == frozenset()


def test_a_row_holds_the_largest_stage(table: JobTable) -> None:
    table.create(running())
    row = mark(table, *range(LARGEST))
    assert row is not None
    assert row.units_done == set(range(LARGEST))
    assert table.replace(replace(row, note="x", serial=row.serial + 1), seen=row) is None
    assert [job.units_done for job in table.list(State.RUNNING)] == [set(range(LARGEST))]


@pytest.mark.differs("moto", because=UNLOCKED)
def test_of_64_who_add_at_once_each_is_counted_and_one_sees_the_set_complete_last(table: JobTable) -> None:
    table.create(running())
    with ThreadPoolExecutor(16) as pool:
        rows = list(pool.map(lambda unit: mark(table, unit), range(64)))
    assert sorted(len(row.units_done) for row in rows if row) == list(range(1, 65))
