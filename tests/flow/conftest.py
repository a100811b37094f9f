"""One running system for all flow tests: started as `make run` starts it, stopped as Ctrl-C stops it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.browser.conftest import browser  # noqa: F401 - the page story needs the same one
from tests.cli.conftest import command  # noqa: F401 - and so does whoever signs in on the command line
from tests.flow.running_system import STOP_SECONDS, RunningSystem, everything_below, start

if TYPE_CHECKING:
    from collections.abc import Iterator


UNPACKED_STOP_SECONDS = 180
"""A limit against hanging only: where functions were called, each of their processes has unpacked the zip, thousands of
files, which whoever stops last removes."""

RANKS = len(os.sched_getaffinity(0)) + 2


@pytest.fixture(scope="session")
def running(aws_credentials: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSystem]:
    state = tmp_path_factory.mktemp("flow") / "state"
    system = start(
        state,
        RANKS=str(RANKS),
        SAMPLES="0",
        TILEWORK_LEASE_SECONDS="6",
        TILEWORK_LOG_LEVEL="DEBUG",
        TILEWORK_EXTRA_OPERATIONS="tests.flow.own_operations",
        TILEWORK_LIMIT_DECODER_SECONDS="2",
        TILEWORK_LIMIT_BLOCK_BYTES=str(32 << 20),
        TILEWORK_TESTS_GATE=str(state / "gate"),
    )
    below = everything_below(system.launcher.pid)
    yield system
    assert system.stop(seconds=UNPACKED_STOP_SECONDS) == 0, system.log.read_text()[-3000:]
    _, alive = psutil.wait_procs(below, timeout=STOP_SECONDS)
    assert alive == []
