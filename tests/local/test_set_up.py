from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

import pytest

from local import set_up


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose locks need nothing from anywhere."""
    (tmp_path / "requirements.txt").write_text("")
    (tmp_path / "pyproject.toml").write_text("")
    monkeypatch.setattr(set_up, "ROOT", tmp_path)
    monkeypatch.setattr(set_up, "ENVIRONMENT", tmp_path / ".venv")
    monkeypatch.setattr(set_up, "STAMP", tmp_path / ".venv" / "stamp")
    return tmp_path


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch, checkout: Path) -> list[list[str]]:
    """The commands of the set-up, which here make the environment only."""
    ran: list[list[str]] = []

    def note(_title: str, command: list[str], _advice: str) -> None:
        ran.append(command)
        (checkout / ".venv").mkdir(exist_ok=True)

    monkeypatch.setattr(set_up, "step", note)
    return ran


def test_a_set_up_that_is_done_is_not_done_again(steps: list[list[str]]) -> None:
    set_up.set_up()
    assert len(steps) == 3
    set_up.set_up()
    assert len(steps) == 3


def test_requirements_that_have_changed_are_installed(steps: list[list[str]], checkout: Path) -> None:
    set_up.set_up()
    (checkout / "requirements.txt").write_text("# another\n")
    set_up.set_up()
    assert len(steps) == 6
    assert "--clear" not in steps[3]


def test_another_python_makes_the_environment_anew(
    steps: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up.set_up()
    monkeypatch.setattr(sys, "version", "3.99.0 (another)")
    set_up.set_up()
    assert "--clear" in steps[3]


def test_a_set_up_that_was_cut_short_is_done_again(steps: list[list[str]], checkout: Path) -> None:
    set_up.set_up()
    (checkout / ".venv" / "stamp").unlink()
    set_up.set_up()
    assert len(steps) == 6


def test_packages_are_installed_only_with_their_hashes(steps: list[list[str]]) -> None:
    set_up.set_up()
    assert [
        command for command in steps if "--requirement" in command and "--require-hashes" not in command
    ] == []
    assert "--no-deps" in steps[2]


def test_a_python_that_is_too_old_is_told_what_to_do(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 8, 1))
    assert set_up.main() == 1
    assert "make run PYTHON=" in capsys.readouterr().err
    assert not (checkout / ".venv").exists()


def test_a_step_that_fails_says_which_and_what_to_do(checkout: Path) -> None:
    with pytest.raises(set_up.SetUpError, match=r"Baking failed \(status 3\)(.|\n)*Bake again"):
        set_up.step("Baking", [sys.executable, "-c", "raise SystemExit(3)"], "Bake again.")


def test_pip_keeps_its_files_inside_the_checkout(checkout: Path) -> None:
    inside = set_up.surroundings()
    assert Path(inside["PIP_CACHE_DIR"]).is_relative_to(checkout)
    assert Path(inside["TMPDIR"]).is_relative_to(checkout)


def test_it_needs_nothing_but_the_standard_library(tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    code = "import sys; sys.path.insert(0, sys.argv[1]); import set_up"
    folder = Path(set_up.__file__).parent
    done = subprocess.run([tmp_path / "bare/bin/python", "-I", "-c", code, str(folder)], check=False)
    assert done.returncode == 0
