"""What the starter's end of the channel promises, with rank 0's at the other."""

from __future__ import annotations

import os
import pickle
import select
import selectors
import socket
import struct
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

import pytest

from tilework.world.channel import Channel

if TYPE_CHECKING:
    from collections.abc import Iterator

Ends = tuple[Channel, "Connection[Any, Any]"]


@pytest.fixture
def ends() -> Iterator[Ends]:
    here, there = socket.socketpair()
    channel = Channel(here)
    with Connection(there.detach()) as rank_zero:
        yield channel, rank_zero
    channel.close()


def test_what_has_no_room_is_kept_and_follows_in_order(ends: Ends) -> None:
    channel, rank_zero = ends
    sent = [b"small", bytes(1 << 20), "last"]
    for message in sent:
        channel.send(message)
    assert channel.interest & selectors.EVENT_WRITE
    with ThreadPoolExecutor() as threads:
        received = threads.submit(lambda: [rank_zero.recv() for _ in sent])
        while channel.interest & selectors.EVENT_WRITE:
            assert select.select([], [channel], [], 10)[1]
            channel.flush()
        assert received.result(30) == sent


def test_what_is_sent_to_one_who_is_gone_is_let_go(ends: Ends) -> None:
    channel, rank_zero = ends
    channel.send(bytes(1 << 20))
    rank_zero.close()
    channel.flush()
    assert channel.interest == selectors.EVENT_READ
    channel.send("more")
    with pytest.raises((EOFError, ConnectionError)):
        channel.receive()


@pytest.mark.parametrize(
    "head", [struct.pack("!i", 37), struct.pack("!iQ", -1, 37)], ids=["small", "beyond 2 GiB"]
)
def test_what_arrives_in_pieces_is_a_message_once_it_is_complete(ends: Ends, head: bytes) -> None:
    channel, rank_zero = ends
    message = pickle.dumps("x" * 22)
    assert len(message) == 37
    for piece in head + message:
        with pytest.raises(BlockingIOError):
            channel.receive()
        os.write(rank_zero.fileno(), bytes([piece]))
        received = channel.receive()
    assert received == ["x" * 22]
