"""What becomes of the ports that a child has opened."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tilework.world import loopback
from tilework.world.loopback import confine_to_loopback

CHILD = """
import socket
door = socket.create_server(("", 0))
print(door.getsockname()[1], flush=True)
input()
print(*door.getsockname(), flush=True)
guest, _ = door.accept()
guest.sendall(b"come in")
guest.close()
door.close()
"""


def test_a_child_s_open_port_moves_to_the_loopback_interface_and_still_works() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        child.stdout.readline()
        pidfd = os.pidfd_open(child.pid)
        assert confine_to_loopback(child.pid, pidfd) == 1
        assert confine_to_loopback(child.pid, pidfd) == 0
        os.close(pidfd)
        print(file=child.stdin, flush=True)
        address, port = child.stdout.readline().split()
        assert address == "127.0.0.1"
        with socket.create_connection((address, int(port))) as guest:
            assert guest.recv(100) == b"come in"


BUSY = """
import hashlib, threading
def work():
    while True:
        hashlib.sha256(bytes(1 << 20)).digest()
for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
print("busy", flush=True)
input()
"""


def test_no_thread_of_the_child_runs_while_its_ports_are_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    states = []

    def listening(pid: int, _pidfd: int) -> Iterator[socket.socket]:
        tasks = Path(f"/proc/{pid}/task").glob("*/stat")
        states.extend(task.read_text().rpartition(")")[2].split()[0] for task in tasks)
        yield from ()

    monkeypatch.setattr(loopback, "_listening", listening)
    with subprocess.Popen(
        [sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        child.stdout.readline()
        pidfd = os.pidfd_open(child.pid)
        for _ in range(20):
            assert confine_to_loopback(child.pid, pidfd) == 0
        os.close(pidfd)
        print(file=child.stdin, flush=True)
    assert states == ["T"] * 100
