"""Local systems to drop photos into: each as empty as the one before, and deployed but once."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import psutil

from benchmarks.drops.dropper import Dropper
from benchmarks.scope import FOLDER
from tests.flow.running_system import RunningSystem, start

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.scope import Scope

STATE, DEPLOYED = FOLDER / "system", FOLDER / "deployed"
OBSERVED = "benchmarks.drops.observed_local"
SECONDS = 600
"""After which results are not waited for any more."""

SETTLE_SECONDS = 2.0
LOOK_SECONDS = 1.0
"""Between two listings of the results, which take CPU, and tell to the millisecond when each was stored."""


@contextmanager
def fresh(program: str = "local", **settings: str) -> Iterator[RunningSystem]:
    """A system without jobs, objects or samples, as ``make run`` starts it with these settings."""
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    shutil.rmtree(STATE, ignore_errors=True)
    if DEPLOYED.exists():
        shutil.copytree(DEPLOYED, STATE)
    system = start(STATE, program=program, SAMPLES="0", **settings)
    try:
        time.sleep(SETTLE_SECONDS)
        yield system
    finally:
        system.stop()


@contextmanager
def deployed() -> Iterator[None]:
    """Within, systems start from the state of one that was deployed and stopped: by its own code, for this run only."""
    shutil.rmtree(DEPLOYED, ignore_errors=True)
    with fresh(SUPERVISORS="0"):
        pass
    STATE.rename(DEPLOYED)
    try:
        yield
    finally:
        shutil.rmtree(DEPLOYED, ignore_errors=True)
        shutil.rmtree(STATE, ignore_errors=True)


def one_host(scope: Scope) -> dict[str, str]:
    """Settings of a system with one worker host, of the wanted number of ranks."""
    ranks = {} if scope.ranks is None else {"RANKS": str(scope.ranks)}
    return {"SUPERVISORS": "1", **ranks}


def seconds_to_results(system: RunningSystem, photos: Sequence[bytes], count: int, prefix: str) -> float:
    """Seconds from the first PUT of ``count`` photos to the last result stored under ``prefix``."""
    began = time.time()
    with closing(Dropper(system)) as dropper:
        dropper.drop_all(photos, count)
    while len(stored := [each.modified for each in system.system.outputs.list(prefix)]) < count:
        if time.time() > began + SECONDS:
            raise TimeoutError(f"{len(stored)} of {count} results came in {SECONDS} s")
        time.sleep(LOOK_SECONDS)
    return max(stored) - began


def ranks_of(system: RunningSystem) -> int:
    """Ranks that compute: all but the dispatcher."""
    return max(0, len(system.ranks()) - 1)


def cpu_seconds(system: RunningSystem) -> dict[str, float]:
    """CPU seconds used so far by each part of the system, and by this program, which drops."""
    ranks = {process.pid for process in system.ranks()}
    supervisors = {process.pid for process in system.supervisors()}
    used = dict.fromkeys(("ranks", "emulator", "dropper", "supervisor", "master"), 0.0)
    used["dropper"] = _used(psutil.Process())
    for process in psutil.Process(system.launcher.pid).children(recursive=True):
        line = " ".join(process.cmdline())
        known = [("ranks", process.pid in ranks), ("supervisor", process.pid in supervisors),
                 ("master", "-m master" in line), ("emulator", "ministack" in line)]  # fmt: skip
        name = next((name for name, matches in known if matches), "mpiexec and the like")
        used[name] = used.get(name, 0.0) + _used(process)
    return used


def _used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
