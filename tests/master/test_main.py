"""``python -m master`` as a process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import EmbeddedAws
    from tilework.aws.settings import Deployment


@pytest.fixture
def environment(embedded_aws: EmbeddedAws, deploy: Callable[[str | None], Deployment]) -> dict[str, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    deployment = deploy(embedded_aws.endpoint_url)
    return {**os.environ, **deployment.to_environment(), "TILEWORK_PORT": str(port)}


@pytest.fixture
def master(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-m", "master"], env=environment)
    try:
        wait_for(int(environment["TILEWORK_PORT"]))
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(port: int) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=5) as answer:
                assert answer.status == 200
                return
        except urllib.error.URLError:
            time.sleep(0.05)
    raise AssertionError("the master did not start")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_the_master_at_once(master: subprocess.Popen[bytes], number: int, status: int) -> None:
    master.send_signal(number)
    # a look each hour and a poll of twenty seconds do not keep it
    assert master.wait(15) == status


def test_the_master_listens_on_loopback_only(master: subprocess.Popen[bytes]) -> None:
    listening = [each for each in psutil.Process(master.pid).net_connections() if each.status == "LISTEN"]
    assert [each.laddr.ip for each in listening] == ["127.0.0.1"]


def test_the_keeper_works_beside_the_page(
    master: subprocess.Popen[bytes], environment: dict[str, str]
) -> None:
    from tilework.aws.connect import connect
    from tilework.aws.settings import Deployment
    from tilework.jobs.job import unreadable_id

    system = connect(Deployment.from_environment(environment))
    body = f"a dead letter of {environment['TILEWORK_JOB_TABLE']}"
    system.dead_letters.send(body)
    end = time.monotonic() + 20
    while system.table.get(unreadable_id(body)) is None:
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_master_that_was_asked_to_dies_with_its_parent_however_that_ends(
    environment: dict[str, str],
) -> None:
    environment = {**environment, "TILEWORK_DIE_WITH_PARENT": "1"}
    program = "import subprocess, sys; subprocess.run([sys.executable, '-m', 'master'])"
    parent = subprocess.Popen([sys.executable, "-c", program], env=environment)
    try:
        wait_for(int(environment["TILEWORK_PORT"]))
        (child,) = psutil.Process(parent.pid).children()
    finally:
        parent.kill()
        parent.wait()
    psutil.wait_procs([child], timeout=3)
    assert not child.is_running()


def test_a_missing_variable_is_named_and_ends_with_status_2() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TILEWORK_")}
    done = subprocess.run(
        [sys.executable, "-m", "master"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "TILEWORK_JOB_TABLE" in done.stderr
