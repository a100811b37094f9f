"""Supervisors are killed, one or all at once, at any step: the next host goes on where they were, and does nothing twice."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.faults.fault_proxy import Hold
from tests.faults.outcome import nothing_left, right_and_once
from tests.faults.worker_host import LEASE_SECONDS
from tests.flow.pictures import noise, png
from tests.waiting import wait_for
from tilework.jobs.job import State

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.faults.fault_proxy import Asked, FaultProxy
    from tests.faults.worker_host import WorkerHost
    from tests.flow.running_system import RunningSystem

PICTURE = noise(300, 400)
BODY = png(PICTURE)


def deletes_messages(asked: Asked) -> bool:
    return asked.service == "sqs" and asked.operation.startswith("DeleteMessage")


def is_running(deployed: RunningSystem, job: str) -> bool:
    row = deployed.system.table.get(job)
    return row is not None and row.state is State.RUNNING


@pytest.mark.parametrize("hosts", [pytest.param(1, marks=pytest.mark.long), 2])
def test_supervisors_killed_in_the_middle_cost_each_job_a_loss_and_no_attempt(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost], gate: Path, tmp_path: Path, hosts: int
) -> None:
    first = [new_host() for _ in range(hosts)]
    jobs = [
        deployed.drop(f"middle/{hosts}/{n}.png", BODY, pipeline="wait_at_gate() | invert()")
        for n in range(2 * hosts)
    ]
    # a host takes ahead, and so may have more of them than ranks
    wait_for(lambda: all(is_running(deployed, job) for job in jobs), what="all jobs have been taken")
    wait_for(lambda: len(list(gate.iterdir())) >= 2, what="a host's ranks are at the gate")
    ranks = [one for host in first for one in host.below()]
    for host in first:
        host.kill()
    assert not [one for one in ranks if one.is_running()]
    new_host(TILEWORK_TESTS_GATE=str(tmp_path / "open"))
    for row in deployed.ended(jobs, seconds=20 + 4 * LEASE_SECONDS).values():
        right_and_once(deployed, row, 255 - PICTURE)
        assert (row.attempts, row.losses) == (1, 1)
    nothing_left(deployed)


@pytest.mark.long
def test_a_supervisor_killed_between_row_and_delete_leaves_a_message_that_finds_its_job_ended(
    deployed: RunningSystem, proxy: FaultProxy, new_host: Callable[..., WorkerHost]
) -> None:
    host = new_host()
    # S3 has said hello to the queue
    wait_for(lambda: deployed.system.jobs.backlog().total == 0)
    hold = Hold()
    proxy.rule(deletes_messages, hold)
    job = deployed.drop("between row and delete.png", BODY, pipeline="invert()")
    wait_for(hold.reached.is_set)
    row = deployed.system.table.get(job)
    assert row is not None
    assert row.state is State.DONE
    host.kill()
    assert deployed.system.jobs.backlog().total == 1
    proxy.clear()
    new_host()
    nothing_left(deployed, [job])
    right_and_once(deployed, row, 255 - PICTURE)
    assert deployed.system.table.get(job) == row


@pytest.mark.long
def test_a_host_that_is_started_again_after_its_death_takes_up_its_own_jobs(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost], gate: Path
) -> None:
    host = new_host()
    job = deployed.drop("again.png", BODY, pipeline="wait_at_gate() | invert()")
    wait_for(lambda: list(gate.iterdir()))
    host.kill()
    shutil.rmtree(gate)
    host.start()
    host.await_ready()
    right_and_once(deployed, deployed.ended([job])[job], 255 - PICTURE)
    nothing_left(deployed)
