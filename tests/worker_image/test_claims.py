"""What becomes of a message: a job this host holds, or a clear end; every refusal leaves the right trace."""

from __future__ import annotations

import json

import pytest

from tilework.errors import UnexpectedError
from tilework.jobs.in_memory import memory_system
from tilework.jobs.job import Ask, Drop, Job, State, unreadable_id
from tilework.jobs.life import JobLife
from tilework.jobs.messages import native_body, notice
from tilework.jobs.object_keys import PRESETS, result_key, work_prefix
from tilework.jobs.orders import Orders
from tilework.jobs.queues import Message
from tilework.jobs.stage_life import StageLife
from tilework.jobs.stages import Plan, Stage
from tilework.jobs.transitions import MAX_ATTEMPTS, Outcome
from worker_image.claims import Claims
from worker_image.held import Held
from worker_image.outbox import Outbox


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Hasty(Outbox):
    """Waits for no company."""

    def delete(self, message: Message) -> None:
        super().delete(message)
        self.flush()

    def tell(self, notice: str) -> None:
        super().tell(notice)
        self.flush()


class Host:
    """A worker host's claims over an in-memory system; ``held`` what it was granted."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.system = memory_system(self.clock, visibility=60.0)
        self.life = JobLife(self.system.table, self.clock)
        self.outbox = Hasty(self.system)
        self.claims = Claims(
            self.system, self.life, self.outbox, host="host-1", lease_seconds=60.0,
            presets={"edges": "canny(100, 200)"}, default="blur(9)",
        )  # fmt: skip

    def drop(self, key: str = "photo.jpg", body: bytes = b"bytes", **metadata: str) -> Job:
        """Drop an object; the job as its row will be identified."""
        version = self.system.inputs.put(key, body, metadata=metadata, content_type="image/jpeg")
        ask = Ask(Drop(self.system.inputs.bucket, key, version))
        return Job(ask.job_id, ask.drop.bucket, key, version, State.QUEUED)

    def write_presets(self, text: str) -> None:
        """Put the bucket's own presets in place; its event lies in the queue like any other."""
        self.system.inputs.put(PRESETS, text.encode(), metadata={}, content_type="application/toml")

    def message(self) -> Message:
        (message,) = self.system.jobs.receive(1, visibility=60)
        return message

    def consider(self) -> Held | None:
        return self.claims.consider(self.message(), place=0)

    def row(self, job: Job | str) -> Job:
        row = self.system.table.get(job if isinstance(job, str) else job.id)
        assert row is not None
        return row

    def queued(self) -> int:
        return self.system.jobs.backlog().total


@pytest.fixture
def host() -> Host:
    return Host()


def test_a_drop_is_claimed_with_what_its_metadata_says(host: Host) -> None:
    job = host.drop(pipeline="invert", owner="ada", batch="b1")
    held = host.consider()
    assert held is not None
    row = host.row(job)
    assert (row.state, row.pipeline, row.owner, row.batch) == (State.RUNNING, "invert()", "ada", "b1")
    assert (held.task.key, held.task.version, held.task.source_bytes) == ("photo.jpg", job.version, 5)


def test_a_drop_in_a_presets_folder_gets_its_pipeline_and_any_other_the_default(host: Host) -> None:
    edges, plain = host.drop("drop/edges/a.jpg"), host.drop("b.jpg")
    host.consider()
    host.consider()
    assert host.row(edges).pipeline == "canny(100, 200)"
    assert host.row(plain).pipeline == "blur(9)"


def test_a_native_message_asks_for_another_pipeline_of_the_same_version(host: Host) -> None:
    job = host.drop()
    host.consider()
    ask = Ask(Drop(job.bucket, job.key, job.version), "invert()", owner="ada")
    host.system.jobs.send(native_body(ask))
    held = host.consider()
    assert held is not None
    assert held.job.id == ask.job_id != job.id
    assert (held.job.pipeline, held.job.owner) == ("invert()", "ada")


def test_the_same_event_ten_times_is_one_job(host: Host) -> None:
    job = host.drop()
    event = host.message()
    assert host.claims.consider(event, 0) is not None
    for _ in range(9):
        host.system.jobs.send(event.body)
        assert host.consider() is None
    assert host.row(job).attempts == 1
    assert host.queued() == 1  # the message that holds the claim


def test_a_test_event_and_a_removal_are_acknowledged_and_forgotten(host: Host) -> None:
    host.system.jobs.send(json.dumps({"Event": "s3:TestEvent"}))
    assert host.consider() is None
    assert host.queued() == 0
    assert list(host.system.table.list()) == []


@pytest.mark.parametrize("body", ["no json", "{}", '{"Records": [{}]}'])
def test_a_body_nobody_can_read_fails_once_with_a_reason(host: Host, body: str) -> None:
    for _ in range(2):
        host.system.jobs.send(body)
        assert host.consider() is None
    row = host.row(unreadable_id(body))
    assert (row.state, row.code) == (State.FAILED, "unreadable_message")
    assert body[:20] in row.note
    assert host.queued() == 0


def test_a_message_about_another_bucket_is_refused(host: Host) -> None:
    host.drop()
    body = host.message().body.replace(host.system.inputs.bucket, "elsewhere")
    host.system.jobs.send(body)
    assert host.consider() is None
    assert host.row(unreadable_id(body)).code == "foreign_bucket"


def test_a_wrong_pipeline_fails_with_its_text_and_the_nearest_name(host: Host) -> None:
    job = host.drop(pipeline="blurr(9)")
    assert host.consider() is None
    row = host.row(job)
    assert (row.state, row.code, row.pipeline) == (State.FAILED, "bad_pipeline", "blurr(9)")
    assert "blur" in row.reason
    assert host.queued() == 0


def test_what_ends_at_its_claim_is_told_to_the_statistics_as_well(host: Host) -> None:
    job = host.drop(pipeline="blurr(9)")
    host.consider()
    (message,) = host.system.results.receive(10)
    told = notice(message.body)
    assert (told.kind, told.job, told.facts["state"], told.facts["code"]) == (
        "ended", job.id, "FAILED", "bad_pipeline",
    )  # fmt: skip


def test_a_preset_that_was_put_right_is_used_by_a_retry(host: Host) -> None:
    job = host.drop("drop/newer/a.jpg")
    assert host.consider() is None
    assert host.row(job).code == "bad_pipeline"
    presets = {"newer": "invert"}
    host.claims = Claims(
        host.system,
        host.life,
        host.outbox,
        host="host-1",
        lease_seconds=60.0,
        presets=presets,
        default="blur(9)",
    )
    Orders(host.system, host.life).retry(host.row(job))
    held = host.consider()
    assert held is not None
    assert held.task.pipeline == "invert()"


def test_a_version_deleted_before_the_work_is_skipped(host: Host) -> None:
    job = host.drop()
    host.system.inputs.delete(job.key, job.version)
    assert host.consider() is None
    row = host.row(job)
    assert (row.state, row.code) == (State.SKIPPED, "version_gone")


def test_a_delete_marker_above_a_version_changes_nothing(host: Host) -> None:
    job = host.drop()
    host.system.inputs.delete(job.key)
    assert host.consider() is not None
    assert host.row(job).state is State.RUNNING


def test_a_folder_marker_is_skipped(host: Host) -> None:
    job = host.drop("holiday/", b"")
    assert host.consider() is None
    assert (host.row(job).state, host.row(job).code) == (State.SKIPPED, "folder_marker")


def test_the_message_of_a_job_in_stages_comes_again_to_send_its_first_units_and_goes(host: Host) -> None:
    host.drop()
    message = host.message()
    held = host.claims.consider(message, 0)
    assert held is not None
    stages = StageLife(host.system, host.clock)
    plan = Plan((Stage("write", 2), Stage("assemble", 1)))
    stages.open(held.job, stages.store_plan(held.job, plan))
    # its planner dies before a unit is sent
    host.clock.now += 61
    assert host.consider() is None
    assert (host.system.units.backlog().total, host.system.jobs.backlog().total) == (2, 0)
    host.system.jobs.send(message.body)
    assert host.consider() is None
    assert (host.system.units.backlog().total, host.system.jobs.backlog().total) == (2, 0)


def test_a_message_of_an_ended_job_cleans_its_work_objects_and_is_deleted(host: Host) -> None:
    job = host.drop()
    event = host.message()
    held = host.claims.consider(event, 0)
    assert held is not None
    work = host.system.outputs
    work.put(work_prefix(job.id) + "0/unit", b"x", metadata={}, content_type="application/octet-stream")
    work.put(work_prefix("other") + "1/unit", b"x", metadata={}, content_type="application/octet-stream")
    host.life.done(held.job, Outcome(result_key="r"))
    host.system.jobs.send(event.body)
    assert host.consider() is None
    assert [item.key for item in work.list("work/")] == [work_prefix("other") + "1/unit"]
    assert host.queued() == 1


def test_the_message_that_holds_the_claim_comes_again_only_when_the_lease_ends(host: Host) -> None:
    host.drop()
    message = host.message()
    assert host.claims.consider(message, 0) is not None
    host.system.jobs.set_visibility(message, 0)
    host.clock.now += 10
    assert host.consider() is None
    host.clock.now += 49
    assert host.system.jobs.receive(1) == []
    host.clock.now += 2
    held = host.consider()
    assert held is not None
    assert (held.job.attempts, held.job.losses) == (1, 1)


def test_a_result_that_a_dead_attempt_stored_ends_the_job_without_work(host: Host) -> None:
    job = host.drop()
    assert host.consider() is not None
    key = result_key(job, ".jpg")
    told = {"source-size": "640x480", "source-dtype": "uint8"}
    host.system.outputs.create(key, b"pixels", metadata=told, content_type="image/jpeg")
    host.clock.now += 61
    assert host.consider() is None
    row = host.row(job)
    assert (row.state, row.result_key) == (State.DONE, key)
    # what the dead attempt knew of its image, the result tells
    assert (row.width, row.height, row.dtype) == (640, 480, "uint8")
    assert host.queued() == 0


def test_a_job_out_of_attempts_ends_with_the_last_reason(host: Host) -> None:
    job = host.drop()
    for _ in range(MAX_ATTEMPTS):
        held = host.consider()
        assert held is not None
        host.life.release(held.job, UnexpectedError("It was odd."))
        host.system.jobs.set_visibility(held.message, 0)
    assert host.consider() is None
    assert host.row(job).code == "no_attempts_left"
    assert "It was odd." in host.row(job).reason


def test_a_message_with_several_records_becomes_one_message_each(host: Host) -> None:
    jobs = [host.drop("a.jpg"), host.drop("b.jpg")]
    records = [json.loads(host.message().body)["Records"][0] for _ in jobs]
    host.system.jobs.send(json.dumps({"Records": records}))
    assert host.consider() is None
    assert {held.job.id for held in (host.consider(), host.consider()) if held} == {job.id for job in jobs}


def test_a_preset_that_went_away_does_not_undo_a_frozen_pipeline(host: Host) -> None:
    job = host.drop("drop/edges/a.jpg")
    held = host.consider()
    assert held is not None
    host.life.release(held.job)
    host.system.jobs.set_visibility(held.message, 0)
    host.claims = Claims(
        host.system, host.life, host.outbox, host="host-2", lease_seconds=60.0, presets={}, default="blur(9)"
    )
    again = host.consider()
    assert again is not None
    assert again.task.pipeline == "canny(100, 200)"
    assert host.row(job).state is State.RUNNING


def test_the_result_of_a_result_is_not_taken_for_the_result(host: Host) -> None:
    job = host.drop("photo.jpg")
    assert host.consider() is not None
    # what a downloaded result is called when it is dropped again
    again = result_key(job, ".jpg").removesuffix(".jpg") + "-0123456789abcdef01234567.jpg"
    host.system.outputs.create(again, b"other", metadata={}, content_type="image/jpeg")
    host.clock.now += 61
    assert host.consider() is not None
    assert host.row(job).state is State.RUNNING


# --- presets of the bucket's own -----------------------------------------------------------------------------------


def test_the_file_of_presets_is_never_a_job(host: Host) -> None:
    host.write_presets('[presets]\nown = "dilate(3)"')
    assert host.consider() is None
    assert host.queued() == 0
    assert list(host.system.table.list()) == []


def test_a_drop_goes_through_the_buckets_own_preset_before_a_shipped_one(host: Host) -> None:
    host.write_presets('[presets]\nown = "dilate(3)"\nedges = "invert"')
    host.consider()
    own, edges = host.drop("drop/own/a.jpg"), host.drop("drop/edges/a.jpg")
    host.consider()
    host.consider()
    assert (host.row(own).pipeline, host.row(edges).pipeline) == ("dilate(3)", "invert()")


def test_a_later_change_of_presets_changes_nothing_of_a_job_that_was_claimed(host: Host) -> None:
    host.write_presets('[presets]\nown = "dilate(3)"')
    host.consider()
    job = host.drop("drop/own/a.jpg")
    held = host.consider()
    assert held is not None
    host.write_presets("[presets\n")
    host.consider()
    host.life.release(held.job)
    host.system.jobs.set_visibility(held.message, 0)
    again = host.consider()
    assert again is not None
    assert (again.task.pipeline, host.row(job).state) == ("dilate(3)", State.RUNNING)


@pytest.mark.parametrize(
    ("text", "place"),
    [("[presets]\nown = dilate", "at line 2"), ('[presets]\nown = "dilate(2.5)"', "at character 8")],
)
def test_a_drop_whose_preset_is_broken_fails_with_the_place_and_what_to_do(
    host: Host, text: str, place: str
) -> None:
    host.write_presets(text)
    host.consider()
    own, shipped, free = host.drop("drop/own/a.jpg"), host.drop("drop/edges/a.jpg"), host.drop("b.jpg")
    assert host.consider() is None
    row = host.row(own)
    assert (row.state, row.code) == (State.FAILED, "bad_presets")
    assert PRESETS in row.reason
    assert place in row.reason
    assert "tilework presets --check" in row.advice
    assert host.consider() is not None
    assert host.consider() is not None
    assert (host.row(shipped).pipeline, host.row(free).pipeline) == ("canny(100, 200)", "blur(9)")


def test_one_bad_record_takes_no_other_down_with_it(host: Host) -> None:
    job = host.drop("a.jpg")
    (good,) = json.loads(host.message().body)["Records"]
    foreign = {**good, "s3": {**good["s3"], "bucket": {"name": "elsewhere"}}}
    host.system.jobs.send(json.dumps({"Records": [foreign, good]}))
    assert host.consider() is None
    held = [host.consider(), host.consider()]
    assert [each.job.id for each in held if each] == [job.id]
    (failed,) = host.system.table.list(State.FAILED)
    assert failed.code == "foreign_bucket"
