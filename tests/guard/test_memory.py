"""A process that bounds itself gets a MemoryError and goes on; the host's out-of-memory killer is never asked."""

from __future__ import annotations

import subprocess
import sys

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
