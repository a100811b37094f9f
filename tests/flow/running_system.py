"""A whole local Tilework, started as `make run` starts it, and what a test does to it from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from tilework.aws.connect import connect
from tilework.aws.settings import Deployment
from tilework.jobs.job import Ask, Drop, Job, State

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 240
STOP_SECONDS = 25


@dataclass
class RunningSystem:
    """The launcher's process, and the system as any AWS client sees it through local.env."""

    launcher: subprocess.Popen[bytes]
    state: Path
    environment: dict[str, str]
    log: Path
    asked: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.system = connect(Deployment.from_environment(self.environment))

    def drop(self, key: str, body: bytes, **metadata: str) -> str:
        """Put an object as any client would; the id of the job that its event will tell."""
        version = self.system.inputs.put(
            key, body, metadata=metadata, content_type="application/octet-stream"
        )
        job = Ask(Drop(self.system.inputs.bucket, key, version)).job_id
        self.asked[job] = key
        return job

    def ended(self, jobs: Iterable[str], seconds: float = 90) -> dict[str, Job]:
        """Wait until all ``jobs`` are over; their rows."""
        rows: dict[str, Job] = {}
        waiting = set(jobs)
        deadline = time.monotonic() + seconds
        while waiting:
            for job in list(waiting):
                row = self.system.table.get(job)
                if row is not None and row.state.is_end:
                    rows[job] = row
                    waiting.discard(job)
            if waiting and time.monotonic() > deadline:
                stuck = {self.asked.get(job, job): self.system.table.get(job) for job in waiting}
                raise AssertionError(f"not over after {seconds} s: {stuck}\n{self.log.read_text()[-3000:]}")
            time.sleep(0.1 if waiting else 0)
        return rows

    def is_over(self, job: str) -> bool:
        """Whether the job's row says that it has ended."""
        row = self.system.table.get(job)
        return row is not None and row.state.is_end

    def result(self, row: Job) -> bytes:
        """The stored result of a job that is DONE."""
        assert row.state is State.DONE, (row.key, row.code, row.reason)
        info = self.system.outputs.head(row.result_key)
        return self.system.outputs.read(row.result_key, info.version, 0, info.size)

    def children(self, *words: str) -> list[psutil.Process]:
        """Processes below the launcher whose command line has all ``words``."""
        found = []
        for process in psutil.Process(self.launcher.pid).children(recursive=True):
            line = _line(process)
            if line and all(word in line for word in words):
                found.append(process)
        return found

    def supervisors(self) -> list[psutil.Process]:
        return self.children("worker_image.supervisor")

    def mpiexec(self) -> list[psutil.Process]:
        return [
            one
            for host in self.supervisors()
            for one in host.children()
            if "prterun" in _line(one) or "mpiexec" in _line(one)
        ]

    def ranks(self) -> list[psutil.Process]:
        return [
            rank
            for host in self.supervisors()
            for child in host.children()
            if "worker_image.fork_server" in _line(child)
            for rank in child.children()
        ]

    def child_environment(self) -> dict[str, str]:
        """What a program beside this system needs: its addresses, and nothing of the AWS of whoever runs the tests."""
        return {**_untouched(), **self.environment}

    def stop(self, number: int = signal.SIGINT, seconds: float = STOP_SECONDS + 5) -> int:
        self.launcher.send_signal(number)
        return self.launcher.wait(seconds)


def start(state: Path, *, program: str = "local", **settings: str) -> RunningSystem:
    """Start `python -m local`, or what stands in for it, with its state in ``state``; wait until it is ready."""
    state.mkdir(parents=True, exist_ok=True)
    log = state.parent / f"{state.name}.launcher.log"
    environment = {**_untouched(), "TILEWORK_STATE": str(state), **settings}
    began = time.time()
    with log.open("ab") as output:
        launcher = subprocess.Popen(
            [sys.executable, "-m", program], cwd=ROOT, env=environment,
            stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    address = state / "local.env"
    deadline = time.monotonic() + START_SECONDS
    # a killed run leaves its own file behind
    while not address.exists() or address.stat().st_mtime < began:
        if launcher.poll() is not None or time.monotonic() > deadline:
            launcher.kill()
            raise AssertionError(f"the system did not start:\n{log.read_text()[-5000:]}")
        time.sleep(0.1)
    return RunningSystem(launcher, state, read_environment(address), log)


def _line(process: psutil.Process) -> str:
    """Its command line; empty where it has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _untouched() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TILEWORK_"))}


def read_environment(path: Path) -> dict[str, str]:
    lines = path.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def everything_below(pid: int) -> list[psutil.Process]:
    """The process and all its descendants."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def boto(environment: dict[str, str], service: str) -> Any:
    """A client made as a stranger's script would make it: from local.env alone."""
    import boto3

    return boto3.client(
        service,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )
