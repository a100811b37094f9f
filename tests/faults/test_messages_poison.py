"""What must not be tried again ends with its reason, in the row and in the dead-letter queue, also where services fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.fault_proxy import Cut, Refuse
from tests.faults.workload import Workload, photo
from tests.flow.pictures import png
from tests.waiting import wait_for
from tilework.jobs.job import State, unreadable_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.fault_proxy import Asked, Fault, FaultProxy
    from tests.faults.worker_host import WorkerHost
    from tests.flow.running_system import RunningSystem
    from tilework.jobs.queues import Message

TRIES = 6
"""More than one request has."""


def writes_failed(asked: Asked) -> bool:
    return asked.service == "dynamodb" and b'"FAILED"' in asked.body


def sends(asked: Asked) -> bool:
    return asked.operation == "SendMessage"


@pytest.mark.parametrize(
    ("concerns", "fault"),
    [
        pytest.param(writes_failed, Refuse(400, "ProvisionedThroughputExceededException"), id="the row is throttled"),
        pytest.param(writes_failed, Cut(done=True), id="the row's answer is lost"),
        pytest.param(sends, Refuse(500, "InternalError"), id="the queue answers 500"),
        pytest.param(sends, Cut(), id="the queue hangs up"),
    ],
)  # fmt: skip
@pytest.mark.long
@pytest.mark.usefixtures("keeper_at_rest")
def test_a_poison_message_is_a_dead_letter_with_its_reason_also_where_services_fail_at_its_end(
    deployed: RunningSystem, proxy: FaultProxy, new_host: Callable[..., WorkerHost],
    concerns: Callable[[Asked], bool], fault: Fault,
) -> None:  # fmt: skip
    new_host()
    rule = proxy.rule(concerns, fault, times=TRIES)
    job = deployed.drop(f"poison/{id(rule)}.png", png(photo(0)), pipeline="kill_rank()")
    row = deployed.ended([job], seconds=120)[job]
    assert (row.state, row.code) == (State.FAILED, "crashed")
    assert "SIGKILL" in row.reason
    letters: list[Message] = []
    wait_for(lambda: letters.extend(deployed.system.dead_letters.receive()) or letters, what="a dead letter")
    deployed.system.dead_letters.delete(letters)
    assert [letter.attributes for letter in letters] == [
        {"job": job, "code": "crashed", "reason": row.reason}
    ]
    assert rule.count == TRIES
    after = Workload(deployed, f"after poison {id(rule)}")
    after.drop_photos(2)
    after.ended()


@pytest.mark.long
def test_a_body_that_nobody_can_read_is_failed_with_its_reason_once_the_table_answers(
    deployed: RunningSystem, proxy: FaultProxy, new_host: Callable[..., WorkerHost]
) -> None:
    new_host()
    rule = proxy.rule(writes_failed, Refuse(500, "InternalServerError"), times=TRIES)
    body = "neither an event nor a message"
    deployed.system.jobs.send(body)
    row = deployed.ended([unreadable_id(body)])[unreadable_id(body)]
    assert (row.state, row.code) == (State.FAILED, "unreadable_message")
    assert body in row.note
    assert rule.count == TRIES
    wait_for(lambda: deployed.system.jobs.backlog().total == 0)
