"""Bounds on what a process may map, set by itself and kept by the kernel.

Allocators, NumPy and OpenCV answer a refused mapping with MemoryError or std::bad_alloc; a process that is not bounded
would go on until the kernel's out-of-memory killer picks a victim on the host, which may be any other.

Two limits, since none is right alone (measured, docs/decisions/guarded-child.md). RLIMIT_DATA counts what malloc and
private mappings really get, threads' stacks in full, and is set closely; it misses shared mappings such as Python's anonymous ``mmap``.
RLIMIT_AS counts every address, with what is only reserved (64 MiB of arena and 8 of stack a thread), and is set widely.
"""

from __future__ import annotations

import contextlib
import ctypes
import resource
from pathlib import Path

from tilework.imaging.limits import GIB, MIB

SLACK = 256 * MIB
"""Bytes a process may grow beyond one image's working set: what malloc keeps of earlier images (it gives back what is
larger than 32 MiB at once, and the heap's end beyond 64), Python's and the services' own objects."""

RESERVED = 2 * GIB
"""Addresses beyond that: libraries with threads reserve 72 MiB for each, and use next to nothing of it."""


def bound_growth(allowed: int, of_files: int = 0) -> None:
    """Let this process, and those forked from it, map ``allowed`` bytes more than it does now, and no more.

    ``of_files`` bytes of files that are shared with the kernel's cache are no memory, but take addresses.
    """
    size, data = mapped()
    limit(resource.RLIMIT_DATA, data + allowed)
    limit(resource.RLIMIT_AS, size + allowed + of_files + RESERVED)


def unbound_growth() -> None:
    """Take the bounds away again, as far as this process may."""
    for kind in (resource.RLIMIT_DATA, resource.RLIMIT_AS):
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (hard, hard))


def give_back_freed() -> None:
    """Give back to the kernel what malloc has kept of earlier work (malloc_trim(3)); nothing where the C library cannot.

    Before a fork: a child would have each page copied that it takes of it, old bytes and all, which costs more than a
    new one. Once it is given back this takes microseconds.
    """
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(ctypes.c_size_t(0))


def be_taken_first(score: int) -> None:
    """Let the kernel's out-of-memory killer prefer this process: ``score`` as oom_score_adj has it (proc(5)), to 1000.

    It picks the process with the most memory else, or any that began to ask when there was none: a supervisor.
    """
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(f"{score}")


def kernel_kills() -> int:
    """How many processes the kernel has killed on this host, for want of memory, since it started (/proc/vmstat: oom_kill).

    0 where it does not tell.
    """
    with contextlib.suppress(OSError):
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


def mapped() -> tuple[int, int]:
    """Bytes of all this process's mappings, and of the private writable ones (proc_pid_statm(5): size, data)."""
    pages = Path("/proc/self/statm").read_text().split()
    return int(pages[0]) * resource.getpagesize(), int(pages[5]) * resource.getpagesize()


def limit(kind: int, value: int) -> None:
    """Set a resource limit (setrlimit(2)) to ``value``, or to the most that this process may have."""
    _, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
