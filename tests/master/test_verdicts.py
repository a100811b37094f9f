"""What the keeper decides, sentence by sentence of the design."""

from __future__ import annotations

from dataclasses import replace

import pytest

from master.verdicts import (
    Horizon,
    Verdict,
    about_dead_letter,
    could_lack_row,
    delay_of,
    is_silent,
    may_be_queued,
)
from tilework.jobs.job import Job, State
from tilework.jobs.queues import Backlog
from tilework.jobs.stores import ObjectVersion
from tilework.jobs.transitions import MAX_ATTEMPTS, MAX_LOSSES

NOW = 1_000_000.0
ROW = Job(id="a", bucket="b", key="k", version="v", state=State.QUEUED, updated=NOW - 5000)
RUNNING = replace(ROW, state=State.RUNNING, attempts=1, lease_end=NOW + 60)
EMPTY = Backlog(0, 0, 0, None)


def judged(row: Job | None, *, has_result: bool = False) -> Verdict:
    return about_dead_letter(row, has_result=has_result, now=NOW)


def test_a_dead_letter_fails_a_job_without_live_lease_result_or_attempts_left() -> None:
    assert judged(replace(ROW, attempts=MAX_ATTEMPTS)) is Verdict.FAIL
    assert judged(replace(ROW, attempts=1, losses=MAX_LOSSES)) is Verdict.FAIL


@pytest.mark.parametrize(
    "row",
    [
        None,
        ROW,
        replace(ROW, attempts=MAX_ATTEMPTS - 1, losses=MAX_LOSSES - 1),
        replace(RUNNING, attempts=MAX_ATTEMPTS),
        replace(RUNNING, attempts=MAX_ATTEMPTS + 3, stage="1-write", lease_end=0),
        replace(RUNNING, lease_end=NOW - 1),
    ],
)
def test_a_dead_letter_is_sent_again_otherwise(row: Job | None) -> None:
    assert judged(row) is Verdict.SEND_AGAIN


def test_a_stored_result_is_stronger_than_attempts_used_up() -> None:
    assert judged(replace(ROW, attempts=MAX_ATTEMPTS), has_result=True) is Verdict.DONE
    assert judged(replace(ROW, state=State.FAILED), has_result=True) is Verdict.DONE


@pytest.mark.parametrize("state", [State.DONE, State.FAILED, State.SKIPPED, State.CANCELLED])
def test_a_dead_letter_of_a_job_that_is_over_is_forgotten(state: State) -> None:
    assert judged(replace(ROW, state=state)) is Verdict.FORGET


def test_a_cancelled_job_stays_cancelled_though_its_result_is_stored() -> None:
    assert judged(replace(ROW, state=State.CANCELLED), has_result=True) is Verdict.FORGET


def test_a_message_sent_again_waits_past_the_end_of_a_live_lease_also_by_a_clock_that_is_behind() -> None:
    assert delay_of(RUNNING, NOW) == 90
    assert delay_of(replace(RUNNING, lease_end=NOW + 871), NOW) == 900
    assert delay_of(replace(RUNNING, lease_end=NOW + 40_000), NOW) == 900
    assert delay_of(replace(RUNNING, lease_end=NOW - 1), NOW) == 0
    assert delay_of(ROW, NOW) == delay_of(None, NOW) == 0


@pytest.mark.parametrize(
    ("backlog", "may"),
    [
        (EMPTY, True),
        (Backlog(1, 0, 0, 50.0), True),
        (Backlog(1, 0, 0, 150.0), False),
        (Backlog(1, 0, 0, 100.0), False),
        (Backlog(0, 1, 0, None), False),
        (Backlog(0, 0, 1, None), False),
    ],
)
def test_nothing_is_queued_again_unless_the_queue_is_empty_or_its_oldest_message_is_younger(
    backlog: Backlog, may: bool
) -> None:
    assert may_be_queued(100.0, backlog) is may


HORIZON = Horizon(now=NOW, since=NOW - 10_000, lost_after=900)


def version(age: float, key: str = "a.png", size: int = 5) -> ObjectVersion:
    return ObjectVersion(key, "v1", size, NOW - age, is_latest=True)


@pytest.mark.parametrize(
    ("what", "lacks"),
    [
        (version(1000), True),
        (version(899), False),  # its event may still come
        (version(10_001), False),  # older than the deployment: only by backfill
        (version(1000, "folder/", 0), False),
    ],
)
def test_a_version_must_have_a_row_once_it_is_old_enough_and_younger_than_the_deployment(
    what: ObjectVersion, lacks: bool
) -> None:
    assert could_lack_row(what, HORIZON, EMPTY) is lacks


def test_a_version_older_than_the_tables_memory_is_not_missed() -> None:
    assert not could_lack_row(version(5000), replace(HORIZON, memory=4000.0), EMPTY)
    assert could_lack_row(version(3000), replace(HORIZON, memory=4000.0), EMPTY)


@pytest.mark.parametrize(
    ("row", "silent"),
    [
        (ROW, True),
        (replace(ROW, updated=NOW - 800), False),
        (replace(RUNNING, updated=NOW - 5000), False),
        (replace(RUNNING, updated=NOW - 5000, lease_end=NOW - 100), False),
        (replace(RUNNING, updated=NOW - 5000, lease_end=NOW - 1000), True),
        (replace(RUNNING, updated=NOW - 5000, lease_end=NOW - 1000, stage="1-write"), False),
        (replace(ROW, state=State.FAILED), False),
    ],
)
def test_a_row_is_silent_when_neither_a_write_nor_a_lease_is_recent(row: Job, silent: bool) -> None:
    assert is_silent(row, HORIZON, EMPTY) is silent
