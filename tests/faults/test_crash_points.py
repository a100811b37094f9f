"""A host that dies between two steps of an end: the next one finds what is there, and makes nothing twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.faults.fault_proxy import Hold
from tests.flow.pictures import decoded, noise, png
from tests.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.fault_proxy import Asked, FaultProxy
    from tests.faults.worker_host import WorkerHost
    from tests.flow.running_system import RunningSystem

PICTURE = noise(300, 400)


def writes_done(asked: Asked) -> bool:
    return asked.service == "dynamodb" and asked.operation != "GetItem" and b'"DONE"' in asked.body


def test_a_host_killed_between_result_and_row_leaves_a_job_that_the_next_finds_done(
    deployed: RunningSystem, proxy: FaultProxy, new_host: Callable[..., WorkerHost]
) -> None:
    first = new_host()
    hold = Hold()
    proxy.rule(writes_done, hold)
    job = deployed.drop("between/result and row.png", png(PICTURE), pipeline="invert()")
    wait_for(hold.reached.is_set)
    first.kill()
    proxy.clear()
    # what was held is let go, and is the dead host's last word or none: either is right
    new_host()
    row = deployed.ended([job], seconds=30)[job]
    np.testing.assert_array_equal(decoded(deployed.result(row)), 255 - PICTURE)
    assert len(list(deployed.system.outputs.versions(row.result_key))) == 1
    wait_for(lambda: deployed.system.jobs.backlog().total == 0)
