"""`tilework presets`: the shipped ones without a system, and a file checked before it is put in place."""

from __future__ import annotations

import json
import shlex

import pytest

from tests.cli.conftest import CommandLine
from tilework.jobs.preset_file import MOST_BYTES, shipped_presets


def test_without_a_system_the_shipped_presets_are_listed(command: CommandLine) -> None:
    listed = command.run("presets")
    assert all(f"drop/{name}/" in listed.stdout for name in shipped_presets())
    assert "No Tilework was found" in listed.stderr
    told = json.loads(command.run("presets", "--json").stdout)
    assert {one["name"]: one["text"] for one in told["presets"]} == shipped_presets()


def test_a_file_is_checked_without_a_system(command: CommandLine) -> None:
    (command.folder / "good.toml").write_text('[presets]\nown = "blur(3)"\n')
    assert "drop/own/" in command.run("presets", "--check", "good.toml").stdout


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("[presets]\nown = invert", ["line 2"]),
        ('[presets]\none = "blurr(9)"\ntwo = 3', ["'one'", "at character 1", "'two'"]),
        ("#" * (MOST_BYTES + 1), [str(MOST_BYTES)]),
    ],
)
def test_all_that_is_wrong_is_told_with_its_place(command: CommandLine, text: str, places: list[str]) -> None:
    (command.folder / "bad.toml").write_text(text)
    told = command.run("presets", "--check", "bad.toml", status=2).stderr
    assert "bad.toml" in told
    assert all(place in told for place in places)


def test_wrong_use_changes_nothing(command: CommandLine) -> None:
    (command.folder / "good.toml").write_text('[presets]\nown = "blur(3)"\n')
    command.run("presets", "--check", "good.toml", "--set", "good.toml", status=2)
    command.run("presets", "--check", "missing.toml", status=2)
    assert "make run" in command.run("presets", "--set", "good.toml", status=2).stderr


def test_a_preset_where_a_pipeline_is_wanted_is_answered_by_a_pipeline_that_works(
    command: CommandLine,
) -> None:
    (command.folder / "in").mkdir()
    told = command.run("process", "in", "out", "--pipeline", "edges", status=2).stderr
    assert "'edges' is a preset, and no operation" in told
    assert f"--pipeline {shlex.quote(shipped_presets()['edges'])}" in " ".join(told.split())
