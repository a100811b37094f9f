"""A host that has to leave: what fits the time is finished, the rest is handed back at once and costs nothing."""

from __future__ import annotations

import json
import shutil
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.faults.ec2_host import INSTANCE, ec2_host
from tests.faults.workload import Workload
from tests.flow.pictures import noise, png
from tests.waiting import wait_for
from tilework.jobs.history import Outcome
from tilework.jobs.job import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.fault_proxy import FaultProxy
    from tests.faults.worker_host import WorkerHost
    from tests.flow.running_system import RunningSystem
    from tilework.jobs.job import Job

PICTURE = png(noise(60, 80, seed=1))
IN_ANY_CASE = 100.0
"""Seconds: what a spot host has from its notice, less some to spare."""

LONG_LEASE = {"TILEWORK_LEASE_SECONDS": "60"}
"""Whoever begins sooner than that has been handed the job."""

LATE = """
import time
from pathlib import Path
from tests.flow.own_operations import OPERATIONS

while Path(__file__).with_name("late").exists():
    time.sleep(0.02)
"""
"""A module of own operations that can be kept from loading."""


def busy(deployed: RunningSystem, gate: Path, count: int) -> list[str]:
    """Jobs that a host of two ranks holds: of several two are at the gate."""
    jobs = [
        deployed.drop(f"{gate}/{number}.png", PICTURE, pipeline="wait_at_gate()") for number in range(count)
    ]
    wait_for(lambda: len(list(gate.iterdir())) == min(count, 2), what="ranks at the gate")
    wait_for(lambda: all(deployed.system.table.get(job) for job in jobs), what="claims")
    return jobs


def row(deployed: RunningSystem, job: str) -> Job:
    found = deployed.system.table.get(job)
    assert found is not None
    return found


def test_on_sigterm_what_runs_is_finished_and_what_waits_is_another_hosts_at_once(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost], gate: Path
) -> None:
    first = new_host(**LONG_LEASE)
    jobs = busy(deployed, gate, 5)
    first.process.send_signal(signal.SIGTERM)
    # one more than it has ranks counts as running: it waits in rank 0
    wait_for(lambda: sum(row(deployed, job).state is State.QUEUED for job in jobs) == 2, what="handed back")
    second = new_host(TILEWORK_TESTS_GATE=str(gate / "none"))
    handed = [
        job for job in jobs if len(row(deployed, job).history) > 1 or row(deployed, job).state is State.QUEUED
    ]
    deployed.ended(handed, 30)
    shutil.rmtree(gate)
    assert first.process.wait(30) == 0
    rows = list(deployed.ended(jobs).values())
    assert [(one.state, one.attempts, one.losses) for one in rows] == [(State.DONE, 1, 0)] * 5
    assert sorted(one.history[-1].host for one in rows) == sorted([first.name] * 3 + [second.name] * 2)


def test_what_is_not_done_in_time_is_killed_and_begun_elsewhere_at_once_without_costing_an_attempt(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost], gate: Path
) -> None:
    first = new_host(**LONG_LEASE, TILEWORK_DRAIN_SECONDS="1")
    (job,) = busy(deployed, gate, 1)
    new_host(TILEWORK_TESTS_GATE=str(gate / "none"))
    began = time.monotonic()
    first.process.send_signal(signal.SIGTERM)
    done = deployed.ended([job])[job]
    assert time.monotonic() - began < 40
    assert first.process.wait(30) == 0
    assert (done.state, done.attempts, done.losses) == (State.DONE, 1, 0)
    assert [entry.outcome for entry in done.history] == [Outcome.HANDED_BACK, Outcome.DONE]


def test_a_second_sigterm_ends_the_host_at_once_with_all_its_processes(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost], gate: Path
) -> None:
    host = new_host()
    jobs = busy(deployed, gate, 2)
    below = host.below()
    host.process.send_signal(signal.SIGTERM)
    wait_for(lambda: "Draining" in host.log.read_text())
    host.process.send_signal(signal.SIGTERM)
    assert host.process.wait(20) == 128 + signal.SIGTERM
    assert psutil.wait_procs(below, timeout=10)[1] == []
    new_host(TILEWORK_TESTS_GATE=str(gate / "none"))
    assert {one.losses for one in deployed.ended(jobs).values()} == {1}


def test_a_spot_host_works_until_its_time_is_near_and_hands_back_the_rest(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost], gate: Path
) -> None:
    with ec2_host() as ec2:
        ec2.metadata["events/recommendations/rebalance"] = '{"noticeTime": "2026-01-01T00:00:00Z"}'
        host = new_host(TILEWORK_METADATA_URL=ec2.url, **LONG_LEASE)
        (job,) = busy(deployed, gate, 1)
        wait_for(lambda: "works on until it is told" in host.log.read_text())
        # two minutes are the rule; of these a few seconds are left for the work
        end = datetime.now(UTC) + timedelta(seconds=22)
        ec2.metadata["spot/instance-action"] = json.dumps(
            {"action": "terminate", "time": end.strftime("%Y-%m-%dT%H:%M:%SZ")}
        )
        assert host.process.wait(40) == 0
    told = row(deployed, job)
    assert (told.state, told.attempts, told.losses) == (State.QUEUED, 0, 0)
    new_host(TILEWORK_TESTS_GATE=str(gate / "none"))
    assert deployed.ended([job], 30)[job].lease_number == 2


@pytest.mark.parametrize("refuses", [False, pytest.param(True, marks=pytest.mark.long)])
def test_a_host_that_its_group_wants_terminated_drains_and_lets_the_group_go_on(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost], gate: Path, refuses: bool
) -> None:
    with ec2_host() as ec2:
        ec2.refuses = refuses
        # the service does not say at once who the host is
        del ec2.metadata["instance-id"]
        ec2.metadata["autoscaling/target-lifecycle-state"] = "InService"
        host = new_host(
            TILEWORK_METADATA_URL=ec2.url, TILEWORK_FLEET_GROUP="workers", TILEWORK_TERMINATION_HOOK="drain",
            AWS_ENDPOINT_URL_AUTO_SCALING=ec2.url,
        )  # fmt: skip
        (job,) = busy(deployed, gate, 1)
        ec2.metadata["instance-id"] = INSTANCE
        ec2.wait_for("SetInstanceProtection", ProtectedFromScaleIn="true")
        ec2.metadata["autoscaling/target-lifecycle-state"] = "Terminated"
        kept = ec2.wait_for("RecordLifecycleActionHeartbeat")
        shutil.rmtree(gate)
        assert host.process.wait(40) == 0
        last = ec2.wait_for("CompleteLifecycleAction")
    assert deployed.ended([job])[job].state is State.DONE
    assert (kept["AutoScalingGroupName"], kept["LifecycleHookName"]) == ("workers", "drain")
    assert (last["InstanceId"], last["LifecycleActionResult"]) == (INSTANCE, "CONTINUE")
    if not refuses:
        told = [
            call["ProtectedFromScaleIn"] for call in ec2.calls if call["Action"] == "SetInstanceProtection"
        ]
        assert told in (["true"], ["false", "true"])


@pytest.mark.long
def test_a_rank_that_hangs_does_not_keep_a_host(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost], gate: Path
) -> None:
    host = new_host(TILEWORK_DRAIN_SECONDS="1", **LONG_LEASE)
    (job,) = busy(deployed, gate, 1)
    (rank,) = [int(file.name) for file in gate.iterdir()]
    psutil.Process(rank).suspend()
    host.process.send_signal(signal.SIGTERM)
    assert host.process.wait(40) == 0
    told = row(deployed, job)
    assert (told.state, told.attempts, told.losses) == (State.QUEUED, 0, 0)
    new_host(TILEWORK_TESTS_GATE=str(gate / "none"))
    deployed.ended([job])


@pytest.mark.long
def test_a_host_that_has_to_leave_waits_for_one_hanging_start_of_a_world_and_begins_no_other(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost], gate: Path, tmp_path: Path
) -> None:
    (tmp_path / "late_operations.py").write_text(LATE)
    own = {"PYTHONPATH": str(tmp_path), "TILEWORK_EXTRA_OPERATIONS": "late_operations"}
    host = new_host(**LONG_LEASE, **own)
    jobs = busy(deployed, gate, 2)
    # the operations of the next world's ranks are not to be had
    (tmp_path / "late").touch()
    psutil.Process(int(next(gate.iterdir()).name)).kill()
    wait_for(lambda: "is fed again" in host.log.read_text().lower(), what="the death of the world")
    # these messages wait for the main thread, which waits for a world
    more = [deployed.drop(f"more/{number}.png", PICTURE, pipeline="invert()") for number in range(3)]
    wait_for(lambda: deployed.system.jobs.backlog().in_flight == 5, what="the messages' receipt")
    host.process.send_signal(signal.SIGTERM)
    assert host.process.wait(IN_ANY_CASE + 20) == 0
    new_host(TILEWORK_TESTS_GATE=str(gate / "none"))
    assert {each.losses for each in deployed.ended(jobs + more).values()} == {0}


@pytest.mark.long
def test_the_kernel_takes_ranks_before_the_supervisor_and_its_mpiexec(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost]
) -> None:
    host = new_host()

    def score(pid: int) -> int:
        return int(Path(f"/proc/{pid}/oom_score_adj").read_text())

    own = [host.supervisor, *host.supervisor.children()]
    assert len(own) > 1
    protected = max(score(process.pid) for process in own)
    ranks = [score(slot.pid) for slot in host.slots()[1:]]
    assert all(each > protected for each in ranks), (protected, ranks)


@pytest.mark.long
def test_a_host_interrupted_from_a_terminal_finishes_what_runs(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost], gate: Path
) -> None:
    host = new_host()
    work = Workload(deployed, "interrupted")
    work.drop_photos(2, "wait_at_gate() | invert()")
    wait_for(lambda: len(list(gate.iterdir())) == 2, what="both are at the gate")
    host.process.send_signal(signal.SIGINT)
    for file in gate.iterdir():
        file.unlink()
    gate.rmdir()
    assert host.process.wait(IN_ANY_CASE) == 0
    assert {(row.lease_number, row.losses) for row in work.ended()} == {(1, 0)}


@pytest.mark.long
def test_a_host_that_has_to_leave_while_aws_is_gone_leaves_in_time_and_another_does_its_work(
    deployed: RunningSystem,
    proxy: FaultProxy,
    new_host: Callable[..., WorkerHost],
    gate: Path,
    tmp_path: Path,
) -> None:
    host = new_host()
    work = Workload(deployed, "left")
    work.drop_photos(4, "wait_at_gate() | invert()")
    wait_for(lambda: len(list(gate.iterdir())) == 2, what="two are at the gate")
    proxy.shut()
    began = time.monotonic()
    host.process.send_signal(signal.SIGTERM)
    host.process.wait(IN_ANY_CASE + 20)
    assert time.monotonic() - began < IN_ANY_CASE
    proxy.open()
    new_host(TILEWORK_TESTS_GATE=str(tmp_path / "no gate"))
    work.ended()
