"""A host that has to leave: what fits the time is finished, the rest is handed back at once and costs nothing."""

from __future__ import annotations

import json
import signal
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.worker_image.ec2_host import INSTANCE, ec2_host
from tests.worker_image.whole_host import ROOT, WholeHost, connect, drop, ended, row, wait_until, whole_host
from tests.worker_image.wire import free_address, wire
from tilework.jobs.history import Outcome
from tilework.jobs.job import State
from worker_image.departure import EXIT_SECONDS
from worker_image.supervisor import UNFINISHED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import EmbeddedAws
    from tilework.aws.settings import Deployment
    from tilework.jobs.system import System


@pytest.fixture
def deployment(embedded_aws: EmbeddedAws, deploy: Callable[[str | None], Deployment]) -> Deployment:
    return deploy(embedded_aws.endpoint_url)


@pytest.fixture
def system(deployment: Deployment) -> System:
    return connect(deployment)


def busy_with(host: WholeHost, system: System, count: int) -> list[str]:
    """Jobs that the host holds, as many of which as it has ranks are worked on, and wait at the gate."""
    jobs = [drop(system, f"{number}.png") for number in range(count)]
    wait_until(lambda: host.at_the_gate() == 2, host)
    wait_until(lambda: all(system.table.get(job) is not None for job in jobs), host)
    return jobs


def test_on_sigterm_what_runs_is_finished_and_what_waits_is_another_hosts_at_once(
    embedded_aws: EmbeddedAws, deployment: Deployment, system: System, tmp_path: Path
) -> None:
    with whole_host(embedded_aws, deployment, tmp_path, "first") as first:
        jobs = busy_with(first, system, 5)
        first.process.send_signal(signal.SIGTERM)
        # what waits in rank 0 already counts as running
        wait_until(lambda: sum(row(system, job).state is State.QUEUED for job in jobs) >= 2, first)
        with whole_host(embedded_aws, deployment, tmp_path, "second") as second:
            second.open_gate()
            waited = [
                job
                for job in jobs
                if row(system, job).lease_owner != "first" or row(system, job).state.is_end
            ]
            ended(system, waited, second)
            first.open_gate()
            assert first.exits(30) == 0
            rows = ended(system, jobs, second)
    assert all(one.state is State.DONE for one in rows)
    assert all((one.losses, one.attempts) == (0, 1) for one in rows)
    owners = [one.history[-1].host for one in rows]
    assert owners.count("first") in {2, 3}


def test_what_is_not_done_in_time_is_killed_and_begun_elsewhere_at_once_without_costing_an_attempt(
    embedded_aws: EmbeddedAws, deployment: Deployment, system: System, tmp_path: Path
) -> None:
    with whole_host(embedded_aws, deployment, tmp_path, "first", TILEWORK_DRAIN_SECONDS="1") as first:
        (job,) = busy_with_one(first, system)
        with whole_host(embedded_aws, deployment, tmp_path, "second") as second:
            second.open_gate()
            began = time.monotonic()
            first.process.send_signal(signal.SIGTERM)
            (done,) = ended(system, [job], second)
            # its lease has a minute to go
            assert time.monotonic() - began < 40
        assert first.exits(30) == 0
    assert (done.state, done.attempts, done.losses) == (State.DONE, 1, 0)
    assert [entry.outcome for entry in done.history] == [Outcome.HANDED_BACK, Outcome.DONE]


def test_a_second_sigterm_ends_the_host_at_once_with_all_its_processes(
    embedded_aws: EmbeddedAws, deployment: Deployment, system: System, tmp_path: Path
) -> None:
    with whole_host(embedded_aws, deployment, tmp_path) as host:
        busy_with(host, system, 2)
        below = psutil.Process(host.process.pid).children(recursive=True)
        host.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "Draining" in host.told(), host)
        host.process.send_signal(signal.SIGTERM)
        assert host.exits(5) == 128 + signal.SIGTERM
        assert psutil.wait_procs(below, timeout=10)[1] == []


def test_a_spot_host_works_until_its_time_is_near_and_hands_back_the_rest(
    embedded_aws: EmbeddedAws, deployment: Deployment, system: System, tmp_path: Path
) -> None:
    with (
        ec2_host() as ec2,
        whole_host(embedded_aws, deployment, tmp_path, TILEWORK_METADATA_URL=ec2.url) as host,
    ):
        ec2.metadata["events/recommendations/rebalance"] = '{"noticeTime": "2026-01-01T00:00:00Z"}'
        (job,) = busy_with_one(host, system)
        wait_until(lambda: "works on until it is told" in host.told(), host)
        # two minutes are the rule; of these a few are left for the work
        end = datetime.now(UTC) + timedelta(seconds=23)
        ec2.metadata["spot/instance-action"] = json.dumps(
            {"action": "terminate", "time": end.strftime("%Y-%m-%dT%H:%M:%SZ")}
        )
        assert host.exits(40) == 0
        told = row(system, job)
    assert (told.state, told.attempts, told.losses) == (State.QUEUED, 0, 0)
    assert system.jobs.backlog().visible == 1


def busy_with_one(host: WholeHost, system: System) -> list[str]:
    job = drop(system, "one.png")
    wait_until(lambda: host.at_the_gate() == 1, host)
    return [job]


@pytest.mark.parametrize("refuses", [False, True])
def test_a_host_that_its_group_wants_terminated_drains_and_lets_the_group_go_on(
    embedded_aws: EmbeddedAws, deployment: Deployment, system: System, tmp_path: Path, refuses: bool
) -> None:
    with ec2_host() as ec2:
        ec2.refuses = refuses
        settings = {
            "TILEWORK_METADATA_URL": ec2.url,
            "TILEWORK_FLEET_GROUP": "workers",
            "TILEWORK_TERMINATION_HOOK": "drain",
            "AWS_ENDPOINT_URL_AUTO_SCALING": ec2.url,
        }
        with whole_host(embedded_aws, deployment, tmp_path, **settings) as host:
            ec2.metadata["autoscaling/target-lifecycle-state"] = "InService"
            (job,) = busy_with_one(host, system)
            protected = ec2.wait_for("SetInstanceProtection")
            ec2.metadata["autoscaling/target-lifecycle-state"] = "Terminated"
            kept = ec2.wait_for("RecordLifecycleActionHeartbeat")
            host.open_gate()
            assert host.exits(40) == 0
            (done,) = ended(system, [job], host)
    assert done.state is State.DONE
    assert protected["ProtectedFromScaleIn"] == "true"
    assert (kept["AutoScalingGroupName"], kept["LifecycleHookName"]) == ("workers", "drain")
    last = next(call for call in ec2.calls if call["Action"] == "CompleteLifecycleAction")
    assert (last["InstanceId"], last["LifecycleActionResult"]) == (INSTANCE, "CONTINUE")
    if not refuses:
        assert ec2.actions.count("SetInstanceProtection") == 1


def test_a_host_whose_services_fall_silent_leaves_in_time_all_the_same(
    embedded_aws: EmbeddedAws, deployment: Deployment, system: System, tmp_path: Path
) -> None:
    address = free_address()
    with wire(address, embedded_aws.endpoint_url) as line:
        settings = {"AWS_ENDPOINT_URL": address, "TILEWORK_DRAIN_SECONDS": "1", "TILEWORK_LEASE_SECONDS": "5"}
        with whole_host(embedded_aws, deployment, tmp_path, **settings) as host:
            (job,) = busy_with_one(host, system)
            line.silent = True
            began = time.monotonic()
            host.process.send_signal(signal.SIGTERM)
            assert host.exits(EXIT_SECONDS) == UNFINISHED
            assert time.monotonic() - began < EXIT_SECONDS
    with whole_host(embedded_aws, deployment, tmp_path, "next") as following:
        following.open_gate()
        (done,) = ended(system, [job], following)
    assert (done.state, done.losses) == (State.DONE, 1)


def test_a_rank_that_hangs_does_not_keep_a_host(
    embedded_aws: EmbeddedAws, deployment: Deployment, system: System, tmp_path: Path
) -> None:
    with whole_host(embedded_aws, deployment, tmp_path, TILEWORK_DRAIN_SECONDS="1") as host:
        (job,) = busy_with_one(host, system)
        (rank,) = [int(file.name) for file in host.gate.iterdir()]
        psutil.Process(rank).suspend()
        host.process.send_signal(signal.SIGTERM)
        assert host.exits(40) == 0
    told = row(system, job)
    assert (told.state, told.attempts, told.losses) == (State.QUEUED, 0, 0)


@pytest.mark.parametrize("step", [-3600, 3600])
def test_a_host_whose_clock_is_stepped_neither_steals_nor_loses(
    embedded_aws: EmbeddedAws, deployment: Deployment, system: System, tmp_path: Path, step: int
) -> None:
    folder = stepped_clock(tmp_path / "stepped", step)
    wrong = {"PYTHONPATH": f"{folder}:{ROOT}"}
    with whole_host(embedded_aws, deployment, tmp_path, "right", TILEWORK_LEASE_SECONDS="10") as right:
        (first,) = busy_with_one(right, system)
        with whole_host(
            embedded_aws, deployment, tmp_path, "wrong", TILEWORK_LEASE_SECONDS="10", **wrong
        ) as other:
            # whoever receives the message again must find the lease of the first alive, and the other way round
            second = drop(system, "second.png")
            third = drop(system, "third.png")
            wait_until(lambda: right.at_the_gate() + other.at_the_gate() == 3, other)
            lease = row(system, first).lease_end
            wait_until(lambda: row(system, first).lease_end > lease + 4, right)
            system.jobs.send(native_again(system, first))
            for job in (first, second, third):
                assert abs(row(system, job).lease_end - time.time() - 5) < 10
            wait_until(lambda: system.jobs.backlog().visible == 0, other)
            right.open_gate()
            other.open_gate()
            rows = ended(system, [first, second, third], other)
    assert [(one.state, one.attempts, one.losses, one.lease_number) for one in rows] == [
        (State.DONE, 1, 0, 1)
    ] * 3
    assert {entry.host for one in rows for entry in one.history} == {"right", "wrong"}


def native_again(system: System, job: str) -> str:
    """The same drop told by another message."""
    found = row(system, job)
    told = {"bucket": {"name": found.bucket}, "object": {"key": found.key, "versionId": found.version}}
    return json.dumps({"Records": [{"eventName": "ObjectCreated:Put", "s3": told}]})


def stepped_clock(folder: Path, step: int) -> Path:
    """A folder for PYTHONPATH whose processes have a wall clock that is off."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        f"import time\ntrue = time.time\ntime.time = lambda: true() + {step}\n"
    )
    return folder
