"""What every queue promises."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tilework.jobs.quotas import MESSAGE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.jobs.queues import Message, Queue

    Elapse = Callable[[float], None]

REVISITS = "it lets a receipt be prolonged after its message became visible"
FORGIVES = "it takes every receipt that a message ever had"


def receive_one(queue: Queue, visibility: float | None = None) -> Message:
    (message,) = queue.receive(visibility=visibility)
    return message


def test_a_message_arrives_with_its_body_and_attributes(queue: Queue) -> None:
    before = time.time()
    identity = queue.send('{"ü": "🦊\t\\n"}', attributes={"trace": "abc ü"})
    message = receive_one(queue)
    assert (message.id, message.body) == (identity, '{"ü": "🦊\t\\n"}')
    assert (message.attributes, message.receives) == ({"trace": "abc ü"}, 1)
    assert abs(message.sent - before) < 2


def test_many_messages_are_sent_at_once(queue: Queue) -> None:
    bodies = [f"unit {number}" for number in range(35)]
    queue.send_all(bodies)
    queue.send_all([])
    received: list[str] = []
    while found := queue.receive():
        received += [message.body for message in found]
    assert sorted(received) == sorted(bodies)


def test_long_messages_are_sent_together_as_far_as_they_fit(queue: Queue) -> None:
    queue.send_all(["x" * MESSAGE_BYTES, "y" * (MESSAGE_BYTES // 2), "z" * MESSAGE_BYTES])
    lengths: list[int] = []
    while found := queue.receive(1):
        lengths += [len(message.body) for message in found]
    assert sorted(lengths) == [MESSAGE_BYTES // 2, MESSAGE_BYTES, MESSAGE_BYTES]
    with pytest.raises(ValueError, match="at most"):
        queue.send_all(["x" * (MESSAGE_BYTES + 1)])


def test_a_received_message_is_invisible_until_its_time_is_over(queue: Queue, elapse: Elapse) -> None:
    queue.send("work")
    first = receive_one(queue, visibility=1)
    assert queue.receive() == []
    elapse(1.05)
    second = receive_one(queue)
    assert (second.id, second.receives) == (first.id, 2)
    assert second.receipt != first.receipt


def test_visibility_is_prolonged_by_its_holder(queue: Queue, elapse: Elapse) -> None:
    queue.send("work")
    message = receive_one(queue, visibility=1)
    assert queue.set_visibility(message, 30)
    elapse(1.05)
    assert queue.receive() == []


def test_a_message_handed_back_is_visible_at_once(queue: Queue) -> None:
    queue.send("work")
    assert queue.set_visibility(receive_one(queue), 0)
    assert receive_one(queue).receives == 2


@pytest.mark.differs("moto", because=FORGIVES)
def test_an_old_receipt_neither_prolongs_nor_deletes(queue: Queue, elapse: Elapse) -> None:
    queue.send("work")
    first = receive_one(queue, visibility=1)
    elapse(1.05)
    second = receive_one(queue, visibility=30)
    assert not queue.set_visibility(first, 0)
    queue.delete([first])
    assert queue.backlog().total == 1
    assert queue.set_visibility(second, 0)
    assert receive_one(queue).id == first.id


@pytest.mark.differs("moto", because=FORGIVES)
def test_a_receipt_expires_with_its_visibility(queue: Queue, elapse: Elapse) -> None:
    queue.send("work")
    message = receive_one(queue, visibility=1)
    elapse(1.05)
    assert not queue.set_visibility(message, 30)
    assert len(queue.receive()) == 1


def test_a_receipt_expired_but_not_taken_over_still_deletes(queue: Queue, elapse: Elapse) -> None:
    queue.send("work")
    message = receive_one(queue, visibility=1)
    elapse(1.05)
    queue.delete([message])
    assert queue.backlog().total == 0


def test_a_deleted_message_stays_away_and_deleting_it_again_is_no_error(queue: Queue, elapse: Elapse) -> None:
    queue.send("work")
    message = receive_one(queue, visibility=1)
    queue.delete([message])
    queue.delete([message, message])
    queue.delete([])
    assert not queue.set_visibility(message, 30)
    elapse(1.05)
    assert queue.receive() == []


def test_any_number_of_messages_is_deleted(queue: Queue) -> None:
    for number in range(23):
        queue.send(str(number))
    messages: list[Message] = []
    while found := queue.receive():
        messages += found
    assert sorted(int(message.body) for message in messages) == list(range(23))
    queue.delete(messages)
    assert queue.backlog().total == 0


def test_a_receive_takes_no_more_than_it_asked_for(queue: Queue) -> None:
    for number in range(12):
        queue.send(str(number))
    assert len(queue.receive(limit=3)) <= 3
    assert len(queue.receive()) <= 10


def test_a_delayed_message_comes_later(queue: Queue, elapse: Elapse) -> None:
    queue.send("later", delay=1)
    assert queue.receive() == []
    assert queue.backlog().delayed == 1
    elapse(1.05)
    assert receive_one(queue).body == "later"


def test_the_backlog_counts_visible_and_in_flight(queue: Queue) -> None:
    for number in range(5):
        queue.send(str(number))
    queue.receive(limit=2)
    backlog = queue.backlog()
    assert (backlog.visible, backlog.in_flight, backlog.delayed) == (3, 2, 0)
    assert backlog.total == 5


def test_a_message_never_deleted_goes_to_the_dead_letters(queue: Queue, dead_letters: Queue) -> None:
    identity = queue.send("poison", attributes={"trace": "abc"})
    for receives in (1, 2, 3):
        message = receive_one(queue)
        assert message.receives == receives
        queue.set_visibility(message, 0)
    assert queue.receive() == []
    assert queue.backlog().total == 0
    dead = receive_one(dead_letters)
    assert (dead.id, dead.body, dead.attributes) == (identity, "poison", {"trace": "abc"})


@pytest.mark.differs("moto", because="its backends have no locks")
def test_no_message_is_held_by_two_at_once(queue: Queue) -> None:
    for number in range(40):
        queue.send(str(number))
    with ThreadPoolExecutor(8) as pool:
        taken = [message.id for found in pool.map(lambda _: queue.receive(), range(16)) for message in found]
    assert len(taken) == len(set(taken)) == 40


def test_what_sqs_would_refuse_is_refused(queue: Queue) -> None:
    for refused in (
        lambda: queue.send(""),
        lambda: queue.send("x" * 262_145),
        lambda: queue.send("control \x00"),
        lambda: queue.send("body", attributes={"empty": ""}),
        lambda: queue.send("body", attributes={str(number): "x" for number in range(11)}),
        lambda: queue.send("body", delay=901),
        lambda: queue.receive(limit=11),
        lambda: queue.receive(limit=0),
        lambda: queue.receive(wait=21),
        lambda: queue.receive(visibility=43_201),
    ):
        with pytest.raises(ValueError, match=r"message|receive|Message"):
            refused()
    assert queue.backlog().total == 0
