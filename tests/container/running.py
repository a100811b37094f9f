"""The running container, and what this machine's kernel says of its processes."""

from __future__ import annotations

import json
import re
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from tests.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.container.engine import Engine

NAME = "tilework-worker"
TAKES_WORK = "takes work:"
DRAINED = "has drained and leaves."
RANK_SCORE = 500
"""Of ranks, so that the kernel's out-of-memory killer takes them before the supervisor."""


@dataclass(frozen=True, slots=True)
class Container:
    """The container of that name."""

    engine: Engine

    def state(self) -> dict[str, Any]:
        """What Docker knows of it."""
        told: list[dict[str, Any]] = json.loads(self.engine.run("inspect", NAME))
        return told[0]

    @property
    def is_running(self) -> bool:
        state: dict[str, Any] = self.state()["State"]
        return bool(state["Running"]) and not state["Restarting"]

    @property
    def restarts(self) -> int:
        return int(self.state()["RestartCount"])

    def said(self, words: str) -> int:
        """How many of its log lines, of all its lives, have these words."""
        done = self.engine.try_out("logs", NAME)
        return sum(words in line for line in (done.stdout + done.stderr).splitlines())

    def await_saying(self, words: str, seconds: float = 120, *, more_than: int = 0) -> None:
        """Until more than so many of its lines have these words."""
        wait_for(lambda: self.said(words) > more_than, seconds, f"{words!r}, more than {more_than} times")

    def last_words(self) -> str:
        """The end of its log."""
        done = self.engine.try_out("logs", "--tail", "20", NAME)
        return (done.stdout + done.stderr)[-5000:]

    def processes(self) -> list[psutil.Process]:
        """All that live in it, the first one first."""
        first = psutil.Process(int(self.state()["State"]["Pid"]))
        return [first, *first.children(recursive=True)]

    def ranks(self) -> list[psutil.Process]:
        """Those that compute, and rank 0: forked from the fork server."""
        found = []
        for process in self.processes():
            parent = process.parent()
            if "worker_image.fork_server" in _line(process) and parent and "fork_server" in _line(parent):
                found.append(process)
        return found

    def kill(self) -> None:
        """End its first process with SIGKILL, as a crash would; what Docker's own kill does is taken for a wish."""
        self.processes()[0].send_signal(signal.SIGKILL)


def _line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


@dataclass(frozen=True, slots=True)
class Confinement:
    """What the kernel says that a process may do, from /proc."""

    users: frozenset[int]
    capabilities: int
    no_new_privileges: bool
    filtered: bool

    @classmethod
    def of(cls, pid: int) -> Confinement:
        """Read it (proc_pid_status(5))."""
        told = dict(re.findall(r"^(\w+):\s*(.*)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE))
        sets = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
        held = 0
        for each in sets:
            held |= int(told[each], 16)
        users = frozenset(map(int, told["Uid"].split()))
        return cls(users, held, told["NoNewPrivs"] == "1", told["Seccomp"] == "2")


def mounts(pid: int) -> dict[str, tuple[str, set[str]]]:
    """What is mounted where for a process: kind and options (proc_pid_mountinfo(5))."""
    found = {}
    for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        fields = left.split()
        found[fields[4]] = (right.split()[0], set(fields[5].split(",")))
    return found


def largest_nameless_file(processes: list[psutil.Process], at_least: int) -> tuple[int, int] | None:
    """Bytes and device of the largest open file without a name, where it has ``at_least`` so many bytes."""
    largest: tuple[int, int] | None = None
    for process in processes:
        try:
            descriptors = list(Path(f"/proc/{process.pid}/fd").iterdir())
        except OSError:
            continue
        for descriptor in descriptors:
            found = _nameless(descriptor)
            if found is not None and found[0] >= max(at_least, largest[0] if largest else 0):
                largest = found
    return largest


def _nameless(descriptor: Path) -> tuple[int, int] | None:
    try:
        if not str(descriptor.readlink()).endswith(" (deleted)"):
            return None
        told = descriptor.stat()
    except OSError:
        return None
    return told.st_size, told.st_dev


def until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """As wait_for, for who reads a story."""
    wait_for(condition, seconds, what)
