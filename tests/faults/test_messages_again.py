"""A message told twice at once, late, or after the end: its job is done once, by whoever had it first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.faults.fault_proxy import Rewrite
from tests.faults.workload import SMALL_BLOCKS, Workload
from tests.waiting import wait_for
from tilework.jobs.job import Ask, Drop, State
from tilework.jobs.messages import body_of
from tilework.jobs.object_keys import work_prefix
from tilework.jobs.units import Unit, unit_body

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.faults.fault_proxy import Asked, FaultProxy
    from tests.faults.worker_host import WorkerHost
    from tests.flow.running_system import RunningSystem
    from tilework.jobs.job import Job


def seen_at_once(body: bytes) -> bytes:
    """A receive whose messages every other receive sees as well."""
    return re.sub(rb'("VisibilityTimeout": ?)\d+', rb"\g<1>0", body)


def receives(queue: str) -> Callable[[Asked], bool]:
    return lambda asked: asked.operation == "ReceiveMessage" and queue.encode() in asked.body


def told_again(deployed: RunningSystem, row: Job) -> None:
    """The message of a drop once more, as a message of its own."""
    deployed.system.jobs.send(body_of(Ask(Drop(row.bucket, row.key, row.version))))


@pytest.mark.long
def test_messages_that_two_hosts_receive_at_once_are_worked_on_once(
    deployed: RunningSystem, proxy: FaultProxy, new_host: Callable[..., WorkerHost]
) -> None:
    for _ in range(2):
        new_host()
    url = deployed.environment["TILEWORK_JOBS_QUEUE_URL"]
    rule = proxy.rule(receives(url), Rewrite(seen_at_once), times=8)
    work = Workload(deployed, "at once")
    work.drop_photos(12)
    rows = work.ended()
    assert rule.count > 2
    assert {row.lease_number for row in rows} == {1}, [row.history for row in rows]


@pytest.mark.long
def test_units_that_two_hosts_receive_at_once_make_one_result(
    deployed: RunningSystem, proxy: FaultProxy, new_host: Callable[..., WorkerHost]
) -> None:
    for _ in range(2):
        new_host(**SMALL_BLOCKS)
    url = deployed.environment["TILEWORK_UNITS_QUEUE_URL"]
    rule = proxy.rule(receives(url), Rewrite(seen_at_once), times=12)
    work = Workload(deployed, "units at once")
    work.drop_large()
    work.ended()
    assert rule.count > 2


@pytest.mark.long
def test_a_message_that_comes_late_leaves_the_job_to_whoever_has_it(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost], gate: Path
) -> None:
    first = new_host()
    work = Workload(deployed, "late")
    work.drop_photos(1, "wait_at_gate() | invert()")
    wait_for(lambda: list(gate.iterdir()))
    (row,) = work.rows()
    new_host()
    told_again(deployed, row)
    wait_for(lambda: deployed.system.jobs.backlog().total == 1, what="the late message is dealt with")
    (now,) = work.rows()
    assert (now.state, now.lease_number, now.message) == (State.RUNNING, 1, row.message)
    for left in gate.iterdir():
        left.unlink()
    gate.rmdir()
    (row,) = work.ended()
    assert (row.lease_number, row.lease_owner) == (1, first.name)


def test_a_message_that_comes_after_the_end_changes_nothing(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost]
) -> None:
    new_host()
    work = Workload(deployed, "after the end")
    work.drop_photos(2)
    before = work.ended()
    for row in before:
        told_again(deployed, row)
    wait_for(lambda: deployed.system.jobs.backlog().total == 0)
    assert work.ended() == before


@pytest.mark.long
def test_a_unit_that_comes_after_the_end_changes_nothing_and_leaves_nothing(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost]
) -> None:
    new_host(**SMALL_BLOCKS)
    work = Workload(deployed, "unit after the end")
    work.drop_large()
    before = work.ended()
    for stage in range(2):
        deployed.system.units.send(unit_body(Unit(before[0].id, before[0].epoch, stage, 0)))
    wait_for(lambda: deployed.system.units.backlog().total == 0)
    assert work.ended() == before
    assert not list(deployed.system.outputs.list(work_prefix(before[0].id)))
