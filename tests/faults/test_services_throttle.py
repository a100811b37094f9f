"""AWS asks for fewer requests: hosts take work more slowly, and no job pays for it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.faults.fault_proxy import Delay, Refuse
from tests.faults.workload import Workload
from tilework.jobs.history import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.fault_proxy import Asked, FaultProxy
    from tests.faults.worker_host import WorkerHost
    from tests.flow.running_system import RunningSystem

SECONDS = 20.0
PHOTOS = 12

MOST_RECEIVES = 16
"""In that time, by a host that holds back for 1, 2, 4, 8 s after the first six; one that does not takes each of six messages
anew as soon as its claim has failed four times, after some 3 s: about 36."""


@pytest.mark.long
def test_throttling_slows_the_intake_and_costs_no_job_anything(
    deployed: RunningSystem, proxy: FaultProxy, new_host: Callable[..., WorkerHost]
) -> None:
    host = new_host()
    url = deployed.environment["TILEWORK_JOBS_QUEUE_URL"].encode()

    def takes(asked: Asked) -> bool:
        return asked.operation == "ReceiveMessage" and url in asked.body

    throttled = proxy.rule(lambda asked: asked.service == "dynamodb", Refuse(400, "ThrottlingException"))
    taken = proxy.rule(takes, Delay(0))
    work = Workload(deployed, "throttled")
    work.drop_photos(PHOTOS)
    time.sleep(SECONDS)
    assert taken.count <= MOST_RECEIVES
    proxy.lift(throttled)
    for row in work.ended():
        # nothing was claimed before, so that nothing could be lost
        assert (row.attempts, row.losses) == (1, 0)
        assert [entry.outcome for entry in row.history] == [Outcome.DONE]
    assert "throttle this host" in host.log.read_text()
