"""A host that cannot work says why and exits with a status of its own; what may pass it waits for."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.faults.fault_proxy import FaultProxy, Refuse
from tests.faults.worker_host import WorkerHost
from tests.faults.workload import Workload
from tests.flow.pictures import noise, png
from tests.flow.running_system import ROOT
from tests.waiting import wait_for
from tilework.checks.services import BUCKETS, CLOCK, QUEUES, TABLE
from tilework.jobs.job import State
from worker_image.supervisor import CANNOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.flow.running_system import RunningSystem

STATUSES = {
    "TILEWORK_JOB_TABLE": TABLE,
    "TILEWORK_JOBS_QUEUE_URL": QUEUES,
    "TILEWORK_OUTPUT_BUCKET": BUCKETS,
}


@pytest.fixture
def environment(deployed: RunningSystem, proxy: FaultProxy) -> dict[str, str]:
    return {**deployed.child_environment(), "AWS_ENDPOINT_URL": proxy.endpoint}


@pytest.fixture
def hosts(proxy: FaultProxy) -> Iterator[list[WorkerHost]]:
    started: list[WorkerHost] = []
    yield started
    proxy.clear()
    for host in started:
        host.end()


@pytest.mark.parametrize("name", STATUSES)
def test_a_host_that_finds_nothing_by_a_name_exits_with_a_status_that_says_what(
    environment: dict[str, str], hosts: list[WorkerHost], tmp_path: Path, name: str
) -> None:
    wrong = {**environment, name: environment[name] + "-not-there"}
    hosts.append(WorkerHost("lost", tmp_path, wrong))
    assert hosts[0].process.wait(30) == STATUSES[name]
    told = hosts[0].log.read_text()
    assert "This host cannot start" in told
    assert "-not-there" in told


def test_a_host_that_starts_before_its_services_waits_for_them(
    deployed: RunningSystem,
    environment: dict[str, str],
    hosts: list[WorkerHost],
    proxy: FaultProxy,
    tmp_path: Path,
) -> None:
    proxy.shut()
    hosts.append(WorkerHost("early", tmp_path, environment))
    wait_for(lambda: "Not ready to start" in hosts[0].log.read_text(), 60)
    proxy.open()
    hosts[0].await_ready()
    job = deployed.drop("early.png", png(noise(30, 40)), pipeline="invert()")
    assert deployed.ended([job])[job].state is State.DONE


@pytest.mark.long
def test_patience_with_services_has_a_bound(
    environment: dict[str, str], hosts: list[WorkerHost], proxy: FaultProxy, tmp_path: Path
) -> None:
    proxy.rule(lambda _: True, Refuse())
    hosts.append(WorkerHost("in vain", tmp_path, {**environment, "TILEWORK_START_SECONDS": "2"}))
    assert hosts[0].process.wait(60) == TABLE


def test_a_host_whose_requests_are_refused_for_its_clock_says_so(
    environment: dict[str, str], hosts: list[WorkerHost], proxy: FaultProxy, tmp_path: Path
) -> None:
    # what AWS answers to a signature of another hour
    proxy.rule(lambda asked: asked.service == "dynamodb", Refuse(403, "InvalidSignatureException"), times=1)
    (tmp_path / "sitecustomize.py").write_text(
        "import time\ntrue = time.time\ntime.time = lambda: true() - 3600\n"
    )
    wrong = {**environment, "PYTHONPATH": str(tmp_path)}
    hosts.append(WorkerHost("late", tmp_path, wrong))
    assert hosts[0].process.wait(30) == CLOCK
    # the service tells whole seconds
    assert re.search(r"3,(599|600|601) s behind", hosts[0].log.read_text())


def test_a_second_host_in_the_same_folder_is_refused_and_the_first_keeps_its_leases(
    environment: dict[str, str], hosts: list[WorkerHost], tmp_path: Path
) -> None:
    hosts.append(WorkerHost("first", tmp_path, environment))
    hosts[0].await_ready()
    board = hosts[0].folder / "host" / "leases"
    before = board.stat()
    variables = {**environment, "TILEWORK_DIRECTORY": str(hosts[0].folder / "host")}
    command = [sys.executable, "-m", "worker_image.supervisor"]
    second = subprocess.run(
        command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=60, check=False
    )
    assert second.returncode == CANNOT
    assert "Another supervisor works in" in second.stderr
    after = board.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert hosts[0].alive


@pytest.mark.long
def test_a_host_that_can_have_no_world_any_more_hands_back_what_it_holds_before_it_exits(
    environment: dict[str, str], hosts: list[WorkerHost], deployed: RunningSystem, gate: Path, tmp_path: Path
) -> None:
    own = {"TILEWORK_EXTRA_OPERATIONS": "tests.flow.own_operations", "TILEWORK_TESTS_GATE": str(gate)}
    hosts.append(WorkerHost("worldless", tmp_path, {**environment, **own, "TILEWORK_LEASE_SECONDS": "600"}))
    hosts[0].await_ready()
    work = Workload(deployed, "worldless")
    work.drop_photos(5, "wait_at_gate() | invert()")
    wait_for(lambda: len(list(gate.iterdir())) == 2, what="ranks at the gate")
    wait_for(lambda: len(work.rows()) == 5, what="claims")
    folder = hosts[0].world_folder
    folder.rename(tmp_path / "world")
    folder.write_text("no folder")
    hosts[0].below()[-1].kill()
    assert hosts[0].process.wait(60) == CANNOT
    assert {row.state for row in work.rows()} == {State.QUEUED}
    shutil.rmtree(gate)
    hosts.append(WorkerHost("heir", tmp_path, {**environment, **own}))
    assert {(row.attempts, row.losses) for row in work.ended()} == {(1, 0)}
