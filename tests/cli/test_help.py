"""The command line teaches itself, and at once."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.cli.conftest import CommandLine
from tilework.imaging.operations import registry

COMMANDS = (
    "process", "submit", "jobs", "job", "operations", "new-operation", "formats", "presets", "retry", "cancel", "rerun", "why", "batch", "export", "statistics",
    "fetch", "backfill", "erase", "logs", "cost",
)  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_shows_an_example(command: CommandLine, name: str) -> None:
    assert f"  tilework {name}" in command.run(name, "--help").stdout
    assert f" {name} " in command.run("--help").stdout


def test_help_waits_for_nothing_heavy() -> None:
    program = "import sys, tilework.cli; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert not {"numpy", "cv2", "boto3", "mpi4py", "tilework.imaging", "tilework.aws"} & set(loaded.split())


@pytest.mark.parametrize(
    "arguments", [["frobnicate"], ["jobs", "--state", "LOST"], ["process", "nowhere", "out", "-p", "invert"]]
)
def test_wrong_use_has_status_2(command: CommandLine, arguments: list[str]) -> None:
    assert command.run(*arguments, status=2).stderr


def test_the_operations_are_listed_for_people_and_for_programs(command: CommandLine) -> None:
    table = command.run("operations").stdout
    listed = json.loads(command.run("operations", "--json").stdout)
    assert [one["name"] for one in listed] == list(registry())
    assert all(name in table for name in registry())
    (low, *_) = json.loads(command.run("operations", "canny", "--json").stdout)["parameters"]
    assert low["name"] == "low"
    assert "low" in command.run("operations", "canny").stdout
    assert "'canny'" in command.run("operations", "cany", status=2).stderr


def test_colour_is_for_terminals_only(command: CommandLine) -> None:
    assert "\x1b" not in command.run("operations").stdout


def test_the_version_is_told(command: CommandLine) -> None:
    assert command.run("--version").stdout.startswith("tilework ")
