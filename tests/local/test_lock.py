from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from local.lock import in_turn, only_one
from tilework.errors import SetupError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_second_system_in_one_folder_is_refused_and_told_who_runs(tmp_path: Path) -> None:
    with only_one(tmp_path / "lock"), pytest.raises(SetupError) as refused, only_one(tmp_path / "lock"):
        pass
    assert f"process {os.getpid()}" in refused.value.reason


def test_two_systems_in_two_folders_run_side_by_side(tmp_path: Path) -> None:
    with only_one(tmp_path / "one" / "lock"), only_one(tmp_path / "other" / "lock"):
        assert (tmp_path / "one" / "lock").read_text() == f"{os.getpid()}\n"


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    code = "import os, sys; from pathlib import Path; from local.lock import only_one\n"
    code += "with only_one(Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "lock")], check=False)
    assert done.returncode == -9
    with only_one(tmp_path / "lock"):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_tools_are_installed_by_one_at_a_time(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from local.lock import in_turn\n"
    code += "with in_turn(Path(sys.argv[1])): print('in', flush=True)"
    with in_turn(tmp_path / "lock"):
        waiting = subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "lock")], stdout=subprocess.PIPE
        )
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(0.7)
    assert waiting.communicate(timeout=10)[0] == b"in\n"
