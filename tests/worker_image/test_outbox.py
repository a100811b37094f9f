"""What may wait a moment goes together, and goes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.worker_image.test_claims import Host
from tilework.errors import ServiceError
from worker_image import outbox as module
from worker_image.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tilework.jobs.queues import Message

LONG = 20.0


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def outbox(host: Host) -> Iterator[Outbox]:
    started = Outbox(host.system, 0.05)
    started.start()
    yield started
    started.stop()


def received(host: Host, count: int) -> list[Message]:
    for index in range(count):
        host.drop(f"{index}.jpg")
    messages: list[Message] = []
    while len(messages) < count:
        messages += host.system.jobs.receive(10, visibility=60)
    return messages


def soon(what: Callable[[], bool]) -> bool:
    end = time.monotonic() + LONG
    while not what() and time.monotonic() < end:
        time.sleep(0.01)
    return what()


def test_messages_that_end_together_are_deleted_together_and_all_of_them(host: Host, outbox: Outbox) -> None:
    for message in received(host, 25):
        outbox.delete(message)
        outbox.tell("a notice")
    assert soon(lambda: host.queued() == 0)
    assert soon(lambda: host.system.results.backlog().total == 25)


def test_what_is_there_goes_before_the_host_leaves(host: Host) -> None:
    patient = Outbox(host.system, 3600.0)
    patient.start()
    (message,) = received(host, 1)
    patient.delete(message)
    patient.tell("a notice")
    patient.stop()
    assert host.queued() == 0
    assert host.system.results.backlog().total == 1


def test_a_deletion_that_fails_is_tried_again(
    host: Host, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.01)
    queue, failures = host.system.jobs, [ServiceError("gone"), OSError("odd")]
    delete = queue.delete

    def failing(messages: list[Message]) -> None:
        if messages and failures:
            raise failures.pop()
        delete(messages)

    monkeypatch.setattr(queue, "delete", failing)
    (message,) = received(host, 1)
    outbox.delete(message)
    assert soon(lambda: host.queued() == 0)
    assert not failures
