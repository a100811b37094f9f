"""A process that bounds itself gets a MemoryError and goes on; the host's out-of-memory killer is never asked."""

from __future__ import annotations

import os
import subprocess
import sys

from tilework.world.flags import KEPT_MEMORY

PROGRAM = """
import numpy as np
from tilework.guard.memory import bound_growth, mapped, unbound_growth

bound_growth(200 << 20)
for _ in range(50):
    np.ones(150 << 20, np.uint8)
try:
    np.empty(250 << 20, np.uint8)
except MemoryError:
    print("refused")
kept = [np.empty(90 << 20, np.uint8) for _ in range(2)]
try:
    kept.append(np.empty(90 << 20, np.uint8))
except MemoryError:
    print("full")
unbound_growth()
print(len(np.empty(250 << 20, np.uint8)) >> 20)
"""


def test_a_process_may_grow_by_what_it_allows_itself_and_use_that_again_and_again() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["refused", "full", "250"]


def test_the_out_of_memory_killer_would_take_the_child_then_the_rank() -> None:
    program = (
        "from pathlib import Path\n"
        "from tilework.guard.child import Bounds, run_guarded\n"
        "from tilework.guard.images import bound_process\n"
        "from tilework.imaging.limits import Limits\n"
        "score = lambda: int(Path('/proc/self/oom_score_adj').read_text())\n"
        "bound_process(Limits())\n"
        "print(run_guarded(score, Bounds(10, 30, 1 << 29)), score())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["1000", "500"]


FORKING = """
import numpy as np
from tilework.guard.child import Bounds, run_guarded

def kept():
    with open("/proc/self/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Anonymous:")) >> 10

np.ones(60 << 20, np.uint8)
print(kept() - run_guarded(kept, Bounds(10, 30, 1 << 29)))
"""


def test_a_child_does_not_begin_with_the_memory_that_its_parents_earlier_images_left() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKING], capture_output=True, text=True, check=True, timeout=60,
        env=os.environ | KEPT_MEMORY,
    )  # fmt: skip
    # MiB; all but a little of it
    assert int(done.stdout) > 50
