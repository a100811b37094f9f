"""Chaos for as long as a test may take, as `make chaos` does it for longer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.flow.running_system import ROOT, _untouched

MINUTES = 0.45
"""Of faults; with the start, the quiet and the balance it is a minute on a quiet machine."""

SEED = "2298"
"""One that has it all: a rank and a supervisor killed, one stopped, one drained; S3, SQS and DynamoDB failing."""


@pytest.mark.timeout(600)
def test_nothing_is_lost_wrong_twice_or_left_behind_after_a_minute_of_chaos(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.chaos", "--minutes", f"{MINUTES}", "--seed", SEED]
    ran = subprocess.run(
        [*command, "--folder", str(tmp_path / "chaos")], cwd=ROOT, env=_untouched(), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr[-4000:]
    assert "The balance holds." in ran.stdout
