"""A host takes no more than it has places for, and goes on taking whatever happens to the queue."""

from __future__ import annotations

import threading
import time

import pytest

from tilework.errors import SettingsError
from tilework.jobs.in_memory import MemoryQueue
from tilework.jobs.queues import Message
from worker_image import intake as module
from worker_image.intake import Intake


class Taken:
    def __init__(self) -> None:
        self.messages: list[tuple[str, int]] = []
        self.changed = threading.Condition()

    def __call__(self, message: Message, place: int) -> None:
        with self.changed:
            self.messages.append((message.body, place))
            self.changed.notify_all()

    def wait_for(self, count: int, seconds: float = 5) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.messages) >= count, seconds), self.messages


def intake_of(queue: MemoryQueue, taken: Taken, places: int) -> Intake:
    return Intake(queue, places=places, wait=0.2, visibility=30, take=taken)


def test_never_more_messages_are_taken_than_there_are_places() -> None:
    queue, taken = MemoryQueue(), Taken()
    for n in range(7):
        queue.send(str(n))
    intake = intake_of(queue, taken, places=3)
    intake.start()
    taken.wait_for(3)
    time.sleep(0.5)
    assert len(taken.messages) == 3
    assert {place for _, place in taken.messages} == {0, 1, 2}
    intake.give_back(1)
    taken.wait_for(4)
    assert taken.messages[3][1] == 1
    intake.stop()
    intake.join(2)


def test_a_queue_that_fails_in_any_way_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    queue, taken = MemoryQueue(), Taken()
    queue.send("late")
    receive, failures = queue.receive, [SettingsError("no credentials"), RuntimeError("odd")]

    def failing(*arguments: float) -> list[Message]:
        if failures:
            raise failures.pop()
        return receive(*arguments)  # type: ignore[arg-type]

    queue.receive = failing  # type: ignore[method-assign, assignment]
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0.1)
    intake = intake_of(queue, taken, places=1)
    intake.start()
    taken.wait_for(1, seconds=10)
    intake.stop()


def test_what_comes_after_the_stop_is_handed_back_at_once() -> None:
    queue, taken = MemoryQueue(), Taken()
    intake = Intake(queue, places=1, wait=5, visibility=30, take=taken)
    intake.start()
    time.sleep(0.2)
    intake.stop()
    queue.send("too late")
    intake.join(6)
    assert taken.messages == []
    assert queue.backlog().visible == 1
