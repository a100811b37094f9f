"""A host that hangs is gone in time, whatever it hangs in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

HANGS = """
import ctypes
from worker_image import departure

departure.EXIT_SECONDS = departure.LAST_RESORT_SECONDS
departure.be_gone_in_time()
# PyDLL: the interpreter's lock is held all the while, and no thread of Python's and no signal handler can run
ctypes.PyDLL(None).sleep(600)
"""


def test_a_host_that_hangs_with_the_interpreters_lock_is_gone_and_shows_where_it_hung() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HANGS], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1
    assert "most recent call first" in done.stderr
