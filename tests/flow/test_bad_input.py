"""Each bad input has one clear end, and the images around it are processed."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from tests.flow.pictures import decoded, jpeg, noise, png
from tests.flow.running_system import RunningSystem
from tilework.jobs.job import Ask, Drop, Job, State, unreadable_id

GOOD = noise(90, 110)


@pytest.fixture
def neighbours(running: RunningSystem) -> list[str]:
    return [running.drop(f"neighbours/{n}.png", png(GOOD), pipeline="invert()") for n in range(4)]


def processed(running: RunningSystem, neighbours: list[str]) -> None:
    for row in running.ended(neighbours).values():
        assert np.array_equal(decoded(running.result(row)), 255 - GOOD)


def verdict(running: RunningSystem, job: str) -> Job:
    row = running.ended([job])[job]
    assert row.state is State.DONE or (row.reason and row.advice)
    return row


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("notes.txt.jpg", b"Dear diary, this is no image.", "not_an_image"),
        ("empty.jpg", b"", "empty"),
        ("cut.jpg", jpeg(GOOD)[:900], "damaged"),
        ("cut in the middle.jpg", jpeg(noise(400, 400))[:-20_000], "damaged"),
        ("cut.png", png(GOOD)[:-500], "damaged"),
        ("cut.gif", b"GIF89a" + bytes(64), "damaged"),
        ("scan.tif", b"II*\0" + bytes(64), "damaged"),
        ("layers.psd", b"8BPS\0\1" + bytes(64), "unsupported_format"),
        ("page.html", b"<!DOCTYPE html><html></html>", "not_an_image"),
    ],
)
def test_what_is_no_whole_image_fails_with_a_reason(
    running: RunningSystem, neighbours: list[str], name: str, body: bytes, code: str
) -> None:
    row = verdict(running, running.drop(f"bad/{name}", body, pipeline="blur(9)"))
    assert (row.state, row.code) == (State.FAILED, code), row.reason
    processed(running, neighbours)


def test_a_wrong_pipeline_in_the_metadata_fails_and_names_the_nearest(
    running: RunningSystem, neighbours: list[str]
) -> None:
    row = verdict(running, running.drop("bad/wish.png", png(GOOD), pipeline="blurr(9)"))
    assert (row.state, row.code) == (State.FAILED, "bad_pipeline")
    assert "blur" in row.reason
    processed(running, neighbours)


def test_a_message_that_is_no_json_fails_once_and_is_never_looped_on(
    running: RunningSystem, neighbours: list[str]
) -> None:
    body = "this is { no json"
    for _ in range(3):
        running.system.jobs.send(body)
    row = verdict(running, unreadable_id(body))
    assert row.code == "unreadable_message"
    processed(running, neighbours)


def test_the_test_event_of_s3_is_forgotten(running: RunningSystem, neighbours: list[str]) -> None:
    before = {row.id for row in running.system.table.list()}
    body = json.dumps(
        {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": running.system.inputs.bucket}
    )
    running.system.jobs.send(body)
    processed(running, neighbours)
    after = {row.id for row in running.system.table.list()}
    assert after - before <= set(neighbours)


def test_the_same_event_ten_times_is_stored_once(running: RunningSystem, neighbours: list[str]) -> None:
    from tilework.jobs.messages import event_body

    job = running.drop("ten times.png", png(GOOD), pipeline="invert()")
    drop = Drop(
        running.system.inputs.bucket, "ten times.png", running.system.inputs.head("ten times.png").version
    )
    for _ in range(10):
        running.system.jobs.send(event_body(drop))
    row = verdict(running, job)
    assert row.attempts == 1
    assert len(list(running.system.outputs.versions(row.result_key))) == 1
    processed(running, neighbours)


@pytest.mark.parametrize(
    "key",
    [
        "with spaces.png",
        "a+b.png",
        "100%25.png",
        "ünïcödé 日本 🖼.png",
        "../../up.png",
        "a//b.png",
        "/lead.png",
        "q?x=1&y#z.png",
    ],
)
def test_any_key_comes_back_under_a_result_of_its_own(running: RunningSystem, key: str) -> None:
    row = verdict(running, running.drop(key, png(GOOD), pipeline="invert()"))
    assert row.key == key
    assert np.array_equal(decoded(running.result(row)), 255 - GOOD)
    assert running.system.outputs.head(row.result_key).metadata["source"] == key


def test_an_object_deleted_before_the_work_is_skipped(running: RunningSystem, neighbours: list[str]) -> None:
    inputs = running.system.inputs
    for host in running.supervisors():
        host.suspend()
    try:
        job = running.drop("deleted.png", png(GOOD))
        inputs.delete("deleted.png", inputs.head("deleted.png").version)
    finally:
        for host in running.supervisors():
            host.resume()
    row = verdict(running, job)
    assert (row.state, row.code) == (State.SKIPPED, "version_gone")
    processed(running, neighbours)


def test_an_operation_that_kills_its_rank_each_time_strikes_out_and_says_why(
    running: RunningSystem, neighbours: list[str]
) -> None:
    row = verdict(running, running.drop("killer.png", png(GOOD), pipeline="kill_rank()"))
    assert (row.state, row.code) == (State.FAILED, "crashed")
    assert "signal 9" in row.reason
    processed(running, neighbours)


def test_work_without_an_end_and_work_without_a_measure_are_stopped_and_told(
    running: RunningSystem, neighbours: list[str]
) -> None:
    jobs = {
        running.drop("endless.png", png(GOOD), pipeline="spin()"): "too_slow",
        running.drop("greedy.png", png(GOOD), pipeline="hoard()"): "out_of_memory",
    }
    for job, code in jobs.items():
        row = verdict(running, job)
        assert (row.state, row.code, row.attempts) == (State.FAILED, code, 1), row.reason
    processed(running, neighbours)


def test_an_operation_that_raises_says_what(running: RunningSystem, neighbours: list[str]) -> None:
    began = time.monotonic()
    row = verdict(running, running.drop("raiser.png", png(GOOD), pipeline="raise_error()"))
    assert row.state is State.FAILED
    assert "on purpose" in row.reason
    assert time.monotonic() - began < 80
    processed(running, neighbours)


def test_a_native_message_for_a_version_that_never_was_is_skipped(running: RunningSystem) -> None:
    from tilework.jobs.messages import native_body

    ask = Ask(
        Drop(running.system.inputs.bucket, "never.png", "00000000-0000-0000-0000-000000000000"), "invert()"
    )
    running.system.jobs.send(native_body(ask))
    assert verdict(running, ask.job_id).state is State.SKIPPED
