from __future__ import annotations

import io
import os
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from local import commands, progress
from local.progress import Progress, Step
from local.stopping import Stopping, StopRequestedError
from tilework.errors import SetupError


@pytest.fixture
def written() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def stopping() -> Stopping:
    return Stopping()


@pytest.fixture
def plain(written: io.StringIO, stopping: Stopping) -> Progress:
    return Progress(Console(file=written, width=200), stopping)


def test_a_step_says_what_it_does_and_how_long_it_took(plain: Progress, written: io.StringIO) -> None:
    with plain.step("Baking") as step:
        step.detail = "brown"
    first, last = written.getvalue().splitlines()
    assert first == "Baking ..."
    assert last.endswith("Baking: brown (0.0 s)")


def test_a_long_step_tells_now_and_then_how_far_it_is(
    plain: Progress, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "PLAIN_LINE_SECONDS", 0.05)
    with plain.step("Baking") as step:
        step.detail = "half"
        assert not step.wait(lambda: False, 0.3)
    assert written.getvalue().count("  Baking: half (0 s)\n") >= 2


def test_a_step_that_fails_is_marked(plain: Progress, written: io.StringIO) -> None:
    with pytest.raises(ValueError, match="burnt"), plain.step("Baking"):
        raise ValueError("burnt")
    assert "(0.0 s)" not in written.getvalue()
    assert len(written.getvalue().splitlines()) == 2


def test_a_terminal_shows_a_moving_line_and_keeps_the_last(written: io.StringIO, stopping: Stopping) -> None:
    terminal = Progress(Console(file=written, width=80, force_terminal=True, highlight=False), stopping)
    with terminal.step("Baking") as step:
        step.wait(lambda: step.seconds > 0.2, 5)
    assert "Baking (0 s)" in written.getvalue()
    assert written.getvalue().splitlines()[-1].endswith(" s)")


def test_brackets_in_a_text_are_text(plain: Progress, written: io.StringIO) -> None:
    plain.say("[bold]key[/x].png")
    assert written.getvalue() == "[bold]key[/x].png\n"


def run(step: Step, code: str, folder: Path, seconds: float = 30, **more: object) -> None:
    commands.run(
        step, (sys.executable, "-c", code), environment=dict(os.environ), directory=folder,
        log=folder / "command.log", seconds=seconds, advice="Bake again.", **more,  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_failed_command_says_which_why_what_to_do_and_names_its_log(
    plain: Progress, tmp_path: Path
) -> None:
    with pytest.raises(SetupError) as failed, plain.step("Baking") as step:
        run(step, "print('no flour'); raise SystemExit(4)", tmp_path)
    assert failed.value.reason.startswith("Baking failed: the command ended with status 4.")
    assert "no flour" in failed.value.reason
    assert str(tmp_path / "command.log") in failed.value.reason
    assert failed.value.advice == "Bake again."


def test_a_command_that_hangs_is_ended(plain: Progress, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="had not ended after 0 s"), plain.step("Baking") as step:
        run(step, "import time; time.sleep(60)", tmp_path, seconds=0.3)


def test_a_stop_ends_the_command_that_runs(plain: Progress, stopping: Stopping, tmp_path: Path) -> None:
    stopping.requests = 1
    began = time.monotonic()
    with pytest.raises(StopRequestedError), plain.step("Baking") as step:
        run(step, "import time; time.sleep(60)", tmp_path)
    assert time.monotonic() - began < 5


def test_a_command_s_log_is_read_for_progress(plain: Progress, tmp_path: Path) -> None:
    with plain.step("Baking") as step:
        run(step, "print('1/2'); print('2/2')", tmp_path, detail=lambda log: log.split()[-1] if log else "")
        assert step.detail == "2/2"
