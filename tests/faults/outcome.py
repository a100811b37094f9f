"""How everything must stand in the end, whatever was done to the processes meanwhile."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile

from tests.flow.pictures import decoded
from tests.waiting import wait_for
from tilework.jobs.object_keys import work_prefix

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from tests.flow.running_system import RunningSystem
    from tilework.jobs.job import Job


def right_and_once(running: RunningSystem, row: Job, expected: NDArray[np.generic]) -> None:
    """The job is DONE, its result has these pixels (blue first), and was stored once."""
    body = running.result(row)
    found: Any = _pixels_of_tiff(body) if row.result_key.endswith(".tif") else decoded(body)
    np.testing.assert_array_equal(found, expected)
    assert len(list(running.system.outputs.versions(row.result_key))) == 1


def nothing_left(running: RunningSystem, jobs: Iterable[str] = ()) -> None:
    """No message waits or is hidden any more, and no work object of ``jobs`` is there."""
    wait_for(lambda: running.system.jobs.backlog().total == 0, what="messages of jobs are left")
    wait_for(lambda: running.system.units.backlog().total == 0, what="messages of units are left")
    for job in jobs:
        left = work_prefix(job)
        wait_for(lambda left=left: not list(running.system.outputs.list(left)), what=f"objects in {left}")


def _pixels_of_tiff(body: bytes) -> NDArray[np.generic]:
    with tifffile.TiffFile(io.BytesIO(body)) as file:
        return file.pages[0].asarray()[:, :, ::-1]
