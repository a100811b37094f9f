"""A host that is told to leave while things fail: it is gone in time, and nothing is lost."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.faults.worker_host import wait_for
from tests.faults.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.faults.fault_proxy import FaultProxy
    from tests.faults.worker_host import WorkerHost
    from tests.flow.running_system import RunningSystem

IN_ANY_CASE = 100.0
"""Seconds: what a spot host has from its notice, less some to spare."""


@pytest.mark.long
def test_a_host_interrupted_from_a_terminal_finishes_what_runs(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost], tmp_path: Path
) -> None:
    host = new_host()
    gate = tmp_path / "gate"
    gate.mkdir()
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
    deployed: RunningSystem, proxy: FaultProxy, new_host: Callable[..., WorkerHost], tmp_path: Path
) -> None:
    host = new_host()
    gate = tmp_path / "gate"
    gate.mkdir()
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
