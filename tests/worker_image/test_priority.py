"""A rank yields to photos while it works on a unit, and is as quick as before afterwards."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from worker_image.priority import YIELD, can_come_back, yielding

AS_NOBODY = """
import os, resource
from worker_image.priority import can_come_back, yielding

resource.setrlimit(resource.RLIMIT_NICE, (0, 0))
if os.geteuid() == 0:
    os.setresuid(65534, 65534, 65534)
before = os.getpriority(os.PRIO_PROCESS, 0)
with yielding():
    assert os.getpriority(os.PRIO_PROCESS, 0) == before
assert os.getpriority(os.PRIO_PROCESS, 0) == before
assert not can_come_back()
"""


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


def allowed() -> bool:
    return os.geteuid() == 0 or 20 - resource.getrlimit(resource.RLIMIT_NICE)[0] <= niceness()


@pytest.mark.skipif(not allowed(), reason="needs CAP_SYS_NICE or a limit (ulimit -e 20)")
def test_a_unit_and_all_that_it_starts_yields_and_what_comes_after_it_does_not() -> None:
    before = niceness()
    assert can_come_back()
    with yielding():
        assert niceness() == before + YIELD
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(niceness).result() == before + YIELD
    assert niceness() == before


@pytest.mark.skipif(not allowed(), reason="needs CAP_SYS_NICE or a limit (ulimit -e 20)")
def test_a_unit_that_fails_leaves_no_slower_rank() -> None:
    before = niceness()
    with pytest.raises(ZeroDivisionError):
        yielding()(lambda: 1 / 0)()
    assert niceness() == before


def test_where_the_kernel_would_not_let_it_come_back_a_unit_does_not_yield() -> None:
    subprocess.run([sys.executable, "-c", AS_NOBODY], timeout=60, check=True)
