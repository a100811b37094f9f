"""A rank is killed in the middle of a phase of its work, as its blame slot tells it: that is told, and costs no attempt."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.faults.outcome import nothing_left, right_and_once
from tests.faults.test_killed_large_images import IN_BLOCKS, PICTURE, scan
from tests.flow.pictures import noise, png
from tests.waiting import wait_for
from tilework.imaging.phase import while_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.worker_host import WorkerHost
    from tests.flow.running_system import RunningSystem
    from tilework.imaging.phase import Phase

__all__ = ["scan"]

PHOTO = noise(1_500, 2_000)

AGAIN_SECONDS = 10.0


def killed_while(host: WorkerHost, phase: Phase) -> bool:
    """Kill a rank in ``phase``; False where none is in it just now. What it is at is looked at while it is stopped."""
    for slot in host.busy():
        if slot.phase == phase:
            os.kill(slot.pid, signal.SIGSTOP)
            still = [one for one in host.busy() if one.pid == slot.pid and one.phase == phase]
            os.kill(slot.pid, signal.SIGKILL if still else signal.SIGCONT)
            if still:
                return True
    return False


def dropped_until_killed(
    host: WorkerHost, phase: Phase, drop: Callable[[int], str], at_once: int
) -> list[str]:
    """Drop until a rank was killed in ``phase``, which may be too short to be met at once."""
    jobs: list[str] = []
    again = 0.0

    def struck() -> bool:
        nonlocal again
        if time.monotonic() > again:
            again = time.monotonic() + AGAIN_SECONDS
            jobs.extend(drop(len(jobs) + number) for number in range(at_once))
        return killed_while(host, phase)

    wait_for(struck, 120)
    return jobs


@pytest.mark.long
@pytest.mark.parametrize("phase", ["read", "decode", "kernels", "encode", "store"])
def test_a_rank_killed_while_it_is_to(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost], phase: Phase
) -> None:
    host = new_host()
    body = png(PHOTO)
    jobs = dropped_until_killed(
        host, phase, lambda n: deployed.drop(f"killed while/{phase}/{n}.png", body, pipeline="invert()"), 12
    )
    for row in deployed.ended(jobs).values():
        right_and_once(deployed, row, 255 - PHOTO)
        assert (row.attempts, row.losses, row.lease_number) == (1, 0, 1)
    assert f"signal 9 (SIGKILL){while_at(phase)}" in host.log.read_text()
    nothing_left(deployed)


@pytest.mark.long
@pytest.mark.parametrize("phase", ["read", "decode", "kernels", "encode", "assemble"])
def test_a_rank_killed_on_a_large_image_while_it_is_to(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost], scan: bytes, phase: Phase
) -> None:
    host = new_host(**IN_BLOCKS)
    jobs = dropped_until_killed(
        host,
        phase,
        lambda n: deployed.drop(f"killed on a large image while/{phase}/{n}.tif", scan, pipeline="invert()"),
        3,
    )
    for row in deployed.ended(jobs).values():
        right_and_once(deployed, row, 255 - PICTURE)
    assert f"signal 9 (SIGKILL){while_at(phase)}" in host.log.read_text()
    nothing_left(deployed, jobs)
