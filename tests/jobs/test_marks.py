"""Units that end together are added by one write, and each finds its own in the row."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tilework.errors import ServiceError
from tilework.jobs.job import Job, State, digest
from tilework.jobs.marks import Marks, Place

if TYPE_CHECKING:
    from collections.abc import Collection

PLACE = Place(digest("a"), 0, "0-write")
LIMIT = 20.0


class Slow:
    """A row whose writes wait until they may go on."""

    def __init__(self) -> None:
        self.writes: list[set[int]] = []
        self.begun = threading.Event()
        self.may = threading.Event()
        self.failure: ServiceError | None = None

    def write(self, _: Place, units: Collection[int]) -> Job:
        self.begun.set()
        assert self.may.wait(LIMIT)
        self.writes.append(set(units))
        if self.failure is not None:
            raise self.failure
        done = frozenset().union(*self.writes)
        return Job(PLACE.job, "b", "k", "v", State.RUNNING, units_done=done)


def until_joined(marks: Marks, count: int) -> None:
    end = time.monotonic() + LIMIT
    while len(marks.joining(PLACE)) < count:
        assert time.monotonic() < end
        time.sleep(0.001)


def test_who_ends_while_a_write_is_under_way_joins_the_next_one() -> None:
    slow = Slow()
    marks = Marks(slow.write)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(marks.add, PLACE, 0)
        assert slow.begun.wait(LIMIT)
        others = [pool.submit(marks.add, PLACE, unit) for unit in range(1, 8)]
        until_joined(marks, 7)
        slow.may.set()
        rows = [first.result(), *(other.result() for other in others)]
    assert slow.writes == [{0}, set(range(1, 8))]
    assert all(row is not None and unit in row.units_done for unit, row in enumerate(rows))


def test_sets_of_different_stages_do_not_wait_for_each_other() -> None:
    slow = Slow()
    marks = Marks(lambda place, units: slow.write(place, units) if place == PLACE else None)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(marks.add, PLACE, 0)
        assert slow.begun.wait(LIMIT)
        assert marks.add(PLACE._replace(epoch=1), 0) is None
        slow.may.set()
        assert waiting.result() is not None


def test_a_failed_write_is_told_to_all_who_joined_it_and_the_next_goes_on() -> None:
    slow = Slow()
    slow.may.set()
    slow.failure = ServiceError("The table is away.")
    marks = Marks(slow.write)
    with pytest.raises(ServiceError):
        marks.add(PLACE, 3)
    slow.failure = None
    row = marks.add(PLACE, 3)
    assert row is not None
    assert row.units_done == {3}
