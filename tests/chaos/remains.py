"""What a run has left on this machine: processes, shared memory, files of worlds, abstract sockets."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from pathlib import Path

import psutil

SHARED_MEMORY = Path("/dev/shm")
SETTLE_SECONDS = 10.0
"""The kernel's and the reapers' time; what is still there afterwards is left."""

WORLD_KEEPS = {"lock", "world.log"}
"""What a world that has left in order leaves in its folder."""

_OUR_SOCKET = re.compile(r"^@tilework|^@.*mpi", re.IGNORECASE)
_OUR_SEGMENT = re.compile(r"ompi|prte|pmix|sm_segment|vader|mpi|tilework|psm_|sem\.mp-", re.IGNORECASE)
_INODE = re.compile(r"socket:\[(\d+)\]")


def shared_memory() -> set[str]:
    """What lies in shared memory now that may be a world's, or Python's."""
    return {path.name for path in SHARED_MEMORY.iterdir() if _OUR_SEGMENT.search(path.name)}


def there() -> set[str]:
    """Names in shared memory, and of abstract sockets, as they are now."""
    return shared_memory() | {name for name, _ in _abstract_sockets()}


def left_behind(folder: Path, before: set[str]) -> list[str]:
    """What is left of processes whose environment named ``folder``; ``before`` is what was there before it."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while (found := _look(folder, before)) and time.monotonic() < deadline:
        time.sleep(0.5)
    return found


def _look(folder: Path, before: set[str]) -> list[str]:
    ours = processes(folder)
    found = [f"process {one.pid}: {' '.join(one.info['cmdline'] or [])[:100]}" for one in ours]
    found += [
        f"in shared memory, open nowhere: {name}" for name in sorted(_orphans(shared_memory() - before))
    ]
    found += [f"socket {name}" for name in _sockets({one.pid for one in ours}) if name not in before]
    for world in sorted(folder.rglob("host/world")):
        found += [str(path) for path in world.iterdir() if path.name not in WORLD_KEEPS]
    for temporary in sorted(folder.glob("*-tmp")):
        found += [str(path) for path in temporary.iterdir()]
    return found


def processes(folder: Path) -> list[psutil.Process]:
    """Every process whose environment names ``folder``, but this one."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline", "status"]):
        with suppress(psutil.Error, OSError):
            environment = Path(f"/proc/{process.pid}/environ").read_bytes()
            if bytes(folder) in environment and process.pid != psutil.Process().pid:
                found.append(process)
    return found


def _orphans(names: set[str]) -> set[str]:
    """Those that no process has open or mapped: of others' there may be any number."""
    if not names:
        return set()
    used = set()
    for process in psutil.process_iter(["pid"]):
        with suppress(OSError):
            used |= set(re.findall(r"/dev/shm/(\S+)", Path(f"/proc/{process.pid}/maps").read_text()))
            for descriptor in Path(f"/proc/{process.pid}/fd").iterdir():
                with suppress(OSError):
                    used.add(str(descriptor.readlink()).removeprefix("/dev/shm/"))
    return {name for name in names if not any(each == name or each.startswith(f"{name}/") for each in used)}


def _sockets(ours: set[int]) -> list[str]:
    """Abstract sockets of worlds that nobody holds, or only processes of ours; others' are none of our business."""
    holders: dict[str, set[int]] = {}
    for process in psutil.process_iter(["pid"]):
        with suppress(OSError):
            for descriptor in Path(f"/proc/{process.pid}/fd").iterdir():
                with suppress(OSError):
                    if inode := _INODE.match(str(descriptor.readlink())):
                        holders.setdefault(inode[1], set()).add(process.pid)
    return [name for name, inode in _abstract_sockets() if holders.get(inode, set()) <= ours]


def _abstract_sockets() -> list[tuple[str, str]]:
    """(name, inode) of those that may be a world's."""
    lines = [line.split(maxsplit=7) for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    return [(fields[7], fields[6]) for fields in lines if len(fields) > 7 and _OUR_SOCKET.match(fields[7])]
