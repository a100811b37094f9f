"""The command line as a person starts it: in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

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
