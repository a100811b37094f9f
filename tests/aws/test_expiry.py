"""Which rows DynamoDB may delete, and when: those of jobs that are over, no sooner than somebody stops to miss them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from moto import mock_aws

from master.verdicts import Horizon, could_lack_row
from tilework.aws.connect import build_clients, join
from tilework.aws.rows import EXPIRY, from_item, to_item
from tilework.aws.settings import Deployment
from tilework.jobs.job import Ask, Drop, State
from tilework.jobs.life import JobLife
from tilework.jobs.queues import Backlog
from tilework.jobs.stores import ObjectVersion
from tilework.jobs.transitions import Claimant, Outcome, first_claim

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.jobs.job import Job

DAY = 86_400
NOW = 1_800_000_000.0
ASK = Ask(Drop("bucket", "a.jpg", "v1"))
CLAIMANT = Claimant("host", "m", 60)
RUNNING = first_claim(ASK, "blur(9)", 1, CLAIMANT, NOW)


def over(state: State) -> Job:
    return replace(RUNNING, state=state, ended=NOW, updated=NOW)


@pytest.mark.parametrize("state", State)
def test_a_row_may_go_once_its_job_is_over_and_never_before(state: State) -> None:
    item = to_item(replace(RUNNING, state=state), 30)
    assert (EXPIRY in item) is state.is_end
    assert from_item(item) == replace(RUNNING, state=state)


def test_a_table_that_remembers_for_ever_lets_nothing_go() -> None:
    assert EXPIRY not in to_item(over(State.DONE))


def test_a_row_outlives_the_time_in_which_its_image_is_missed_by_a_day_for_clocks_that_differ() -> None:
    days = 30
    (goes,) = to_item(over(State.DONE), days)[EXPIRY].values()
    goes_at = int(str(goes))
    # an image is dropped before its job is over; the one that was done at once is missed the longest
    dropped = ObjectVersion("a.jpg", "v1", 1, NOW, is_latest=True)

    def missed(at: float) -> bool:
        horizon = Horizon(now=at, since=0, lost_after=900, memory=days * DAY)
        return could_lack_row(dropped, horizon, Backlog(0, 0, 0, None))

    assert missed(NOW + days * DAY)
    assert not missed(goes_at - DAY + 1)


def test_whoever_joins_a_deployment_writes_rows_that_go_and_a_retry_keeps_its_row(
    deploy: Callable[[str | None], Deployment],
) -> None:
    with mock_aws():
        clients = build_clients("us-east-1", None)
        deployment = replace(deploy(None), table_memory_days=30)
        system = join(clients, deployment)
        life = JobLife(system.table, lambda: NOW)

        def item() -> dict[str, Any]:
            key = {"id": {"S": ASK.job_id}}
            return dict(clients.dynamodb.get_item(TableName=deployment.job_table, Key=key)["Item"])

        running = life.claim(ASK, pipeline="blur(9)", source_bytes=1, claimant=CLAIMANT).job
        assert EXPIRY not in item()
        cancelled = life.cancel(running)
        assert item()[EXPIRY] == {"N": str(int(NOW + 31 * DAY))}
        queued = life.retry(cancelled)
        assert EXPIRY not in item()
        life.done(queued, Outcome(result_key="results/a.jpg"))
        assert item()[EXPIRY] == {"N": str(int(NOW + 31 * DAY))}
