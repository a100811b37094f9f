"""Ten thousand jobs in the list; told last, since all other stories' lists would hold them too."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.network import Traffic
from tests.browser.stories.person import SOON
from tests.flow.running_system import boto
from tilework.aws.rows import to_item
from tilework.jobs.job import Job, State

if TYPE_CHECKING:
    from tests.browser.stories.person import Person
    from tests.flow.running_system import RunningSystem

MANY = 10_000
BATCH = "ten thousand"
AT_ONCE = 25
"""Rows that DynamoDB takes in one request."""


@pytest.fixture(scope="module")
def many(running: RunningSystem) -> None:
    """Rows as they are after a large drop: one in fifty has failed, one in a hundred is under way."""
    table, dynamodb = running.environment["TILEWORK_JOB_TABLE"], boto(running.environment, "dynamodb")
    rows = [row(number, time.time()) for number in range(MANY)]
    for start in range(0, MANY, AT_ONCE):
        puts = [{"PutRequest": {"Item": to_item(each)}} for each in rows[start : start + AT_ONCE]]
        assert not dynamodb.batch_write_item(RequestItems={table: puts})["UnprocessedItems"]


def row(number: int, now: float) -> Job:
    state = State.FAILED if number % 50 == 7 else State.RUNNING if number % 100 == 3 else State.DONE
    failed = {"code": "damaged", "reason": f"The image is cut short at byte {number}."}
    return Job(
        id=hashlib.sha256(str(number).encode()).hexdigest()[:32],
        bucket="elsewhere", key=f"many/{number:05}.png", version="v", batch=BATCH, state=state, pipeline="blur(9)",
        created=now - 7200 + number / 10, updated=now - 3600 + number / 10, width=6000, height=4000, dtype="uint8",
        ended=0 if state is State.RUNNING else now - 3600 + number / 10, seconds=0.4, attempts=1,
        lease_end=now + 3600 if state is State.RUNNING else 0,
        **(failed if state is State.FAILED else {}),
    )  # fmt: skip


def test_ten_thousand_jobs_are_a_list_that_opens_and_is_followed_as_if_they_were_few(
    person: Person, many: None
) -> None:
    # there are only rows: no image to preview
    person.window.allow("404")
    page = person.page
    traffic = Traffic.of(page)
    page.goto(f"{page.url}?batch={BATCH}", timeout=SOON)
    person.looks_at_the_list()
    expect(person.row("09999.png")).to_be_visible(timeout=SOON)
    assert sum(traffic.unpacked.values()) < 2_000_000
    # as many as fit a look, and no more
    assert person.rows.count() <= 1_000


def test_of_ten_thousand_the_failed_are_found_and_the_older_ones_reached(person: Person, many: None) -> None:
    person.window.allow("404")
    page = person.page
    page.goto(f"{page.url}?state=FAILED&batch={BATCH}", timeout=SOON)
    person.looks_at_the_list()
    expect(person.row("09957.png")).to_contain_text("cut short at byte 9957")
    person.scrolls_to("04957.png")
    person.scrolls_to("00007.png")
