"""A rank is killed from outside, at any moment: its job and its neighbours are done a moment later, and it costs no attempt."""

from __future__ import annotations

import os
import shutil
import signal
from typing import TYPE_CHECKING

import pytest

from tests.faults.fault_proxy import Hold
from tests.faults.outcome import nothing_left, right_and_once
from tests.flow.pictures import noise, png
from tests.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.faults.fault_proxy import Asked, FaultProxy
    from tests.faults.worker_host import WorkerHost
    from tests.flow.running_system import RunningSystem

PICTURE = noise(300, 400)
BODY = png(PICTURE)


def stores_result(asked: Asked) -> bool:
    return asked.service == "s3" and asked.operation == "PUT" and "/results/" in asked.path


def reads_image(asked: Asked) -> bool:
    return asked.service == "s3" and asked.operation == "GET" and asked.path.endswith(".png")


def drop_two_at_the_gate(deployed: RunningSystem, host: WorkerHost, gate: Path, name: str) -> list[str]:
    jobs = [
        deployed.drop(f"{name}/{number}.png", BODY, pipeline="wait_at_gate() | invert()")
        for number in range(2)
    ]
    wait_for(lambda: len(list(gate.iterdir())) == 2)
    assert len(host.busy()) == 2
    return jobs


def all_done_at_once(deployed: RunningSystem, jobs: list[str]) -> None:
    """By the first claim: whoever was killed was nobody's fault."""
    for row in deployed.ended(jobs, seconds=30).values():
        right_and_once(deployed, row, 255 - PICTURE)
        assert (row.attempts, row.losses, row.lease_number) == (1, 0, 1)
    nothing_left(deployed)


def test_a_rank_killed_in_a_kernel_costs_nobody_an_attempt(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost], gate: Path
) -> None:
    host = new_host()
    jobs = drop_two_at_the_gate(deployed, host, gate, "in a kernel")
    world = host.mpiexec()
    os.kill(host.busy()[0].pid, signal.SIGKILL)
    wait_for(lambda: host.mpiexec() not in {None, world})
    shutil.rmtree(gate)
    all_done_at_once(deployed, jobs)


@pytest.mark.long
@pytest.mark.parametrize("victim", ["rank 0", "mpiexec"])
def test_a_world_whose_head_is_killed_costs_nobody_an_attempt(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost], gate: Path, victim: str
) -> None:
    host = new_host()
    jobs = drop_two_at_the_gate(deployed, host, gate, victim)
    world = host.mpiexec()
    assert world is not None
    pid = world.pid if victim == "mpiexec" else host.slots()[0].pid
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: host.mpiexec() not in {None, world})
    shutil.rmtree(gate)
    all_done_at_once(deployed, jobs)
    assert "Suspected" not in host.log.read_text()


@pytest.mark.parametrize(
    ("moment", "done"),
    [
        pytest.param(reads_image, False, id="before it reads", marks=pytest.mark.long),
        pytest.param(stores_result, False, id="before it stores", marks=pytest.mark.long),
        pytest.param(stores_result, True, id="when it has stored"),
    ],
)
def test_a_rank_killed_between_two_steps_stores_nothing_twice(
    deployed: RunningSystem, proxy: FaultProxy, new_host: Callable[..., WorkerHost],
    moment: Callable[[Asked], bool], *, done: bool,
) -> None:  # fmt: skip
    host = new_host()
    hold = Hold(done=done)
    rule = proxy.rule(moment, hold, times=1)
    job = deployed.drop(f"between two steps/{done}.png", BODY, pipeline="invert()")
    wait_for(hold.reached.is_set)
    (busy,) = host.busy()
    os.kill(busy.pid, signal.SIGKILL)
    # what the dead has sent may still arrive, before or after what the next one sends
    wait_for(lambda: [slot for slot in host.busy() if slot.pid != busy.pid] or deployed.is_over(job))
    hold.release()
    all_done_at_once(deployed, [job])
    assert rule.count == 1
