"""How long it takes until the first block is begun, beside the start of a script."""

from __future__ import annotations

import statistics
import subprocess
import time
from typing import TYPE_CHECKING

from benchmarks.large.contestants import CORES, OPENCV, TARGET, process
from benchmarks.large.works import WORKS

if TYPE_CHECKING:
    from benchmarks.large.samples import Samples
    from benchmarks.large.works import Input

SECONDS = 0.002
"""Between two looks."""


def paragraph(samples: Samples, given: Input, rounds: int) -> str:
    """Seconds from the start of the process to the first block."""
    own = statistics.median(_seconds_to_first_block(given) for _ in range(rounds))
    script = samples.start(OPENCV)
    return (
        f"**Start.** `tilework process` on {CORES} ranks begins its first block {own:.2f} s after its start. The script with"
        f" OpenCV begins after {script:.2f} s: {own - script:.2f} s less (0.8 allowed)."
    )


def _seconds_to_first_block(given: Input) -> float:
    began = time.perf_counter()
    command = process(given.path, TARGET, WORKS["blur"], CORES)
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    found = None
    while found is None and running.poll() is None:
        if _begun():
            found = time.perf_counter() - began
        time.sleep(SECONDS)
    if running.wait() or found is None:
        raise RuntimeError(f"{command} ended with {running.returncode}, its first block seen after {found} s")
    return found


def _begun() -> bool:
    """Whether a rank has claimed a unit: the walk's file has a byte for each, zero as long as it is free."""
    return any(any(path.read_bytes()) for path in TARGET.parent.glob(f".{TARGET.name}.*.part/units-*"))
