"""The command line as a person starts it: in a process of its own, beside a worker that only writes verdicts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import EmbeddedAws
from tilework.aws.connect import connect
from tilework.aws.settings import Deployment
from tilework.errors import NotAnImageError
from tilework.jobs.job import Ask, State
from tilework.jobs.life import JobLife
from tilework.jobs.messages import asks
from tilework.jobs.system import System
from tilework.jobs.transitions import Claimant, Outcome

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class CommandLine:
    """Runs ``tilework`` in ``folder`` with a clean environment."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, *arguments: object, **pipes: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tilework.cli", *map(str, arguments)],
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **pipes,
        )

    def run(self, *arguments: object, status: int = 0) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments)
        stdout, stderr = process.communicate(timeout=120)
        assert process.returncode == status, f"status {process.returncode}\n{stdout}\n{stderr}"
        return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)

    def json_lines(self, *arguments: object, status: int = 0) -> dict[str, dict[str, Any]]:
        """The objects of ``process --json`` by the name of their source."""
        lines = self.run(*arguments, "--json", status=status).stdout.splitlines()
        return {Path(one["source"]).name: one for one in map(json.loads, lines)}


@pytest.fixture
def command(tmp_path: Path) -> CommandLine:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TILEWORK_", "COV"))
    }
    return CommandLine(
        tmp_path, {**kept, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", "TMPDIR": str(tmp_path)}
    )


class Judge(threading.Thread):
    """Claims every job and ends it: what begins as a PNG is DONE, all else FAILED."""

    def __init__(self, system: System) -> None:
        super().__init__(daemon=True)
        self.system = system
        self.life = JobLife(system.table, time.time)
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.is_set():
            for message in self.system.jobs.receive(wait=0.2):
                for ask in asks(message.body, self.system.inputs.bucket):
                    self.judge(ask, message.id)
                self.system.jobs.delete([message])

    def judge(self, ask: Ask, message: str) -> None:
        drop = ask.drop
        info = self.system.inputs.head(drop.key, drop.version)
        ask = Ask(drop, ask.pipeline, ask.revision, ask.owner, ask.batch or info.metadata.get("batch", ""))
        pipeline = ask.pipeline or info.metadata["pipeline"]
        claimant = Claimant("judge", message, 60)
        claim = self.life.claim(ask, pipeline=pipeline, source_bytes=info.size, claimant=claimant)
        if claim.refusal is not None:
            return
        body = self.system.inputs.read(drop.key, drop.version, 0, info.size)
        if not body.startswith(b"\x89PNG"):
            self.life.end(claim.job, State.FAILED, failure=NotAnImageError("The file is no image at all."))
            return
        key = f"results/{drop.key}" + (f"-{ask.job_id[:24]}.png" if ask.pipeline else "")
        self.system.outputs.create(key, body, metadata={"job": ask.job_id}, content_type="image/png")
        self.life.done(claim.job, Outcome(result_key=key, seconds=0.25))


@pytest.fixture
def deployment(embedded_aws: EmbeddedAws, deploy: Callable[[str | None], Deployment]) -> Deployment:
    return deploy(embedded_aws.endpoint_url)


@pytest.fixture
def joined(command: CommandLine, embedded_aws: EmbeddedAws, deployment: Deployment) -> CommandLine:
    command.environment |= embedded_aws.environment | deployment.to_environment()
    command.environment["NO_PROXY"] = "127.0.0.1"
    return command


@pytest.fixture
def judge(deployment: Deployment) -> Iterator[Judge]:
    judge = Judge(connect(deployment))
    judge.start()
    yield judge
    judge.stopped.set()
    judge.join(10)
