"""A rank that earlier work has filled up ends, rather than failing every job that comes to it."""

from __future__ import annotations

import subprocess
import sys

from worker_image.rank import FULL

PROGRAM = """
from tilework.guard.memory import bound_growth
from tilework.imaging.limits import MIB, Limits
from tilework.jobs.in_memory import memory_system
from worker_image import rank
from worker_image.task import Task

system = memory_system()
body = bytes(64 * MIB)
version = system.inputs.put("photo.png", body, metadata={}, content_type="image/png")
# a part of the bytes, so that reading them takes memory
task = Task("job", "photo.png", version, len(body) - 1, "invert()", "results/photo", 0)
rank._rank = rank.Rank(system.inputs, system.outputs, None, Limits(), "test")
bound_growth(32 * MIB)
rank.work(task, suspect=True)
"""


def test_a_rank_without_the_memory_to_read_an_image_ends() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (FULL, "This rank is full, and ends.\n")
