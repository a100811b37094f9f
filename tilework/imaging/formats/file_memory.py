"""Memory that lies in a file without a name: what is written to it goes to the disk, and need not stay in memory."""

from __future__ import annotations

import contextlib
import mmap
import os
import tempfile
import threading
from typing import TYPE_CHECKING

from tilework.imaging.formats.source_ranges import ranges

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedRandom
    from pathlib import Path

    from tilework.imaging.operations.contract import Image
    from tilework.imaging.sources import Source

PAUSE = 0.02
"""Seconds in which a decoder fills some ten megabytes."""


@contextlib.contextmanager
def in_file(length: int, folder: Path | None) -> Iterator[tuple[BufferedRandom, mmap.mmap]]:
    """Give ``length`` bytes in a file without a name, and the same as memory, which may outlive the file.

    ``folder`` None is the system's for such. Raises OSError where the disk has not the room: told now, for later the
    kernel would end the process. Raises MemoryError where the process may not have the addresses.
    """
    with tempfile.TemporaryFile(dir=folder) as file:
        os.posix_fallocate(file.fileno(), 0, length)
        try:
            memory = mmap.mmap(file.fileno(), length)
        except OSError as error:
            raise MemoryError(f"{length:,} bytes of a file cannot be mapped: {error.strerror}.") from error
        yield file, memory


def fetched(source: Source, folder: Path | None, tail: bytes) -> mmap.mmap:
    """Return all bytes of a source, and ``tail`` behind them, in such memory; raises as :func:`in_file` and ``ranges``."""
    with in_file(source.size + len(tail), folder) as (file, memory):
        for part in ranges(source):
            file.write(part)
        file.write(tail)
    return memory


def next_rows(file: BufferedRandom, shape: tuple[int, int, int]) -> Image:
    """Return the next (rows, width, samples) of 8 bits in a file."""
    import numpy as np

    pixels = np.empty(shape, np.uint8)
    file.readinto(pixels.data)
    return pixels


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
