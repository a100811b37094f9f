"""The fork server's program: loads what ranks need, then forks one for each stand-in that asks (:mod:`tilework.world.fork_server`).

It does nothing else, has no threads, and ends with its starter; its ranks end with it.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import resource
import selectors
import signal
import socket
import struct
import sys
import traceback
from dataclasses import dataclass
from typing import NoReturn

from tilework.world.parent_death import LAUNCHER_VARIABLE
from tilework.world.peers import is_ours
from tilework.world.stand_in import LENGTH, STATUS
from worker_image.world import main as be_rank

WISH_SECONDS = 2.0
"""A stand-in sends its wish in a millisecond."""


@dataclass(frozen=True, slots=True)
class _Rank:
    """A rank, what tells its end, and what it ends with: its mpiexec's pidfd and its stand-in."""

    pid: int
    pidfd: int
    launcher: int
    stand_in: socket.socket

    @property
    def watched(self) -> tuple[int | socket.socket, ...]:
        return self.pidfd, self.launcher, self.stand_in


class ForkServer:
    """Forks ranks until its starter ends it; ``door`` is where stand-ins knock."""

    def __init__(self, door: socket.socket) -> None:
        self._door = door
        self._selector = selectors.DefaultSelector()
        self._selector.register(door, selectors.EVENT_READ)
        self._ranks: dict[int, _Rank] = {}

    def run(self) -> NoReturn:
        """For ever."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._door:
                    self._admit()
                elif key.data.pid in self._ranks:
                    self._end(self._ranks.pop(key.data.pid))

    def _admit(self) -> None:
        stand_in, _ = self._door.accept()
        # one that was killed, or stopped, in the middle of its wish must not take the ranks of others along
        stand_in.settimeout(WISH_SECONDS)
        descriptors: list[int] = []
        try:
            environment = _asked(stand_in, descriptors)
            launcher = os.pidfd_open(int(environment[LAUNCHER_VARIABLE]))
        except (OSError, ValueError, KeyError, struct.error):
            for descriptor in descriptors:
                os.close(descriptor)
            stand_in.close()
            return
        pid = os.fork()
        if pid == 0:
            _be_rank(environment, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        rank = _Rank(pid, os.pidfd_open(pid), launcher, stand_in)
        self._ranks[pid] = rank
        for source in rank.watched:
            self._selector.register(source, selectors.EVENT_READ, rank)

    def _end(self, rank: _Rank) -> None:
        """The rank has ended, or its stand-in or its mpiexec has, and then it ends as well."""
        # it is our child, and its number nobody else's until it is waited for
        os.kill(rank.pid, signal.SIGKILL)
        _, status = os.waitpid(rank.pid, 0)
        with contextlib.suppress(OSError):
            rank.stand_in.sendall(STATUS.pack(os.waitstatus_to_exitcode(status)))
        for source in rank.watched:
            self._selector.unregister(source)
        rank.stand_in.close()
        os.close(rank.pidfd)
        os.close(rank.launcher)


def _asked(stand_in: socket.socket, descriptors: list[int]) -> dict[str, str]:
    """The environment of a rank, whose descriptors are added. Raises ValueError where somebody else has knocked."""
    if not is_ours(stand_in):
        raise ValueError("another user has knocked")
    head, received, _, _ = socket.recv_fds(stand_in, LENGTH.size, 3)
    descriptors += received
    (length,) = LENGTH.unpack(head)
    with stand_in.makefile("rb") as file:
        environment: dict[str, str] = json.loads(file.read(length))
    return environment


def _be_rank(environment: dict[str, str], descriptors: list[int]) -> NoReturn:
    """Live a rank's life in this fork."""
    status = 1
    try:
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
        os.closerange(len(descriptors), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        os.environ.clear()
        # its parent is the fork server, whose death it shall not outlive
        os.environ.update(environment | {LAUNCHER_VARIABLE: str(os.getppid())})
        status = be_rank()
    except BaseException:  # noqa: BLE001 - the interpreter would do no more with it
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def main() -> NoReturn:
    """Run the fork server."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # for everybody in a terminal or a service: the starter decides
        signal.signal(number, signal.SIG_IGN)
    door = socket.socket(fileno=int(sys.argv[1]))
    for module in sys.argv[2:]:
        importlib.import_module(module)
    # what is there stays, and its pages stay shared
    gc.freeze()
    ForkServer(door).run()


if __name__ == "__main__":
    main()
