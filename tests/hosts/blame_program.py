"""Run on a host of the lab: one task on each host, of which one dies; prints what became of each, as JSON."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from pathlib import Path

from tilework.errors import WorldDiedError
from tilework.world import World
from tilework.world.deadline import allow
from tilework.world.spread.hosts import Hosts
from tilework.world.spread.shares import HostShare
from tilework.world.spread.ssh import key_of

NAMES = ("a", "b", "c")


def hold(task: int) -> None:
    """Tell where this is, and stay; the starter's own host may do so."""
    if socket.gethostname() == NAMES[0]:
        allow(300)
    place = Path("held") / f"{task}-{socket.gethostname()}"
    new = place.with_suffix(".new")
    new.write_text(str(os.getpid()))
    new.rename(place)
    time.sleep(300)


def main() -> None:
    shares = [HostShare(name, 1) for name in NAMES]
    with Hosts(shares, key_of(os.environ)) as hosts:
        world = World.start(
            ranks=1, directory=Path("/tmp/world"), hosts=hosts, task_seconds=float(sys.argv[1]) or None,
            environment={"PYTHONPATH": str(Path(__file__).parent)},
        )  # fmt: skip
        futures = [world.submit(hold, task) for task in range(len(NAMES))]
        for task, future in enumerate(futures):
            error = future.exception()
            assert isinstance(error, WorldDiedError)
            found = [task, error.suspect, error.overdue, error.host_lost, error.reason]
            sys.stdout.write(f"{json.dumps(found)}\n")
        world.shutdown()


if __name__ == "__main__":
    # the ranks know the task by this name
    from blame_program import main as named  # type: ignore[import-not-found]

    named()
