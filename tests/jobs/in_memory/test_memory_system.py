"""What the twins in memory promise beyond the contracts: they wait, wake, and tell of drops as S3 does."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

import pytest

from tilework.aws.connect import connect
from tilework.jobs.in_memory import MemoryQueue, memory_system

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import EmbeddedAws
    from tilework.aws.settings import Deployment
    from tilework.jobs.system import System

KEY = "drop/a b+ü%41/🦊.jpg"


def told(system: System) -> dict[str, object]:
    """The one event in the jobs queue that is no test event."""
    bodies = [json.loads(message.body) for message in system.jobs.receive(wait=5)]
    (body,) = [body for body in bodies if "Records" in body] or [
        json.loads(message.body) for message in system.jobs.receive(wait=5)
    ]
    return body


def shape(value: object) -> object:
    """The names and kinds in a JSON value."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return type(value).__name__


def test_a_put_tells_the_jobs_queue_which_version_of_which_key_it_made() -> None:
    system = memory_system()
    version = system.inputs.put(KEY, b"pixels", metadata={}, content_type="image/jpeg")
    (record,) = told(system)["Records"]
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["s3"]["bucket"]["name"] == system.inputs.bucket
    assert record["s3"]["object"]["key"] == "drop/a+b%2B%C3%BC%2541/%F0%9F%A6%8A.jpg"
    assert unquote_plus(record["s3"]["object"]["key"]) == KEY
    assert (record["s3"]["object"]["versionId"], record["s3"]["object"]["size"]) == (version, 6)


def test_later_events_of_a_key_have_greater_sequencers() -> None:
    system = memory_system()
    for _ in range(3):
        system.inputs.put("a", b"", metadata={}, content_type="image/jpeg")
    events = [json.loads(message.body) for message in system.jobs.receive()]
    sequencers = [event["Records"][0]["s3"]["object"]["sequencer"] for event in events]
    assert sequencers == sorted(sequencers)
    assert len(set(sequencers)) == 3


def test_the_event_has_the_shape_of_the_embedded_aws(
    embedded_aws: EmbeddedAws, deploy: Callable[[str], Deployment]
) -> None:
    embedded, memory = connect(deploy(embedded_aws.endpoint_url)), memory_system()
    events = []
    for system in (embedded, memory):
        system.inputs.put(KEY, b"pixels", metadata={}, content_type="image/jpeg")
        events.append(told(system))
    assert shape(events[1]) == shape(events[0])
    keys = [event["Records"][0]["s3"]["object"]["key"] for event in events]
    assert keys[0] == keys[1]


def test_no_event_is_sent_of_results_or_where_none_is_wanted() -> None:
    system, silent = memory_system(), memory_system(announce=False)
    system.outputs.put("a", b"", metadata={}, content_type="image/png")
    silent.inputs.put("a", b"", metadata={}, content_type="image/png")
    assert system.jobs.receive() == silent.jobs.receive() == []


def test_a_long_poll_ends_with_the_first_message() -> None:
    queue = MemoryQueue()
    sender = threading.Timer(0.1, queue.send, ["work"])
    sender.start()
    began = time.monotonic()
    assert [message.body for message in queue.receive(wait=20)] == ["work"]
    assert time.monotonic() - began < 5
    sender.join()


def test_a_long_poll_sees_a_message_become_visible_by_itself() -> None:
    queue = MemoryQueue()
    queue.send("work", delay=0.1)
    (message,) = queue.receive(wait=20, visibility=0.1)
    (again,) = queue.receive(wait=20)
    assert again.id == message.id


def test_a_long_poll_for_nothing_takes_its_time() -> None:
    began = time.monotonic()
    assert MemoryQueue().receive(wait=0.2) == []
    assert 0.2 <= time.monotonic() - began < 5


def test_a_long_poll_goes_on_behind_a_dead_letter() -> None:
    dead = MemoryQueue()
    queue = MemoryQueue(max_receives=1, dead_letters=dead)
    queue.send("poison")
    queue.receive(visibility=0)
    sender = threading.Timer(0.1, queue.send, ["work"])
    sender.start()
    assert [message.body for message in queue.receive(wait=20)] == ["work"]
    assert [message.body for message in dead.receive()] == ["poison"]
    sender.join()


def test_a_queue_with_a_clock_of_its_own_never_waits() -> None:
    began = time.monotonic()
    assert MemoryQueue(clock=lambda: 1_000.0).receive(wait=20) == []
    assert time.monotonic() - began < 5


def test_a_message_can_be_held_for_twelve_hours_from_its_receive() -> None:
    now = 1_000.0
    queue = MemoryQueue(clock=lambda: now)
    queue.send("long work")
    (message,) = queue.receive(visibility=43_200)
    now += 43_000
    assert queue.set_visibility(message, 200)
    assert not queue.set_visibility(message, 300)
    now += 201
    assert len(queue.receive()) == 1


def test_the_backlog_tells_the_age_of_the_oldest() -> None:
    now = 1_000.0
    queue = MemoryQueue(clock=lambda: now)
    assert queue.backlog().oldest is None
    queue.send("old")
    now += 60
    queue.send("young")
    assert queue.backlog().oldest == pytest.approx(60)
