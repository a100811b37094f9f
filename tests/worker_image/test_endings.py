"""Result, row, message: in this order; a failure has one right end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.worker_image.test_claims import Host
from tilework.errors import (
    AccessDeniedError,
    CrashedError,
    DamagedImageError,
    LeaseLostError,
    ServiceError,
    SettingsError,
    VersionGoneError,
)
from tilework.jobs.history import Outcome
from tilework.jobs.job import State
from tilework.jobs.messages import notice
from tilework.jobs.object_keys import result_key
from tilework.jobs.orders import Orders
from tilework.jobs.transitions import MAX_ATTEMPTS
from worker_image.endings import Endings, back_off
from worker_image.held import Held
from worker_image.task import Worked

WORKED = Worked("results/photo.png", True, 4, 3, "uint8", 7, {"work": 0.25, "decode": 0.1})


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def endings(host: Host) -> Endings:
    return Endings(host.system, host.life, host.outbox, "host-1", let_go=lambda _: None)


def claimed(host: Host) -> Held:
    host.drop()
    held = host.consider()
    assert held is not None
    return held


def test_a_stored_result_ends_done_and_deletes_the_message(host: Host, endings: Endings) -> None:
    held = claimed(host)
    endings.done(held, WORKED)
    row = host.row(held.job)
    assert (row.state, row.result_key, row.seconds) == (State.DONE, "results/photo.png", 0.25)
    assert (row.width, row.height, row.dtype) == (4, 3, "uint8")
    assert host.queued() == 0


def test_an_ended_job_sends_one_notice_with_its_phases(host: Host, endings: Endings) -> None:
    held = claimed(host)
    endings.done(held, WORKED)
    (message,) = host.system.results.receive(10)
    told = notice(message.body)
    assert (told.kind, told.job, told.facts["state"]) == ("ended", held.job.id, "DONE")
    assert told.amounts["pixels"] == 12
    assert told.amounts["seconds_decode"] == 0.1


def test_the_history_names_the_rank_that_worked_however_it_ended(host: Host, endings: Endings) -> None:
    held = claimed(host)
    odd = ZeroDivisionError("odd")
    odd.rank = 3  # type: ignore[attr-defined]
    endings.failed(held, odd)
    host.clock.now += 61
    again = host.consider()
    assert again is not None
    endings.done(again, replace(WORKED, rank=2))
    assert [(entry.host, entry.rank, entry.outcome) for entry in host.row(held.job).history] == [
        ("host-1", 3, Outcome.TRY_AGAIN),
        ("host-1", 2, Outcome.DONE),
    ]


# --- called off meanwhile ------------------------------------------------------------------------------------------------


def test_a_result_stored_before_the_news_of_a_cancel_leaves_the_row_cancelled_and_a_retry_finds_it(
    host: Host, endings: Endings
) -> None:
    held = claimed(host)
    host.life.cancel(held.job)
    key = result_key(held.job, ".jpg")
    host.system.outputs.create(key, b"pixels", metadata={}, content_type="image/jpeg")
    endings.done(held, replace(WORKED, result_key=key))
    assert host.row(held.job).state is State.CANCELLED
    assert host.queued() == 0
    Orders(host.system, host.life).retry(host.row(held.job))
    assert host.consider() is None
    assert (host.row(held.job).state, host.row(held.job).result_key) == (State.DONE, key)


@pytest.mark.parametrize("error", [DamagedImageError("no"), ZeroDivisionError("odd"), CrashedError("died")])
def test_a_failure_after_a_cancel_writes_nothing_and_its_message_is_deleted_when_it_comes_again(
    host: Host, endings: Endings, error: Exception
) -> None:
    held = claimed(host)
    host.life.cancel(held.job)
    with pytest.raises(LeaseLostError):
        endings.failed(held, error)
    assert host.row(held.job).state is State.CANCELLED
    assert host.system.dead_letters.backlog().total == 0
    host.clock.now += 61
    assert host.consider() is None
    assert host.queued() == 0


def test_a_job_called_off_and_tried_again_while_its_worker_goes_on_is_stored_once(
    host: Host, endings: Endings
) -> None:
    old = claimed(host)
    host.life.cancel(old.job)
    Orders(host.system, host.life).retry(host.row(old.job))
    new = host.consider()
    assert new is not None
    key = result_key(old.job, ".jpg")
    stored = [
        host.system.outputs.create(key, b"pixels", metadata={}, content_type="image/jpeg") for _ in range(2)
    ]
    endings.done(old, replace(WORKED, result_key=key))
    endings.done(new, replace(WORKED, result_key=key))
    assert stored == [True, False]
    assert host.row(old.job).state is State.DONE
    host.clock.now += 61
    assert host.system.jobs.receive(1) == []


def test_a_permanent_failure_is_told_at_once(host: Host, endings: Endings) -> None:
    held = claimed(host)
    endings.failed(held, DamagedImageError("The file is cut short."))
    row = host.row(held.job)
    assert (row.state, row.code, row.reason) == (State.FAILED, "damaged", "The file is cut short.")
    assert row.advice
    assert host.queued() == 0


def test_a_version_deleted_under_the_work_is_skipped(host: Host, endings: Endings) -> None:
    held = claimed(host)
    endings.failed(held, VersionGoneError("gone"))
    assert host.row(held.job).state is State.SKIPPED


def test_a_passing_failure_is_tried_again_after_a_pause(host: Host, endings: Endings) -> None:
    held = claimed(host)
    endings.failed(held, ServiceError("slow"))
    assert host.row(held.job).state is State.QUEUED
    assert host.system.jobs.receive(1) == []
    host.clock.now += 2
    again = host.consider()
    assert again is not None
    assert (again.job.attempts, again.job.losses) == (1, 1)


def test_a_failure_without_a_name_is_quoted_and_tried_again(host: Host, endings: Endings) -> None:
    held = claimed(host)
    endings.failed(held, ZeroDivisionError("by nothing"))
    assert "ZeroDivisionError: by nothing" in host.row(held.job).reason
    assert host.row(held.job).state is State.QUEUED


def test_an_outage_of_a_minute_fails_no_job(host: Host, endings: Endings) -> None:
    held = claimed(host)
    began = host.clock.now
    while host.clock.now < began + 60:
        endings.failed(held, ServiceError("slow down"))
        again = None
        while again is None:
            host.clock.now += 1
            messages = host.system.jobs.receive(1, visibility=60)
            again = host.claims.consider(messages[0], 0) if messages else None
        held = again
    endings.done(held, WORKED)
    assert host.row(held.job).state is State.DONE


@pytest.mark.parametrize("fault", [SettingsError("no credentials"), AccessDeniedError("no")])
def test_what_is_wrong_with_the_host_is_never_blamed_on_the_image(
    host: Host, endings: Endings, fault: Exception
) -> None:
    held = claimed(host)
    endings.failed(held, fault)
    row = host.row(held.job)
    assert (row.state, row.attempts) == (State.QUEUED, 0)
    assert host.system.jobs.receive(1) == []


def test_the_last_attempt_strikes_out_into_the_dead_letter_queue_with_its_reason(
    host: Host, endings: Endings
) -> None:
    held = claimed(host)
    for _ in range(MAX_ATTEMPTS - 1):
        endings.failed(held, ZeroDivisionError("odd"))
        host.clock.now += 61
        again = host.consider()
        assert again is not None
        held = again
    endings.failed(held, ZeroDivisionError("odd"))
    row = host.row(held.job)
    assert (row.state, row.code) == (State.FAILED, "no_attempts_left")
    (letter,) = host.system.dead_letters.receive(1)
    assert letter.body == held.message.body
    assert letter.attributes["job"] == held.job.id
    assert "odd" in letter.attributes["reason"]
    assert host.queued() == 0


def test_a_job_that_kills_its_rank_strikes_out_at_once(host: Host, endings: Endings) -> None:
    held = claimed(host)
    endings.strike_out(held, CrashedError("It died of signal 11."))
    assert host.row(held.job).code == "crashed"
    assert host.system.dead_letters.backlog().visible == 1


def test_work_whose_lease_was_lost_ends_nothing(host: Host, endings: Endings) -> None:
    held = claimed(host)
    endings.failed(held, LeaseLostError("too late"))
    assert host.row(held.job).state is State.RUNNING
    assert host.queued() == 1


def test_a_job_handed_back_is_visible_at_once_and_costs_no_attempt(host: Host, endings: Endings) -> None:
    held = claimed(host)
    endings.hand_back(held)
    again = host.consider()
    assert again is not None
    assert (again.job.attempts, again.job.losses) == (1, 0)


def test_pauses_double_up_to_a_minute_with_jitter() -> None:
    for attempt, longest in ((1, 1), (2, 2), (5, 16), (12, 60)):
        pauses = {back_off(attempt) for _ in range(50)}
        assert len(pauses) > 1
        assert all(longest / 2 <= pause <= longest for pause in pauses)
