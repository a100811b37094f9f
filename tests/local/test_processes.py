"""With real children: what dies comes back, what is stopped ends, and nothing outlives the launcher."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from local.processes import SHORT_LIVES, Child, Crew, Program, stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OBEDIENT = "import time; print('up', flush=True); time.sleep(60)"
SLOW = """
import signal, sys, time
def leave(*_):
    print(time.monotonic()); time.sleep(0.4); print(time.monotonic(), flush=True); sys.exit(0)
signal.signal(signal.SIGTERM, leave); print('up', flush=True); time.sleep(60)
"""
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, lambda *_: None); print('up', flush=True)\n"
    "while True: time.sleep(1)"
)
PARENT = (
    "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    "print('up', flush=True); time.sleep(60)"
)


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., Program]:
    return lambda code, name="worker", stop_seconds=5.0, **more: Program(
        name=name,
        command=(sys.executable, "-c", code),
        environment=dict(os.environ),
        directory=tmp_path,
        log=tmp_path / f"{name}.log",
        stop_seconds=stop_seconds,
        **more,
    )


@pytest.fixture
def start() -> Iterator[Callable[[Program], Child]]:
    children: list[Child] = []

    def begin(program: Program) -> Child:
        children.append(Child(program))
        return children[-1]

    yield begin
    stop(children, hurry=lambda: True)


@pytest.fixture
def started(start: Callable[[Program], Child]) -> Callable[[Program], Child]:
    def begin(program: Program) -> Child:
        child = start(program)
        until(lambda: "up" in program.log.read_text())
        return child

    return begin


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def crew(said: list[str]) -> Iterator[Crew]:
    crew = Crew(said.append)
    yield crew
    crew.stop(hurry=lambda: True)


def until(condition: Callable[[], bool], seconds: float = 30) -> float:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds
        time.sleep(0.01)
    return time.monotonic() - began


def test_a_child_gets_its_own_environment_and_nothing_else(
    program: Callable[..., Program], start: Callable[[Program], Child], tmp_path: Path
) -> None:
    told = program("import os; print(sorted(os.environ))")
    child = start(Program("x", told.command, {"ONLY": "this"}, tmp_path, told.log, 1))
    until(lambda: child.status is not None)
    assert "'ONLY'" in told.log.read_text()
    assert "'HOME'" not in told.log.read_text()


def test_a_child_leaves_ctrl_c_to_the_launcher(
    program: Callable[..., Program], started: Callable[[Program], Child]
) -> None:
    child = started(program(OBEDIENT))
    assert os.getpgid(child.pid) == os.getsid(child.pid) == child.pid != os.getpgrp()


def test_a_child_that_says_when_is_not_ready_before(
    program: Callable[..., Program], start: Callable[[Program], Child], tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    ready.write_text("from an earlier life")
    code = f"import time; time.sleep(0.3); open({str(ready)!r}, 'w').close(); time.sleep(60)"
    child = start(program(code, ready_file=ready))
    assert not child.is_ready()
    until(child.is_ready)


def test_a_program_that_dies_is_started_again_within_two_seconds(
    program: Callable[..., Program], start: Callable[[Program], Child], crew: Crew, said: list[str]
) -> None:
    first = crew.start(program(OBEDIENT))
    first.send(signal.SIGKILL)

    def is_back() -> bool:
        crew.watch()
        return crew.children[0].pid != first.pid and crew.children[0].status is None

    assert until(is_back) < 2
    assert said == ["worker was killed (SIGKILL); it is started again."]


def test_a_program_that_keeps_dying_is_given_time_and_its_log_is_named(
    program: Callable[..., Program],
    start: Callable[[Program], Child],
    crew: Crew,
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("local.processes.PAUSE", 0.0)
    broken = program("raise SystemExit(7)")
    crew.start(broken)

    def is_told() -> bool:
        crew.watch()
        return len(said) >= SHORT_LIVES

    until(is_told)
    assert str(broken.log) in said[-1]
    last = crew.children[0].pid
    for _ in range(20):
        crew.watch()
        time.sleep(0.01)
    assert crew.children[0].pid == last
    assert len(said) == SHORT_LIVES


def test_stop_lets_everybody_finish_at_the_same_time(
    program: Callable[..., Program], started: Callable[[Program], Child]
) -> None:
    children = [started(program(SLOW, name=f"worker-{n}")) for n in range(3)]
    assert stop(children) == []
    told = [child.program.log.read_text().split() for child in children]
    assert [word for word, _, _ in told] == ["up"] * 3
    assert max(float(asked) for _, asked, _ in told) < min(float(left) for _, _, left in told)


def test_whoever_does_not_leave_in_time_is_killed_and_named(
    program: Callable[..., Program], started: Callable[[Program], Child]
) -> None:
    stubborn = started(program(STUBBORN, name="stubborn", stop_seconds=0.3))
    obedient = started(program(OBEDIENT, name="obedient"))
    assert stop([stubborn, obedient]) == ["stubborn"]
    assert stubborn.status == -signal.SIGKILL


def test_a_hurry_kills_at_once(program: Callable[..., Program], started: Callable[[Program], Child]) -> None:
    stubborn = started(program(STUBBORN, stop_seconds=60))
    began = time.monotonic()
    assert stop([stubborn], hurry=lambda: True) == ["worker"]
    assert time.monotonic() - began < 30


def test_what_a_child_leaves_behind_in_its_session_is_ended_with_it(
    program: Callable[..., Program], started: Callable[[Program], Child]
) -> None:
    child = started(program(PARENT))
    (grandchild,) = psutil.Process(child.pid).children()
    stop([child])
    psutil.wait_procs([grandchild], timeout=5)
    assert not grandchild.is_running()


def test_not_even_a_killed_launcher_leaves_a_child_behind(tmp_path: Path) -> None:
    code = f"""
import os, sys
from pathlib import Path
from local.processes import Child, Program
here = Path({str(tmp_path)!r})
command = (sys.executable, "-c", "import time; time.sleep(60)")
print(Child(Program("x", command, dict(os.environ), here, here / "log", 1)).pid, flush=True)
os.kill(os.getpid(), 9)
"""
    root = Path(__file__).resolve().parents[2]
    launcher = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, check=False)
    assert launcher.returncode == -9
    orphan = int(launcher.stdout)
    until(lambda: not psutil.pid_exists(orphan) or psutil.Process(orphan).status() == psutil.STATUS_ZOMBIE, 5)
