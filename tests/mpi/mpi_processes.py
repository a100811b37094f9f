"""Real worlds, and what becomes of their processes."""

import fcntl
import struct
import termios
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from tilework.world import World

HERE = Path(__file__).parent
RANKS = 2


def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> float:
    """Seconds until the condition held; fails when it never does."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "waited in vain"
        time.sleep(0.005)
    return time.monotonic() - began


def lives(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def start_world(directory: Path, **settings: object) -> World:
    """A world of two ranks that can import rank_tasks."""
    environment = {"PYTHONPATH": str(HERE)}
    return World.start(**{"ranks": RANKS, "directory": directory, "environment": environment} | settings)


def wait_for_death(world: World) -> None:
    """Until all processes of the world are gone."""
    wait_until(lambda: not any(map(lives, (*world.pids, world.mpiexec_pid))))


def bytes_to_hear(world: World) -> int:
    """That lie in the channel, unread by the world's starter."""
    waiting = fcntl.ioctl(world._processes.channel.fileno(), termios.FIONREAD, bytes(4))
    return int(struct.unpack("i", waiting)[0])
