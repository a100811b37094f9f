"""Who connects to an abstract name tells nothing to another user's process that listens there."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tilework.world import stand_in
from tilework.world.spread import launcher_shell

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = 65534

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user as well")


@pytest.fixture
def door(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    """Another user's, which waits."""
    with socket.socket(socket.AF_UNIX, request.param) as made:
        made.bind(f"\0tilework-tests-{os.getpid()}")
        os.seteuid(NOBODY)
        try:
            made.listen()
        finally:
            os.seteuid(0)
        yield made


def run(program: str, door: socket.socket, *arguments: str) -> subprocess.CompletedProcess[str]:
    name = door.getsockname()[1:].decode()
    return subprocess.run(
        [sys.executable, "-I", "-S", program, name, *arguments],
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip


def told(door: socket.socket) -> bytes:
    door.settimeout(10)
    peer, _ = door.accept()
    with peer:
        return peer.recv(1 << 16)


@pytest.mark.parametrize("door", [socket.SOCK_STREAM], indirect=True)
def test_a_stand_in_hands_nothing_over_to_another_user_and_becomes_the_rank(door: socket.socket) -> None:
    ended = run(stand_in.__file__, door, "/bin/echo", "the rank")
    assert (ended.returncode, ended.stdout) == (0, "the rank\n")
    assert told(door) == b""


@pytest.mark.parametrize("door", [socket.SOCK_SEQPACKET], indirect=True)
def test_the_launcher_shell_tells_no_command_to_another_user(door: socket.socket) -> None:
    ended = run(launcher_shell.__file__, door, "host", "command")
    assert (ended.returncode, ended.stderr) == (1, "")
    assert told(door) == b""
