"""Free ports on loopback, the same as last time where possible, so that bookmarks and queue addresses stay good."""

from __future__ import annotations

import json
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from tilework.errors import SetupError

LOOPBACK: Final = "127.0.0.1"

USUAL_PAGE_PORT: Final = 8000

LISTENING: Final = "0A"
"""The state of a listening socket in /proc/net/tcp; source: proc(5), TCP_LISTEN of the kernel's tcp_states.h."""


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of loopback now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # as servers do: a port whose last connections are only being closed is free
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port(*wanted: int | None) -> int:
    """The first of ``wanted`` that is free, else any free one."""
    for port in wanted:
        if port is not None and is_free(port):
            return port
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def page_port(told: int | None, remembered: int | None) -> int:
    """The page's port: the one that was told, which must be free, else last time's, else 8000, else any."""
    if told is None:
        return free_port(remembered, USUAL_PAGE_PORT)
    if not is_free(told):
        raise SetupError(
            f"Port {told} of this machine is taken, so the page cannot be served there.",
            advice=f"End the program that listens on {told}, choose another with PORT=, or leave PORT= out.",
        )
    return told


def listens(pid: int, port: int) -> bool:
    """Whether the process ``pid`` itself listens on this port of loopback, and not another one."""
    wanted = f"{int.from_bytes(socket.inet_aton(LOOPBACK), sys.byteorder):08X}:{port:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    sockets = {f"socket:[{row[9]}]" for row in rows if row[1] == wanted and row[3] == LISTENING}
    found = set()
    # what has gone meanwhile listens no more
    with suppress(OSError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                found.add(str(descriptor.readlink()))
    return bool(sockets & found)


class RememberedPorts:
    """The ports of last time, in a small file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, name: str) -> int | None:
        """Last time's port of this name, or None."""
        port = self._read().get(name)
        return port if isinstance(port, int) else None

    def keep(self, **ports: int) -> None:
        """Remember ``ports`` for next time."""
        self._path.write_text(json.dumps(self._read() | ports) + "\n")

    def _read(self) -> dict[str, object]:
        try:
            found = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}
