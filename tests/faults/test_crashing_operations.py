"""An operation ends its process, takes all memory, or never comes back: it is blamed rightly, and only it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.faults.outcome import nothing_left, right_and_once
from tests.flow.pictures import noise, png
from tests.waiting import wait_for
from tilework.guard.memory import SLACK
from tilework.imaging.limits import MIB
from tilework.jobs.job import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.worker_host import WorkerHost
    from tests.flow.running_system import RunningSystem

PICTURE = noise(300, 400)
BODY = png(PICTURE)

BOUNDS = {
    "TILEWORK_LIMIT_DECODER_SECONDS": "1",
    "TILEWORK_LIMIT_FETCH_SECONDS": "20",
    "TILEWORK_LIMIT_WORKING_SET": str(200 * MIB),
}
"""Three seconds by the clock for an image, and one of processor time; 200 MiB, and what a rank may grow by beyond it."""

CRIMES = {
    "segfault": ("crashed", "signal 11 (SIGSEGV)"),
    "abort": ("crashed", "signal 6 (SIGABRT)"),
    "exit_hard": ("crashed", "exited with status 3"),
    "kill_rank": ("crashed", "signal 9 (SIGKILL)"),
    "spin": ("too_slow", "The work on this image"),
    "loop_in_c": ("too_slow", "The work on this image"),
    "hang": ("too_slow", "was not done after"),
    "hoard": ("out_of_memory", "MiB of memory"),
    "new_without_memory": ("out_of_memory", "MiB of memory"),
    "share_memory": ("out_of_memory", "MiB of memory"),
}
"""By operation: the code and words of the reason that its job ends with."""

QUICK = ("segfault",)
"""Of the others those that tests/flow drops, too, need not run twice."""


def guilty(deployed: RunningSystem, job: str, crime: str) -> None:
    """It has failed in its first attempt, says how, and what to do."""
    row = deployed.ended([job], seconds=60)[job]
    code, words = CRIMES[crime]
    assert (row.state, row.code, row.attempts, row.losses) == (State.FAILED, code, 1, 0), row.reason
    assert words in row.reason
    assert row.advice


def innocent(deployed: RunningSystem, jobs: list[str]) -> None:
    """All are done in their first attempt."""
    for row in deployed.ended(jobs, seconds=60).values():
        right_and_once(deployed, row, 255 - PICTURE)
        assert (row.attempts, row.losses, row.lease_number) == (1, 0, 1)


def drop_neighbours(deployed: RunningSystem, name: str, count: int = 4) -> list[str]:
    return [
        deployed.drop(f"beside {name}/{number}.png", BODY, pipeline="invert()") for number in range(count)
    ]


@pytest.mark.parametrize(
    "crime", [pytest.param(one, marks=() if one in QUICK else pytest.mark.long) for one in CRIMES]
)
def test_an_operation_that_goes_wrong_is_blamed_and_its_neighbours_are_done(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost], crime: str
) -> None:
    new_host(**BOUNDS)
    before = drop_neighbours(deployed, f"before {crime}")
    job = deployed.drop(f"crimes/{crime}.png", BODY, pipeline=f"{crime}()")
    after = drop_neighbours(deployed, f"after {crime}")
    guilty(deployed, job, crime)
    innocent(deployed, before + after)
    nothing_left(deployed)


@pytest.mark.long
def test_all_of_them_at_once_are_each_blamed_for_their_own(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost]
) -> None:
    new_host(ranks=3, **BOUNDS)
    jobs: dict[str, str] = {}
    others: list[str] = []
    for crime in CRIMES:
        jobs[crime] = deployed.drop(f"spree/{crime}.png", BODY, pipeline=f"{crime}()")
        others += drop_neighbours(deployed, f"spree {crime}", 2)
    innocent(deployed, others)
    for crime, job in jobs.items():
        guilty(deployed, job, crime)
    nothing_left(deployed)


@pytest.mark.long
def test_a_rank_that_hangs_in_c_is_killed_at_the_deadline_of_its_image(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost]
) -> None:
    host = new_host(ranks=1, **BOUNDS)
    job = deployed.drop("hangs.png", BODY, pipeline="hang()")
    # 1 s that any image may take, and ten times the estimate of so few pixels, by the clock three times as long; and what
    # reading took, which had 20 s
    told = re.compile(r"being at work on one task for more than ([\d.]+) s")
    wait_for(lambda: told.search(host.log.read_text()))
    seconds, *_ = told.findall(host.log.read_text())
    assert 6 < float(seconds) < 20
    guilty(deployed, job, "hang")


@pytest.mark.long
@pytest.mark.parametrize("crime", ["hoard", "share_memory"])
def test_a_rank_that_takes_memory_meets_its_own_limit_and_never_the_hosts_killer(
    deployed: RunningSystem, new_host: Callable[..., WorkerHost], crime: str
) -> None:
    killed = out_of_memory_kills()
    host = new_host(ranks=1, **BOUNDS)
    rank = psutil.Process(host.slots()[1].pid)
    free = psutil.virtual_memory().available
    soft, _ = rank.rlimit(psutil.RLIMIT_DATA)
    assert 0 < soft < 2_000 * MIB
    job = deployed.drop(f"grows/{crime}.png", BODY, pipeline=f"{crime}()")
    least = free
    while not deployed.is_over(job):
        least = min(least, psutil.virtual_memory().available)
    guilty(deployed, job, crime)
    # one rank's share, twice where it fell back on a child; others on this machine take some, too
    assert free - least < 2 * (200 * MIB + SLACK) + 2_000 * MIB
    assert out_of_memory_kills() == killed
    assert host.alive


def out_of_memory_kills() -> int:
    """Processes that this machine's kernel has killed for want of memory."""
    said = dict(line.split() for line in Path("/proc/vmstat").read_text().splitlines())
    return int(said["oom_kill"])
