"""What a guarded child promises: a value or an exception, whatever the work does, and nothing left behind."""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.guard import misdeeds
from tilework.errors import CrashedError, DamagedImageError, OutOfMemoryError, TooSlowError, UnexpectedError
from tilework.guard.child import Bounds, extend, run_guarded
from tilework.imaging.limits import MIB
from tilework.imaging.phase import enter
from tilework.imaging.stopwatch import timed

AMPLE = Bounds(cpu_seconds=30, wall_seconds=60, memory=512 * MIB)


def test_a_value_comes_back_as_it_was() -> None:
    body = os.urandom(MIB) * 20
    assert run_guarded(lambda *, body: (body, {"a": 1}), AMPLE, body=body) == (body, {"a": 1})


def test_an_exception_comes_back_as_it_was_raised() -> None:
    def raise_one() -> None:
        raise DamagedImageError("It ends at byte 7.", advice="Look at byte 7.")

    with pytest.raises(DamagedImageError, match=r"byte 7\.") as caught:
        run_guarded(raise_one, AMPLE)
    assert caught.value.advice == "Look at byte 7."
    assert "raise_one" in "".join(caught.value.__notes__)


def test_work_that_leaves_by_sys_exit_is_told_and_ends_nothing() -> None:
    with pytest.raises(UnexpectedError, match="SystemExit: 3"):
        run_guarded(misdeeds.exit_politely, AMPLE)


@pytest.mark.parametrize(
    ("crime", "words"),
    [
        (misdeeds.segfault, r"signal 11 \(SIGSEGV\)"),
        (misdeeds.abort, r"signal 6 \(SIGABRT\)"),
        (misdeeds.kill_itself, r"signal 9 \(SIGKILL\)"),
        (lambda: misdeeds.exit_hard(3), "status 3"),
        (lambda: misdeeds.exit_hard(0), "status 0"),
    ],
    ids=["segfault", "abort", "kill", "exit 3", "exit 0"],
)
def test_a_child_that_ends_is_told_with_how_it_ended(crime: Callable[[], None], words: str) -> None:
    with pytest.raises(CrashedError, match=words):
        run_guarded(crime, AMPLE)


@pytest.mark.parametrize(
    ("crime", "kind", "words"),
    [
        (misdeeds.segfault, CrashedError, r"killed by signal 11 \(SIGSEGV\) while decoding\."),
        (lambda: misdeeds.exit_hard(3), CrashedError, r"exited with status 3 while decoding\."),
        (misdeeds.sleep, TooSlowError, r"not done after 0\.5 s, and was ended while decoding\."),
    ],
    ids=["segfault", "exit 3", "sleep"],
)
def test_what_the_child_was_at_when_it_ended_is_told(
    crime: Callable[[], None], kind: type[Exception], words: str
) -> None:
    enter("read")
    with pytest.raises(kind, match=words):
        run_guarded(timed("decode")(crime), Bounds(cpu_seconds=30, wall_seconds=0.5, memory=AMPLE.memory))


@pytest.mark.parametrize("crime", [misdeeds.loop_in_python, misdeeds.loop_in_c])
def test_work_without_an_end_is_stopped_by_its_processor_time(crime: Callable[[], None]) -> None:
    with pytest.raises(TooSlowError, match="more than 1 s of processor time"):
        run_guarded(crime, Bounds(cpu_seconds=1, wall_seconds=120, memory=AMPLE.memory))


@pytest.mark.parametrize("crime", [misdeeds.sleep, misdeeds.sleep_with_the_gil])
def test_work_that_sleeps_is_stopped_by_the_clock(crime: Callable[[], None]) -> None:
    with pytest.raises(TooSlowError, match=r"after 0\.5 s"):
        run_guarded(crime, Bounds(cpu_seconds=30, wall_seconds=0.5, memory=AMPLE.memory))


def sleep_longer(allowed: float, seconds: float) -> str:
    extend(allowed, allowed)
    time.sleep(seconds)
    return "done"


def test_work_that_has_learnt_how_much_there_is_may_ask_for_more_time_and_no_more_than_that() -> None:
    short = Bounds(cpu_seconds=1, wall_seconds=0.3, memory=AMPLE.memory)
    assert run_guarded(sleep_longer, short, 30, 0.6) == "done"
    with pytest.raises(TooSlowError, match=r"after 0\.5 s"):
        run_guarded(sleep_longer, short, 0.5, 60)


def loop_longer(allowed: float) -> None:
    extend(allowed, 60)
    misdeeds.loop_in_python()


def test_more_time_is_more_processor_time_as_well() -> None:
    with pytest.raises(TooSlowError, match="more than 2 s of processor time"):
        run_guarded(loop_longer, Bounds(cpu_seconds=1, wall_seconds=60, memory=AMPLE.memory), 2)


@pytest.mark.parametrize(
    "crime",
    [
        misdeeds.allocate_an_array,
        misdeeds.allocate_bit_by_bit,
        misdeeds.map_shared_memory,
        misdeeds.fill_a_file_in_memory,
        misdeeds.abort_for_want_of_memory,
    ],
)
def test_no_kind_of_memory_goes_beyond_its_bound(
    crime: Callable[[], None], capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(OutOfMemoryError, match="more than the 512 MiB"):
        run_guarded(crime, AMPLE)


def test_the_bound_is_on_what_the_work_adds_not_on_what_was_there() -> None:
    import numpy as np

    there = np.empty(600 * MIB, np.uint8)
    assert run_guarded(lambda: len(there) + len(np.empty(300 * MIB, np.uint8)), AMPLE) == 900 * MIB


def test_a_child_leaves_no_core_file_and_hears_no_ctrl_c() -> None:
    def look() -> tuple[int, object]:
        os.kill(os.getpid(), signal.SIGINT)
        return resource.getrlimit(resource.RLIMIT_CORE)[0], signal.getsignal(signal.SIGTERM)

    assert run_guarded(look, AMPLE) == (0, signal.SIG_IGN)


def test_what_the_work_prints_is_said_by_its_parent(capfd: pytest.CaptureFixture[str]) -> None:
    def speak() -> None:
        sys.stdout.write("from python\n")
        ctypes.CDLL(None).write(1, b"from C\n", 7)

    run_guarded(speak, AMPLE)
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "from python\nfrom C\n")


def test_an_interrupted_parent_takes_its_child_along() -> None:
    def ring(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    standing = psutil.Process().children()
    before = signal.signal(signal.SIGUSR1, ring)
    here = threading.get_ident()
    later = threading.Timer(0.3, lambda: signal.pthread_kill(here, signal.SIGUSR1))
    later.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            run_guarded(misdeeds.sleep, AMPLE)
    finally:
        later.join()
        signal.signal(signal.SIGUSR1, before)
    assert psutil.Process().children() == standing


PARENT = """
import time
from tilework.guard.child import Bounds, run_guarded

def work():
    import os
    with open({path!r}, "w") as file:
        file.write(str(os.getpid()))
    time.sleep(60)

run_guarded(work, Bounds(60, 60, 1 << 29))
"""


def test_a_child_dies_with_its_parent(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    parent = subprocess.Popen([sys.executable, "-c", PARENT.format(path=str(mark))])
    deadline = time.monotonic() + 30
    while not (mark.exists() and mark.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    child = psutil.Process(int(mark.read_text()))
    parent.kill()
    parent.wait()
    child.wait(30)


def test_hundreds_of_runs_leave_no_descriptor_no_process_and_no_memory_behind() -> None:
    def standing() -> tuple[int, int]:
        return len(os.listdir("/proc/self/fd")), len(psutil.Process().children())

    run_guarded(int, AMPLE, "1")
    # what other tests have left to be collected would go in the middle
    gc.collect()
    before, resident = standing(), psutil.Process().memory_info().rss
    for number in range(300):
        try:
            assert run_guarded(int, AMPLE, "7" if number % 2 else "seven") == 7
        except ValueError:
            assert not number % 2
    assert standing() == before
    assert psutil.Process().memory_info().rss - resident < 16 * MIB
