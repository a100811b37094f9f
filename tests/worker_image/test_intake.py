"""A host takes no more than it has places for, and goes on taking whatever happens to the queue."""

from __future__ import annotations

import threading
import time

import pytest

from tilework.errors import SettingsError, ThrottledError
from tilework.jobs.in_memory import MemoryQueue
from tilework.jobs.queues import Message
from worker_image import intake as module
from worker_image.intake import Intake
from worker_image.pace import Pace


class Taken:
    def __init__(self) -> None:
        self.messages: list[tuple[str, int]] = []
        self.changed = threading.Condition()

    def __call__(self, message: Message, place: int) -> None:
        with self.changed:
            self.messages.append((message.body, place))
            self.changed.notify_all()

    def wait_for(self, count: int, seconds: float = 30) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.messages) >= count, seconds), self.messages


def intake_of(queue: MemoryQueue, taken: Taken, places: int) -> Intake:
    pace = Pace(lambda: True)
    return Intake(queue, places=places, wait=0.2, visibility=30, take=taken, pace=pace)


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
    intake.join(20)


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
    pace = Pace(lambda: True)
    intake = Intake(queue, places=1, wait=5, visibility=30, take=taken, pace=pace)
    intake.start()
    time.sleep(0.2)
    intake.stop()
    queue.send("too late")
    intake.join(20)
    assert taken.messages == []
    assert queue.backlog().visible == 1


def test_a_queue_that_throttles_is_left_alone_for_a_while_and_then_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue, taken = MemoryQueue(), Taken()
    queue.send("late")
    receive, failures, asked = queue.receive, [ThrottledError("too many")], []

    def throttling(*arguments: float) -> list[Message]:
        asked.append(time.monotonic())
        if failures:
            raise failures.pop()
        return receive(*arguments)  # type: ignore[arg-type]

    queue.receive = throttling  # type: ignore[method-assign, assignment]
    monkeypatch.setattr(module.random, "uniform", lambda *_: 0.0)
    pace = Pace(lambda: True)
    intake = Intake(queue, places=1, wait=0.2, visibility=30, take=taken, pace=pace)
    held = []
    monkeypatch.setattr(pace, "hold", lambda: held.append(1) or (0.05 if len(held) in {2, 3} else 0.0))
    intake.start()
    taken.wait_for(1)
    assert len(held) >= 4
    intake.stop()


def test_a_host_whose_disk_is_full_takes_nothing_until_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    queue, taken, room = MemoryQueue(), Taken(), threading.Event()
    monkeypatch.setattr("worker_image.pace.ROOM_SECONDS", 0.02)
    intake = Intake(queue, places=1, wait=0.2, visibility=30, take=taken, pace=Pace(room.is_set))
    queue.send("waits")
    intake.start()
    time.sleep(0.2)
    assert taken.messages == []
    room.set()
    taken.wait_for(1)
    intake.stop()
