"""One running system without worker hosts, a proxy of faults in front of its embedded AWS, and hosts for each test."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from tests.faults.fault_proxy import FaultProxy
from tests.faults.worker_host import WorkerHost
from tests.flow.running_system import RunningSystem, start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def deployed(aws_credentials: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSystem]:
    """The embedded AWS with the stack in it, and the master with its keeper."""
    system = start(
        tmp_path_factory.mktemp("faults") / "state",
        SUPERVISORS="0",
        SAMPLES="0",
        TILEWORK_LEASE_SECONDS="3",
        TILEWORK_EXTRA_OPERATIONS="tests.flow.own_operations",
        TILEWORK_NOTICE_WAIT_SECONDS="1",
    )
    yield system
    assert system.stop() == 0, system.log.read_text()[-3000:]


@pytest.fixture
def proxy(deployed: RunningSystem) -> Iterator[FaultProxy]:
    """What the hosts of this test take for AWS."""
    made = FaultProxy(deployed.environment["AWS_ENDPOINT_URL"])
    yield made
    made.close()


@pytest.fixture
def keeper_at_rest(deployed: RunningSystem) -> Iterator[None]:
    """The running system's own master is stopped, and with it the keeper: nobody folds notices or judges dead letters."""
    (master,) = deployed.children("-m master")
    master.suspend()
    yield
    master.resume()


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """Ranks wait in ``wait_at_gate()`` while it is there, and each leaves a file in it."""
    folder = tmp_path / "gate"
    folder.mkdir()
    return folder


@pytest.fixture
def new_host(
    deployed: RunningSystem, proxy: FaultProxy, tmp_path: Path
) -> Iterator[Callable[..., WorkerHost]]:
    """Starts a worker host behind the proxy: ``ranks=2``, and variables of its own; it is ready when it is returned.

    ``within`` as for a WorkerHost.

    All are ended after the test, and nothing of them may be left.
    """
    hosts: list[WorkerHost] = []

    def start_host(*, ranks: int = 2, within: Sequence[str] = (), **variables: str) -> WorkerHost:
        environment = {
            **deployed.child_environment(),
            "TILEWORK_EXTRA_OPERATIONS": "tests.flow.own_operations",
            "TILEWORK_TESTS_GATE": str(tmp_path / "gate"),
            "AWS_ENDPOINT_URL": proxy.endpoint,
            **variables,
        }
        host = WorkerHost(f"host-{next(_numbers)}", tmp_path, environment, ranks=ranks, within=within)
        hosts.append(host)
        host.await_ready()
        return host

    yield start_host
    proxy.clear()
    proxy.open()
    for host in hosts:
        host.end()
