"""After a crash the buckets are all there is: what they tell becomes the job table again."""

from __future__ import annotations

import pytest

from local.restore import NOTE, QUEUED_NOTE, Restored, restore
from tilework.jobs.in_memory import memory_system
from tilework.jobs.job import Ask, Drop, Job, State
from tilework.jobs.messages import asks
from tilework.jobs.object_keys import result_key
from tilework.jobs.system import System


@pytest.fixture
def system() -> System:
    """Buckets with objects, and nothing else: no event was told."""
    return memory_system(announce=False)


def ignore(_: Restored) -> None:
    """Nobody watches."""


def drop(system: System, key: str, **metadata: str) -> Drop:
    version = system.inputs.put(key, b"pixels", metadata=metadata, content_type="image/png")
    return Drop(system.inputs.bucket, key, version)


def finish(system: System, ask: Ask, pipeline: str) -> str:
    """Store the result as a worker does; its key."""
    drop = ask.drop
    key = result_key(Job(ask.job_id, drop.bucket, drop.key, drop.version, State.RUNNING), ".png")
    metadata = {
        "job": ask.job_id,
        "source": drop.key,
        "source-version": drop.version,
        "source-size": "640x480",
        "source-dtype": "uint8",
        "pipeline": pipeline,
        "made-by": "tilework",
    }
    assert system.outputs.create(key, b"result", metadata=metadata, content_type="image/png")
    return key


def told(system: System) -> list[Ask]:
    messages = system.jobs.receive(10)
    return [ask for message in messages for ask in asks(message.body, system.inputs.bucket)]


def test_a_job_with_a_result_is_done_again_with_all_that_its_result_tells(system: System) -> None:
    one = drop(system, "ä b.png", owner="Ada", batch="night")
    key = finish(system, Ask(one), "blur(9)")
    assert restore(system, ignore) == Restored(done=1, queued=0)
    row = system.table.get(Ask(one).job_id)
    assert row is not None
    assert (row.state, row.pipeline, row.result_key, row.key) == (State.DONE, "blur(9)", key, "ä b.png")
    assert (row.owner, row.batch, row.source_bytes, row.note) == ("Ada", "night", 6, NOTE)
    assert (row.width, row.height, row.dtype) == (640, 480, "uint8")
    assert told(system) == []


def test_a_drop_without_a_result_is_queued_again_under_its_own_id(system: System) -> None:
    one = drop(system, "photo +%.png", owner="Ada")
    assert restore(system, ignore) == Restored(done=0, queued=1)
    row = system.table.get(Ask(one).job_id)
    assert row is not None
    assert (row.state, row.owner, row.note) == (State.QUEUED, "Ada", QUEUED_NOTE)
    assert [ask.job_id for ask in told(system)] == [Ask(one).job_id]


def test_each_version_of_a_key_is_a_job_of_its_own(system: System) -> None:
    old, new = drop(system, "photo.png"), drop(system, "photo.png")
    finish(system, Ask(old), "blur(9)")
    assert restore(system, ignore) == Restored(done=1, queued=1)
    assert [ask.drop for ask in told(system)] == [new]


def test_another_pipeline_of_a_drop_is_listed_beside_the_drop_s_own_job(system: System) -> None:
    one = drop(system, "photo.png")
    finish(system, Ask(one), "blur(9)")
    finish(system, Ask(one, pipeline="invert()"), "invert()")
    assert restore(system, ignore) == Restored(done=2, queued=0)
    assert {row.pipeline for row in system.table.list()} == {"blur(9)", "invert()"}


def test_a_result_outlives_its_input(system: System) -> None:
    one = drop(system, "photo.png")
    finish(system, Ask(one), "blur(9)")
    system.inputs.delete(one.key, one.version)
    assert restore(system, ignore) == Restored(done=1, queued=0)


def test_restoring_twice_changes_nothing(system: System) -> None:
    finish(system, Ask(drop(system, "done.png")), "blur(9)")
    drop(system, "waiting.png")
    restore(system, ignore)
    rows = list(system.table.list())
    assert restore(system, ignore) == Restored(done=0, queued=0)
    assert list(system.table.list()) == rows
    assert len(told(system)) == 1


def test_objects_that_are_no_results_are_left_alone(system: System) -> None:
    system.outputs.put("results/readme.txt", b"x", metadata={}, content_type="text/plain")
    assert restore(system, ignore) == Restored()
    assert list(system.table.list()) == []


def test_what_is_ours_in_the_input_bucket_is_not_queued(system: System) -> None:
    drop(system, ".tilework/presets.toml")
    assert restore(system, ignore) == Restored()
    assert told(system) == []


def test_half_done_stages_of_lost_jobs_are_swept(system: System) -> None:
    system.outputs.put("work/1234/0/1-write/3/1", b"x", metadata={}, content_type="x/y")
    restore(system, ignore)
    assert list(system.outputs.list("work/")) == []


def test_it_tells_how_far_it_is(system: System) -> None:
    drop(system, "one.png")
    drop(system, "two.png")
    heard: list[str] = []
    restore(system, lambda so_far: heard.append(str(so_far)))
    assert heard == ["0 jobs done before, 1 queued again", "0 jobs done before, 2 queued again"]
