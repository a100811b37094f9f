"""What the starter of a world posts for its ranks on other hosts, and when it was true.

The agent of a host writes it to the world's folder there each second, with the moment of its own clock at which it had
asked: whatever took how long on the way, the starter said so *after* that moment. A rank that must not rely on an old
one pokes the agent, which asks at once, and waits for one that was asked for after that.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from typing import TYPE_CHECKING

from tilework.boottime import boottime

if TYPE_CHECKING:
    from pathlib import Path

AWAY_VARIABLE = "TILEWORK_WORLD_AWAY"
"""Tells the ranks on other hosts than the starter's the folder of their world there."""

FRESH_SECONDS = 10.0
"""How long a rank waits for news: by then the agent has taken the starter for gone."""

NEWS_LOOK_SECONDS = 0.002

_STAMP = struct.Struct("d")


def write_bulletin(folder: Path, stamp: float, words: bytes) -> None:
    """Post ``words``, which were asked for at ``stamp``."""
    new = folder / "bulletin.new"
    new.write_bytes(_STAMP.pack(stamp) + words)
    new.replace(folder / "bulletin")


def read_bulletin(folder: Path) -> tuple[float, bytes]:
    """The latest: when it was asked for, and its words. (0, nothing) where there is none."""
    try:
        found = (folder / "bulletin").read_bytes()
    except FileNotFoundError:
        return 0.0, b""
    return _STAMP.unpack_from(found)[0], found[_STAMP.size :]


def fresh_bulletin(folder: Path, patience: float = FRESH_SECONDS) -> tuple[float, bytes] | None:
    """One that was asked for after now; None where no news come within ``patience`` seconds."""
    asked = boottime()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as poke, contextlib.suppress(OSError):
        poke.sendto(b"!", _poke_path(folder))
    while boottime() < asked + patience:
        stamp, words = read_bulletin(folder)
        if stamp >= asked:
            return stamp, words
        time.sleep(NEWS_LOOK_SECONDS)
    return None


class Poke:
    """The agent's end of the pokes for the world in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(_poke_path(folder))

    def fileno(self) -> int:
        """Readable while somebody pokes."""
        return self._socket.fileno()

    def heard(self) -> bool:
        """Whether somebody has poked since the last call."""
        heard = False
        with contextlib.suppress(BlockingIOError):
            while self._socket.recv(1):
                heard = True
        return heard

    def close(self) -> None:
        """Hear no more."""
        self._socket.close()


def _poke_path(folder: Path) -> str:
    return str(folder / "poke")
