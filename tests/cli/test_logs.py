"""What all processes of a local system have logged about one job, in one list."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import CommandLine

JOB, OTHER = "1f0c" + "0" * 28, "2f0c" + "0" * 28


def line(second: int, message: str, **facts: object) -> str:
    told = {"time": f"2026-11-30T00:00:{second:02}.000Z", "level": "INFO", "message": message, **facts}
    return json.dumps(told) + "\n"


@pytest.fixture
def logs(command: CommandLine) -> Path:
    folder = command.folder / ".tilework" / "logs"
    folder.mkdir(parents=True)
    return folder


def test_the_lines_of_one_job_are_told_in_the_order_of_their_time(command: CommandLine, logs: Path) -> None:
    (logs / "supervisor-1.log").write_text(
        line(1, "Claimed: \x1b[31mred.jpg", process="supervisor", job=JOB)
        + line(1, "Claimed: other.jpg", process="supervisor", job=OTHER)
        + f"a stranger's line about {JOB}\n"
        + line(3, "DONE", process="supervisor", job=JOB)
    )
    (logs / "master.log").write_text(
        line(4, "Told that it is DONE", process="keeper", job=JOB) + line(2, f"about {JOB}", process="keeper")
    )
    (logs / "earlier").mkdir()
    (logs / "earlier" / "supervisor-1.log").write_text(
        line(2, "Begins.", process="rank", rank=2, job=JOB, unit="0-write/3")
    )
    told = command.run("logs", "1f0c").stdout.splitlines()
    assert [text.split(maxsplit=5)[2:] for text in told] == [
        ["INFO", "supervisor", "Claimed:", "\\x1b[31mred.jpg"],
        ["INFO", "rank", "2", "0-write/3  Begins."],
        ["INFO", "supervisor", "DONE"],
        ["INFO", "keeper", "Told", "that it is DONE"],
    ]
    listed = [json.loads(text) for text in command.run("logs", JOB, "--json").stdout.splitlines()]
    assert [each["time"][17:19] for each in listed] == ["01", "02", "03", "04"]


def test_a_job_that_nobody_has_heard_of_and_a_system_that_is_not_here_are_told(command: CommandLine) -> None:
    assert "docs/logs-and-metrics.md" in command.run("logs", "1f0c", status=2).stderr
    (command.folder / ".tilework" / "logs").mkdir(parents=True)
    assert "No line is about a job 1f0c" in command.run("logs", "1f0c", status=1).stderr
    assert "at least 4" in command.run("logs", "1f", status=2).stderr
