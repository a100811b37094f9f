"""Hosts whose wall clocks are wrong, or are set while they work: nothing is stolen, nothing is lost."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.faults.test_messages_again import told_again
from tests.faults.worker_host import LEASE_SECONDS
from tests.faults.workload import Workload
from tests.waiting import wait_for
from tilework.jobs.job import State

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.faults.worker_host import WorkerHost
    from tests.flow.running_system import RunningSystem

HOUR = 3600.0

OWN_CLOCK = """
import os, time

_time, _time_ns, _file = time.time, time.time_ns, os.environ["TILEWORK_TESTS_CLOCK"]

def _ahead():
    with open(_file) as file:
        return float(file.read() or 0)

time.time = lambda: _time() + _ahead()
time.time_ns = lambda: _time_ns() + int(_ahead() * 1e9)
"""
"""What every Python of such a host runs first: its wall clock is ahead by as many seconds as a file says."""


@dataclass
class Clock:
    """A wall clock of a host's own."""

    folder: Path

    def __post_init__(self) -> None:
        self.folder.mkdir()
        (self.folder / "sitecustomize.py").write_text(OWN_CLOCK)
        self.set(0)

    def set(self, ahead: float) -> None:
        fresh = self.folder / "new"
        fresh.write_text(str(ahead))
        fresh.replace(self.folder / "ahead")

    @property
    def variables(self) -> dict[str, str]:
        path = os.pathsep.join(filter(None, (str(self.folder), os.environ.get("PYTHONPATH"))))
        return {"PYTHONPATH": path, "TILEWORK_TESTS_CLOCK": str(self.folder / "ahead")}


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path / "clock")


def stays_with_its_host(deployed: RunningSystem, work: Workload, owner: WorkerHost) -> None:
    """For some leases, although the other host is told of it again and again."""
    for _ in range(3):
        (row,) = work.rows()
        told_again(deployed, row)
        time.sleep(LEASE_SECONDS / 2)
    (row,) = work.rows()
    assert (row.state, row.lease_owner, row.lease_number) == (State.RUNNING, owner.name, 1), row.history


@pytest.mark.parametrize(
    ("whose", "ahead"),
    [
        ("other's", HOUR),
        pytest.param("other's", -HOUR, marks=pytest.mark.long),
        pytest.param("owner's", HOUR, marks=pytest.mark.long),
        pytest.param("owner's", -HOUR, marks=pytest.mark.long),
    ],
)
def test_a_wrong_clock_steals_no_job_and_loses_none(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost], clock: Clock, gate: Path, *, ahead: float, whose: str
) -> None:  # fmt: skip
    # a host whose clock is wrong at its start does not start: AWS refuses its requests
    owner = new_host(**(clock.variables if whose == "owner's" else {}))
    if whose == "owner's":
        clock.set(ahead)
    work = Workload(deployed, f"clock {whose} {ahead}")
    work.drop_photos(1, "wait_at_gate() | invert()")
    wait_for(lambda: list(gate.iterdir()), what="it is at the gate")
    new_host(**(clock.variables if whose == "other's" else {}))
    clock.set(ahead)
    stays_with_its_host(deployed, work, owner)
    shutil.rmtree(gate)
    (row,) = work.ended()
    assert (row.lease_owner, row.lease_number, row.losses) == (owner.name, 1, 0)


@pytest.mark.long
def test_a_clock_that_is_set_while_it_works_steals_no_job_and_loses_none(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost], clock: Clock, gate: Path
) -> None:
    owner = new_host(**clock.variables)
    work = Workload(deployed, "clock set")
    work.drop_photos(1, "wait_at_gate() | invert()")
    wait_for(lambda: list(gate.iterdir()), what="it is at the gate")
    new_host()
    for ahead in (HOUR, -HOUR):
        clock.set(ahead)
        stays_with_its_host(deployed, work, owner)
    shutil.rmtree(gate)
    (row,) = work.ended()
    assert (row.lease_owner, row.lease_number, row.losses) == (owner.name, 1, 0)
    # by the table's own clock
    assert 0 < row.ended - row.created < HOUR / 2
