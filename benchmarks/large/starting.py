"""How long it takes until the first block is begun, beside the start of a script."""

from __future__ import annotations

import statistics
import subprocess
import time
from typing import TYPE_CHECKING

from benchmarks.large import inputs
from benchmarks.large.contestants import CONTESTANTS, OPENCV, TARGET, process
from benchmarks.large.works import WORKS, Input
from benchmarks.scope import CORES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.results import Figures, Rows
    from benchmarks.scope import Scope

SECONDS = 0.002
"""Between two looks."""


def measure(scope: Scope) -> Iterator[tuple[str, Figures]]:
    """Seconds from the start of the process to the first block, and to a script's first line, in turn."""
    given = Input("jpeg", scope.sides[0])
    inputs.make(given)
    script = next(one for one in CONTESTANTS if one.name == OPENCV)
    own, others = [], []
    # a first start of each reads its programs from the disk
    for counts in (False, *[True] * scope.rounds):
        first_block = _seconds_to_first_block(given)
        timing = script.run(given, "blur")
        if counts:
            own.append(first_block)
            others.append(timing.outside - timing.inside)
            print(
                f"start: first block after {own[-1]:.2f} s, the script's after {others[-1]:.2f} s", flush=True
            )
    TARGET.unlink(missing_ok=True)
    yield "", {"tilework": own, "script": others}


def told(rows: Rows) -> Iterator[str]:
    """One sentence and another."""
    figures = rows[""].figures
    own, script = (statistics.median(figures[name]) for name in ("tilework", "script"))
    yield (
        f"`tilework process` on {CORES} ranks begins its first block {own:.2f} s after its start. The script with"
        f" OpenCV begins after {script:.2f} s: {own - script:.2f} s less (0.8 allowed)."
    )


def _seconds_to_first_block(given: Input) -> float:
    TARGET.unlink(missing_ok=True)
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
