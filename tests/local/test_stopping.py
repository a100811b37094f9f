"""How a real launcher process learns that it is to stop, started by a real make and without one."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]

LAUNCHER = """
import time
from local.stopping import Stopping, StopRequestedError
stopping = Stopping()
stopping.listen()
print("up", flush=True)
try:
    while True:
        stopping.check()
        time.sleep(0.02)
except StopRequestedError:
    time.sleep(0.3)
    print("stopped after", stopping.requests, flush=True)
"""


@pytest.fixture
def make(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    (tmp_path / "launcher.py").write_text(LAUNCHER)
    (tmp_path / "Makefile").write_text(f"run:\n\t@true && exec {sys.executable} {tmp_path / 'launcher.py'}\n")
    # as a person types it: not as a recipe of the make that runs these tests
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }
    started = subprocess.Popen(
        # with the signals as a terminal gives them, also where the tests run under nohup
        ["env", "--default-signal=INT,HUP", "make", "-f", str(tmp_path / "Makefile"), "run"],
        cwd=ROOT,
        env=environment | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        assert started.stdout is not None
        assert started.stdout.readline() == "up\n"
        yield started
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)
        started.communicate()


def said(make: subprocess.Popen[str]) -> str:
    return make.communicate(timeout=10)[0]


def test_a_ctrl_c_in_the_terminal_counts_once(make: subprocess.Popen[str]) -> None:
    os.killpg(make.pid, signal.SIGINT)
    assert said(make).splitlines()[0] == "stopped after 1"


def test_an_interrupt_of_make_alone_reaches_the_launcher(make: subprocess.Popen[str]) -> None:
    make.send_signal(signal.SIGINT)
    assert said(make).splitlines()[0] == "stopped after 1"


def test_a_kill_of_make_reaches_the_launcher(make: subprocess.Popen[str]) -> None:
    make.terminate()
    assert "stopped after 1" in said(make)


def test_a_launcher_whose_make_is_killed_for_good_stops_in_order(make: subprocess.Popen[str]) -> None:
    make.kill()
    assert "stopped after 1" in said(make)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_signal_that_asks_to_stop_is_heard(make: subprocess.Popen[str], number: signal.Signals) -> None:
    (launcher,) = psutil.Process(make.pid).children()
    launcher.send_signal(number)
    launcher.send_signal(number)
    assert said(make).startswith("stopped after ")
