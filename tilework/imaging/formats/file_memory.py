"""Memory that lies in a file without a name: what is written to it goes to the disk, and need not stay in memory."""

from __future__ import annotations

import contextlib
import mmap
import os
import tempfile
import threading
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAUSE = 0.02
"""Seconds in which a decoder fills some ten megabytes."""


@dataclass(frozen=True, slots=True)
class FileMemory:
    """A file and its mapping: what is written to one is read from the other."""

    file: IO[bytes]
    memory: mmap.mmap


def in_file(length: int, folder: Path | None) -> FileMemory:
    """Return ``length`` bytes of memory in a file that vanishes with it; None is the system's folder for such.

    Raises OSError where the disk has not the room: found now, for later the kernel would end the process.
    """
    with contextlib.ExitStack() as on_failure:
        file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - it outlives this function
        on_failure.callback(file.close)
        os.posix_fallocate(file.fileno(), 0, length)
        found = FileMemory(file, mmap.mmap(file.fileno(), length))
        on_failure.pop_all()
    return found


@contextlib.contextmanager
def kept_out_of_memory(*memories: mmap.mmap) -> Iterator[None]:
    """Let go of the pages of such memory again and again while the body works on it, in a thread of its own.

    Nothing is lost: the pages of a shared mapping lie in the kernel's cache, which writes them to the file in its
    own time, and come back when they are touched.
    """
    done = threading.Event()

    def let_go() -> None:
        while not done.wait(PAUSE):
            for memory in memories:
                memory.madvise(mmap.MADV_DONTNEED)

    thread = threading.Thread(target=let_go, name="pages")
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        for memory in memories:
            memory.madvise(mmap.MADV_DONTNEED)
