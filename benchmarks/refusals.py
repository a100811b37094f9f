"""What it costs to refuse files that claim more than they hold: seconds and memory, each in a process of its own.

    python -m benchmarks.refusals

All must be refused within a second, and in flat memory: what the process takes over one that refuses an empty file.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from tests.imaging.hostile import FILES
from tilework.errors import TileworkError
from tilework.imaging.limits import Limits
from tilework.imaging.pipeline import parse
from tilework.imaging.run import BytesSource, process

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

SECONDS = 1.0
MIB = 32
"""Growth that counts as flat, in MiB: twice a header's own limit."""

ROUNDS = 5


def refuse(data: bytes, told: Connection) -> None:
    """Send the code, the seconds and the growth of this process's memory (MiB) of refusing ``data``."""
    pipeline, limits = parse("blur(9)"), Limits()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    try:
        process(BytesSource(data), pipeline, limits)
        code = "done"
    except TileworkError as error:
        code = error.code
    seconds = time.perf_counter() - began
    told.send((code, seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024))


def measured(data: bytes) -> tuple[str, float, float]:
    """The code, and the worst seconds and growth of a few rounds."""
    found: list[tuple[str, float, float]] = []
    context = multiprocessing.get_context("fork")
    for _ in range(ROUNDS):
        here, there = context.Pipe()
        child = context.Process(target=refuse, args=(data, there))
        child.start()
        found.append(here.recv() if here.poll(60) else ("nothing within a minute", 60.0, 0.0))
        child.kill()
        child.join()
    return found[0][0], max(each[1] for each in found), max(each[2] for each in found)


def main() -> int:
    """Print the table; the status is 0 only if every file was refused in time and in flat memory."""
    table = Table("file", "bytes", "end", "seconds", "memory, MiB", title="Refusals (worst of five)")
    good = True
    for name, (make, codes) in FILES.items():
        data = make()
        code, seconds, growth = measured(data)
        fits = (code in codes or "" in codes) and seconds < SECONDS and growth < MIB
        good &= fits
        table.add_row(
            name, f"{len(data):,}", code, f"{seconds:.3f}", f"{growth:.1f}", style="" if fits else "bold red"
        )
    Console().print(table)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
