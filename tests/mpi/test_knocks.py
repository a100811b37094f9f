"""Whoever knocks at a world that starts and is not rank 0 neither keeps rank 0 out nor the starter waiting."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from contextlib import ExitStack
from multiprocessing.connection import Client
from pathlib import Path

import psutil
import pytest
import rank_tasks
from mpi_processes import HERE

from tilework.errors import SetupError
from tilework.world import World
from tilework.world import launch as launch_module
from tilework.world.launch import Launch, Plan
from tilework.world.messages import Initializer

pytestmark = pytest.mark.timeout(60)


def launched(directory: Path, seconds: float = 60.0) -> Launch:
    environment = {"PYTHONPATH": str(HERE)}
    return Launch(Plan(2, directory, Initializer("", ()), environment, seconds, inherit_output=False))


def test_strangers_who_say_too_little_do_not_keep_rank_zero_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch_module, "KNOCK_SECONDS", 1.0)
    launch = launched(tmp_path)
    with ExitStack() as stack:
        for word in (b"", b"\0\0"):
            stranger = stack.enter_context(socket.socket(socket.AF_UNIX))
            stranger.connect(launch._ticket.channel)
            stranger.sendall(word)
        world = stack.enter_context(World(launch.ready(), 4))
        assert world.submit(rank_tasks.echo, 1).result(30) == 1


def test_a_rank_zero_that_says_half_a_message_is_given_up_when_the_time_is_over(tmp_path: Path) -> None:
    launch = launched(tmp_path, seconds=0.5)
    began = time.monotonic()
    over = threading.Event()

    def be_rank_zero() -> None:
        with Client(launch._ticket.channel, authkey=launch._ticket.authkey) as channel:
            os.write(channel.fileno(), b"\0\0")
            over.wait(20)

    thread = threading.Thread(target=be_rank_zero)
    thread.start()
    with pytest.raises(SetupError, match=r"0\.5 seconds were not enough"):
        launch.ready()
    assert time.monotonic() - began < 10
    over.set()
    thread.join()


def test_a_rank_that_ends_as_soon_as_it_is_there_leaves_no_descriptor_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    muster = Launch._muster
    monkeypatch.setattr(Launch, "_muster", lambda *asked: (*muster(*asked), gone.pid))
    before = psutil.Process().num_fds()
    launch = launched(tmp_path)
    with pytest.raises(SetupError, match="a rank ended"):
        launch.ready()
    assert psutil.Process().num_fds() == before
