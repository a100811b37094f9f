"""Ranks and supervisors are killed at each step of a large image's way: it comes out right, once, and leaves nothing."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import cv2
import pytest

from tests.faults.fault_proxy import Hold
from tests.faults.outcome import nothing_left, right_and_once
from tests.flow.pictures import noise, tiled_tiff
from tests.waiting import wait_for
from tilework.jobs.object_keys import work_prefix

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.fault_proxy import Asked, FaultProxy
    from tests.faults.worker_host import WorkerHost
    from tests.flow.running_system import RunningSystem

PICTURE = cv2.resize(noise(560, 600), (2_400, 2_240), interpolation=cv2.INTER_LINEAR)
IN_BLOCKS = {"TILEWORK_LIMIT_BLOCK_BYTES": str(8 << 20)}
"""So that an image of five megapixels is a large one."""


@pytest.fixture(scope="module")
def scan() -> bytes:
    return tiled_tiff(PICTURE[:, :, ::-1], 256)


def s3(method: str, *words: str) -> Callable[[Asked], bool]:
    """A request of S3 whose path and query have these words."""

    def concerns(asked: Asked) -> bool:
        said = f"{asked.path}?{asked.query}"
        return asked.service == "s3" and asked.operation == method and all(word in said for word in words)

    return concerns


def row_written(*words: bytes) -> Callable[[Asked], bool]:
    """A write of the table whose body has these words."""

    def concerns(asked: Asked) -> bool:
        writes = asked.service == "dynamodb" and asked.operation != "GetItem"
        return writes and all(word in asked.body for word in words)

    return concerns


def sends_units(asked: Asked) -> bool:
    return asked.service == "sqs" and asked.operation.startswith("SendMessage") and b"unit" in asked.body


def in_the_end(deployed: RunningSystem, job: str) -> None:
    right_and_once(deployed, deployed.ended([job])[job], 255 - PICTURE)
    nothing_left(deployed, [job])


RANK_MOMENTS = {
    "reads tiles of its unit": (s3("GET", "scan.tif"), False),
    "writes tiles of its unit": (s3("PUT", "/work/", "-write/"), False),
    "has written tiles of its unit": (s3("PUT", "/work/", "-write/"), True),
    "begins the result": (s3("POST", "/results/", "uploads"), True),
    "copies tiles into the result": (s3("PUT", "/results/", "partNumber"), True),
    "assembles": (s3("POST", "/results/", "uploadId"), False),
    "has assembled": (s3("POST", "/results/", "uploadId"), True),
}


@pytest.mark.parametrize(
    "moment",
    [pytest.param(name, marks=() if name == "assembles" else pytest.mark.long) for name in RANK_MOMENTS],
)
def test_a_rank_killed_when_it(
    deployed: RunningSystem, proxy: FaultProxy, new_host: Callable[..., WorkerHost], scan: bytes, moment: str
) -> None:
    host = new_host(**IN_BLOCKS)
    concerns, done = RANK_MOMENTS[moment]
    hold = Hold(done=done)
    rule = proxy.rule(concerns, hold, times=1)
    job = deployed.drop(f"rank killed/{moment}/scan.tif", scan, pipeline="invert()")
    wait_for(hold.reached.is_set)
    before = host.mpiexec()
    for slot in host.busy():
        os.kill(slot.pid, signal.SIGKILL)
    wait_for(lambda: host.mpiexec() not in {None, before})
    hold.release()
    in_the_end(deployed, job)
    assert rule.count == 1


SUPERVISOR_MOMENTS = {
    "begins the first stage": (row_written(b"0-write"), True),
    "sends the units": (sends_units, True),
    "commits a unit": (s3("PUT", "/work/", "manifest"), False),
    "has committed a unit, which the row does not know": (s3("PUT", "/work/", "manifest"), True),
    "has taken a unit up into the row": (row_written(b"done"), True),
    "moves the row to the last stage": (row_written(b"assemble"), True),
    "says that the result is there": (row_written(b'"DONE"'), False),
    "sweeps what is left": (s3("POST", "delete"), False),
}


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(name, marks=() if "does not know" in name else pytest.mark.long)
        for name in SUPERVISOR_MOMENTS
    ],
)
def test_a_supervisor_killed_when_it(
    deployed: RunningSystem, proxy: FaultProxy, new_host: Callable[..., WorkerHost], scan: bytes, moment: str
) -> None:
    host = new_host(**IN_BLOCKS)
    concerns, done = SUPERVISOR_MOMENTS[moment]
    hold = Hold(done=done)
    proxy.rule(concerns, hold, times=1)
    job = deployed.drop(f"supervisor killed/{moment}/scan.tif", scan, pipeline="invert()")
    wait_for(hold.reached.is_set, what=str(list(deployed.system.outputs.list(work_prefix(job)))))
    host.kill()
    hold.release()
    new_host(**IN_BLOCKS)
    in_the_end(deployed, job)
