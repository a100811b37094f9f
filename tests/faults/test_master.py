"""The master and its keeper while AWS fails: they stay up, say so, and catch up."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.faults.test_services_fail import FAULTS
from tests.faults.workload import Workload
from tests.flow.running_system import ROOT
from tests.waiting import wait_for
from tilework.jobs.job import State, unreadable_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.faults.fault_proxy import FaultProxy
    from tests.faults.worker_host import WorkerHost
    from tests.flow.running_system import RunningSystem

CATCH_UP = 450.0
"""Seconds: what is received when SQS fails is hidden for three minutes, perhaps twice, and the keeper's pauses grow up to 30 s."""


pytestmark = pytest.mark.timeout(4 * CATCH_UP)


@dataclass
class Master:
    """A master behind the proxy, and the only one that works."""

    process: subprocess.Popen[bytes]
    url: str

    def health(self) -> tuple[int, str]:
        """Status and code, or what it calls its status; 0 where it does not answer."""
        try:
            answer = httpx.get(f"{self.url}/api/health", trust_env=False, timeout=60)
        except httpx.TransportError:
            return 0, ""
        told = answer.json()
        return answer.status_code, str(told.get("code") or told.get("status"))

    def is_well(self) -> bool:
        return self.health() == (200, "ok")


@pytest.fixture
def master(
    deployed: RunningSystem, proxy: FaultProxy, keeper_at_rest: None, tmp_path: Path
) -> Iterator[Master]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **deployed.child_environment(),
        "AWS_ENDPOINT_URL": proxy.endpoint,
        "TILEWORK_PORT": str(port),
        "TILEWORK_NOTICE_WAIT_SECONDS": "1",
        "TILEWORK_SILENCE_SECONDS": "1",
    }
    with (tmp_path / "master.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "master"], cwd=ROOT, env=environment,
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    made = Master(process, f"http://127.0.0.1:{port}")
    wait_for(made.is_well, what="the master answers")
    yield made
    proxy.clear()
    proxy.open()
    process.terminate()
    assert process.wait(20) == 0


@pytest.fixture
def host(deployed: RunningSystem, new_host: Callable[..., WorkerHost]) -> WorkerHost:
    """One whose AWS does not fail."""
    return new_host(AWS_ENDPOINT_URL=deployed.environment["AWS_ENDPOINT_URL"])


def catches_up(deployed: RunningSystem, work: Workload, letter: str) -> None:
    """The dead letter is judged, and all notices are folded that are not hidden."""
    wait_for(lambda: deployed.system.dead_letters.backlog().total == 0, CATCH_UP, "the letter is judged")
    work.ended()
    # those that were received when the table failed are hidden for some minutes, and not again and again, which they survive
    # a few times only
    wait_for(lambda: deployed.system.results.backlog().visible == 0, CATCH_UP, "all notices are folded")
    (row,) = deployed.ended([unreadable_id(letter)]).values()
    assert (row.state, row.code) == (State.FAILED, "unreadable_message")


@pytest.mark.usefixtures("host")
@pytest.mark.parametrize("seconds", [5, pytest.param(30, marks=pytest.mark.long)])
def test_a_master_whose_aws_is_gone_says_so_and_catches_up(
    deployed: RunningSystem, proxy: FaultProxy, master: Master, seconds: float
) -> None:
    proxy.shut()
    work = Workload(deployed, f"master {seconds}")
    work.drop_photos(3)
    letter = f"no message at all, for {seconds} s"
    assert master.health() == (503, "service_unavailable")
    time.sleep(seconds)
    wait_for(lambda: deployed.system.results.backlog().total > 0, what="notices wait")
    # what needs no AWS is there
    assert httpx.get(f"{master.url}/api/operations", trust_env=False, timeout=60).status_code == 200
    assert master.process.poll() is None
    proxy.open()
    wait_for(master.is_well, CATCH_UP, "the master is well again")
    deployed.system.dead_letters.send(letter)
    catches_up(deployed, work, letter)


@pytest.mark.long
@pytest.mark.usefixtures("host")
@pytest.mark.parametrize("service", ["s3", "sqs", "dynamodb"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_master_one_of_whose_services_fails_stays_up_and_catches_up(
    deployed: RunningSystem, proxy: FaultProxy, master: Master, service: str, fault: str
) -> None:
    rule = proxy.rule(lambda asked: asked.service == service, FAULTS[fault](service))
    work = Workload(deployed, f"master {service} {fault}")
    work.drop_photos(3)
    letter = f"no message at all, while {service} {fault}"
    deployed.system.dead_letters.send(letter)
    if service != "s3":
        # nothing of its own health hangs on S3
        status, code = master.health()
        assert (status, code) in {(503, "service_unavailable"), (503, "throttled")}
    time.sleep(2)
    assert master.process.poll() is None
    proxy.lift(rule)
    wait_for(master.is_well, CATCH_UP, "the master is well again")
    catches_up(deployed, work, letter)
