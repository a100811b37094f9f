"""S3, SQS and DynamoDB fail for a while, each in each way: no job fails for it, no result is wrong or has two contents."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.faults.fault_proxy import Cut, Hold, Refuse, Truncate
from tests.faults.workload import SMALL_BLOCKS, Workload
from tests.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.fault_proxy import Asked, Fault, FaultProxy
    from tests.faults.worker_host import WorkerHost
    from tests.flow.running_system import RunningSystem

FOR_A_WHILE = 4.0
"""Seconds: longer than a lease, so that what was held when it began is lost, and longer than the tries of one request."""

SILENCE_SECONDS = "1"
PHOTOS = 8

THROTTLING = {"s3": "SlowDown", "sqs": "RequestThrottled", "dynamodb": "ThrottlingException"}

FAULTS: dict[str, Callable[[str], Fault]] = {
    "answers 500": lambda _: Refuse(500, "InternalError"),
    "throttles": lambda service: Refuse(503 if service == "s3" else 400, THROTTLING[service]),
    "hangs up before it heard": lambda _: Cut(),
    "hangs up when it has done it": lambda _: Cut(done=True),
    "cuts its answers short": lambda _: Truncate(),
    "says nothing": lambda _: Hold(),
    "does it and says nothing": lambda _: Hold(done=True),
}

QUICK = ("s3", "hangs up when it has done it")
"""The one that `make test` has time for: it leaves results stored, and nobody who knows."""

CASES = [
    pytest.param(service, fault, id=f"{service} {fault}", marks=[] if (service, fault) == QUICK else [pytest.mark.long])
    for service in THROTTLING
    for fault in FAULTS
]  # fmt: skip


def of(service: str) -> Callable[[Asked], bool]:
    return lambda asked: asked.service == service


@pytest.mark.parametrize(("service", "fault"), CASES)
def test_a_service_that_fails_for_a_while_fails_no_job(
    deployed: RunningSystem, proxy: FaultProxy, new_host: Callable[..., WorkerHost], service: str, fault: str
) -> None:
    host = new_host(**SMALL_BLOCKS, TILEWORK_SILENCE_SECONDS=SILENCE_SECONDS)
    work = Workload(deployed, f"{service} {fault}")
    work.drop_large()
    work.drop_photos(PHOTOS)
    wait_for(lambda: len(work.rows()) > PHOTOS // 2, what="work has begun")
    rule = proxy.rule(of(service), FAULTS[fault](service))
    work.drop_photos(PHOTOS)
    time.sleep(FOR_A_WHILE)
    proxy.lift(rule)
    assert rule.count > 0
    work.ended()
    assert host.alive


@pytest.mark.long
@pytest.mark.parametrize(("service", "fault"), [case for case in CASES if "says nothing" not in str(case.id)])
def test_a_service_that_fails_every_third_time_fails_no_job(
    deployed: RunningSystem, proxy: FaultProxy, new_host: Callable[..., WorkerHost], service: str, fault: str
) -> None:
    new_host(**SMALL_BLOCKS)
    rule = proxy.rule(of(service), FAULTS[fault](service), every=3)
    work = Workload(deployed, f"third {service} {fault}")
    work.drop_large()
    work.drop_photos(PHOTOS)
    work.ended()
    assert rule.count > 0


@pytest.mark.long
def test_an_upload_whose_completion_fails_under_a_status_of_200_is_completed_later(
    deployed: RunningSystem, proxy: FaultProxy, new_host: Callable[..., WorkerHost]
) -> None:
    # S3 sends the status before it has joined the parts, and may find out later that it cannot
    def completes(asked: Asked) -> bool:
        return asked.service == "s3" and asked.operation == "POST" and asked.query.startswith("uploadId=")

    new_host(**SMALL_BLOCKS)
    rule = proxy.rule(completes, Refuse(200, "InternalError"), times=6)
    work = Workload(deployed, "200")
    work.drop_large()
    work.ended()
    assert rule.count == 6
