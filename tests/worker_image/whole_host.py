"""A worker host as it is: the supervisor's own process with its MPI world, over the embedded AWS."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from tests.flow.pictures import noise, png
from tilework.aws.connect import connect
from tilework.jobs.job import Ask, Drop, Job, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import EmbeddedAws
    from tilework.aws.settings import Deployment
    from tilework.jobs.system import System

ROOT = Path(__file__).resolve().parents[2]
PICTURE = png(noise(60, 80, seed=1))


@dataclass
class WholeHost:
    """The process, and the ``gate`` at which its ranks wait in ``wait_at_gate()`` while that folder is there."""

    process: subprocess.Popen[bytes]
    gate: Path
    log: Path

    def at_the_gate(self) -> int:
        """Processes that work on a picture, and wait."""
        return len(list(self.gate.iterdir())) if self.gate.exists() else 0

    def open_gate(self) -> None:
        for file in self.gate.iterdir():
            file.unlink()
        self.gate.rmdir()

    def exits(self, seconds: float) -> int:
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still there after {seconds} s:\n{self.told()}") from None

    def told(self) -> str:
        return self.log.read_text()[-5000:]


@contextmanager
def whole_host(
    aws: EmbeddedAws, deployment: Deployment, folder: Path, name: str = "host", *, ready: bool = True, **settings: str
) -> Iterator[WholeHost]:  # fmt: skip
    """Start a host, wait until it takes work, kill it in the end; all its processes are gone then."""
    folder.mkdir(exist_ok=True)
    gate, log = folder / f"{name}.gate", folder / f"{name}.log"
    gate.mkdir()
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("TILEWORK_")},
        **aws.environment, **deployment.to_environment(),
        "TILEWORK_HOST_NAME": name,
        "TILEWORK_DIRECTORY": str(folder / f"{name}.world"),
        "TILEWORK_READY_FILE": str(folder / f"{name}.ready"),
        "TILEWORK_EXTRA_OPERATIONS": "tests.flow.own_operations",
        "TILEWORK_TESTS_GATE": str(gate),
        "TILEWORK_RANKS": "2", "TILEWORK_LEASE_SECONDS": "60", "TILEWORK_POLL_SECONDS": "1",
        **settings,
    }  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "worker_image.supervisor"],
            cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip
    host = WholeHost(process, gate, log)
    try:
        if ready:
            wait_until((folder / f"{name}.ready").exists, host, 60)
        yield host
    finally:
        below = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.kill()
        process.wait()
        _, alive = psutil.wait_procs(below, timeout=20)
        assert alive == []


def wait_until(condition: Callable[[], object], host: WholeHost | None = None, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, host and host.told()
        time.sleep(0.02)


def drop(system: System, key: str, pipeline: str = "wait_at_gate()") -> str:
    """Drop a small picture; its job's id."""
    version = system.inputs.put(key, PICTURE, metadata={"pipeline": pipeline}, content_type="image/png")
    return Ask(Drop(system.inputs.bucket, key, version)).job_id


def row(system: System, job: str) -> Job:
    found = system.table.get(job)
    assert found is not None
    return found


def ended(system: System, jobs: list[str], host: WholeHost, seconds: float = 60) -> list[Job]:
    """The rows of ``jobs``, once all are over."""

    def over() -> bool:
        rows = [system.table.get(job) for job in jobs]
        return all(found is not None and found.state.is_end for found in rows)

    wait_until(over, host, seconds)
    return [row(system, job) for job in jobs]


__all__ = ["State", "connect", "drop", "ended", "row", "wait_until", "whole_host"]
