"""All of AWS is gone for a while: hosts wait for it without haste, and go on by themselves."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.faults.workload import SMALL_BLOCKS, Workload
from tests.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.fault_proxy import FaultProxy
    from tests.faults.worker_host import WorkerHost
    from tests.flow.running_system import RunningSystem

BUSY = 0.5
"""Processor seconds a second that no host at rest comes near: one thread that loops takes twice as much."""


@pytest.mark.parametrize("seconds", [5, pytest.param(30, marks=pytest.mark.long)])
def test_work_goes_on_by_itself_when_aws_is_back(
    deployed: RunningSystem, proxy: FaultProxy, new_host: Callable[..., WorkerHost], seconds: float
) -> None:
    host = new_host(**SMALL_BLOCKS)
    work = Workload(deployed, f"gone {seconds}")
    work.drop_large()
    work.drop_photos(8)
    wait_for(lambda: len(work.rows()) > 4, what="work has begun")
    proxy.shut()
    work.drop_photos(8)
    time.sleep(seconds)
    assert host.alive
    proxy.open()
    work.ended()
    assert host.alive


@pytest.mark.long
@pytest.mark.parametrize("seconds", [5, 30])
def test_a_host_at_rest_waits_for_aws_without_haste(
    deployed: RunningSystem, proxy: FaultProxy, new_host: Callable[..., WorkerHost], seconds: float
) -> None:
    host = new_host()
    proxy.shut()
    used = processor_seconds(host)
    time.sleep(seconds)
    assert processor_seconds(host) - used < BUSY * seconds
    proxy.open()
    work = Workload(deployed, f"rested {seconds}")
    work.drop_photos(2)
    work.ended()
    assert host.alive


def processor_seconds(host: WorkerHost) -> float:
    """What the supervisor and all below it have used so far."""
    total = 0.0
    for process in [host.supervisor, *host.below()]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total
