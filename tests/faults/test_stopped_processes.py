"""A process is stopped for as long as it takes, or for ever: nothing is done twice, nothing stale is stored, nothing hangs."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.faults.fault_proxy import Delay, Hold
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
AT_GATE = "wait_at_gate() | invert()"


def stores_result(asked: Asked) -> bool:
    return asked.service == "s3" and asked.operation == "PUT" and "/results/" in asked.path


def stopped(pid: int) -> psutil.Process:
    process = psutil.Process(pid)
    process.suspend()
    wait_for(lambda: process.status() == psutil.STATUS_STOPPED)
    return process


def lease_end(deployed: RunningSystem, job: str) -> float:
    row = deployed.system.table.get(job)
    assert row is not None
    return row.lease_end


def test_a_rank_stopped_beyond_a_lease_keeps_its_job_and_stores_it_once(
    deployed: RunningSystem, proxy: FaultProxy, new_host: Callable[..., WorkerHost], gate: Path
) -> None:
    stores = proxy.rule(stores_result, Delay(0))
    host = new_host()
    job = deployed.drop("stopped rank.png", BODY, pipeline=AT_GATE)
    wait_for(lambda: list(gate.iterdir()))
    rank = stopped(host.busy()[0].pid)
    first = lease_end(deployed, job)
    wait_for(lambda: lease_end(deployed, job) > first + LEASE_SECONDS)
    shutil.rmtree(gate)
    rank.resume()
    row = deployed.ended([job])[job]
    right_and_once(deployed, row, 255 - PICTURE)
    assert (row.lease_number, row.attempts, row.losses, stores.count) == (1, 1, 0, 1)
    nothing_left(deployed)


@pytest.mark.long
def test_a_rank_stopped_for_ever_at_its_work_is_found_by_its_deadline(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost], gate: Path
) -> None:
    host = new_host(TILEWORK_LIMIT_DECODER_SECONDS="1", TILEWORK_LIMIT_DEADLINE_FACTOR="1")
    job = deployed.drop("stopped for ever.png", BODY, pipeline=AT_GATE)
    wait_for(lambda: list(gate.iterdir()))
    rank = stopped(host.busy()[0].pid)
    shutil.rmtree(gate)
    row = deployed.ended([job])[job]
    right_and_once(deployed, row, 255 - PICTURE)
    assert (row.lease_number, row.attempts, row.losses) == (1, 1, 0)
    assert not rank.is_running()
    assert "being at work on one task for more than" in host.log.read_text()
    nothing_left(deployed)


@pytest.mark.long
@pytest.mark.parametrize("victim", [0, 1], ids=["rank 0", "the only rank"])
def test_a_rank_stopped_for_ever_while_it_idles_holds_up_no_job_for_long(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost], victim: int
) -> None:
    host = new_host(ranks=1)
    rank = stopped(host.slots()[victim].pid)
    job = deployed.drop(f"stopped while idle/{victim}.png", BODY, pipeline="invert()")
    row = deployed.ended([job], seconds=60)[job]
    right_and_once(deployed, row, 255 - PICTURE)
    assert (row.lease_number, row.attempts, row.losses) == (1, 1, 0)
    assert not rank.is_running()
    nothing_left(deployed)


@pytest.mark.long
def test_an_mpiexec_stopped_for_ever_buries_nobody_and_holds_up_nothing(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost], gate: Path
) -> None:
    host = new_host()
    world = host.mpiexec()
    assert world is not None
    stopped(world.pid)
    job = deployed.drop("stopped mpiexec.png", BODY, pipeline=AT_GATE)
    wait_for(host.busy)
    psutil.Process(host.busy()[0].pid).kill()
    wait_for(lambda: host.mpiexec() not in {None, world})
    shutil.rmtree(gate)
    row = deployed.ended([job])[job]
    right_and_once(deployed, row, 255 - PICTURE)
    assert (row.attempts, row.losses) == (1, 0)


def test_a_supervisor_stopped_beyond_its_lease_stores_nothing_and_ends_nothing_when_it_comes_back(
    deployed: RunningSystem, proxy: FaultProxy, new_host: Callable[..., WorkerHost], gate: Path, tmp_path: Path
) -> None:  # fmt: skip
    stores = proxy.rule(stores_result, Delay(0))
    sleeper = new_host()
    job = deployed.drop("stopped supervisor.png", BODY, pipeline=AT_GATE)
    wait_for(lambda: list(gate.iterdir()))
    supervisor = stopped(sleeper.process.pid)
    # another host takes the job when the lease is over, and finds no gate
    other = new_host(TILEWORK_TESTS_GATE=str(tmp_path / "open"))
    row = deployed.ended([job], seconds=30)[job]
    right_and_once(deployed, row, 255 - PICTURE)
    assert (row.lease_number, row.losses, stores.count) == (2, 1, 1)
    other.end()
    # the rank comes to its end while its supervisor still sleeps; nobody could have told it anything
    shutil.rmtree(gate)
    wait_for(lambda: not sleeper.busy())
    assert stores.count == 1
    supervisor.resume()
    wait_for(lambda: "lost" in sleeper.log.read_text() or "ended before" in sleeper.log.read_text())
    after = deployed.drop("stopped supervisor, after.png", BODY, pipeline="invert()")
    right_and_once(deployed, deployed.ended([after])[after], 255 - PICTURE)
    assert deployed.system.table.get(job) == row
    assert stores.count == 2
    nothing_left(deployed)


@pytest.mark.long
def test_what_a_host_had_sent_before_it_was_frozen_whole_is_not_stored_over_another_result(
    deployed: RunningSystem, proxy: FaultProxy, new_host: Callable[..., WorkerHost]
) -> None:
    hold = Hold()
    frozen = new_host()
    rule = proxy.rule(stores_result, hold, times=1)
    job = deployed.drop("frozen.png", BODY, pipeline="invert()")
    wait_for(hold.reached.is_set)
    everything = [stopped(one.pid) for one in (frozen.supervisor, *frozen.below())]
    new_host()
    row = deployed.ended([job], seconds=30)[job]
    assert (row.lease_number, rule.count) == (2, 1)
    hold.release()
    for one in everything:
        one.resume()
    after = [deployed.drop(f"frozen, after/{n}.png", BODY, pipeline="invert()") for n in range(8)]
    for done in deployed.ended(after).values():
        right_and_once(deployed, done, 255 - PICTURE)
    nothing_left(deployed)
    right_and_once(deployed, row, 255 - PICTURE)
    found = deployed.system.table.get(job)
    assert found is not None
    assert (found.state, found.result_key, found.lease_number) == (State.DONE, row.result_key, 2)
