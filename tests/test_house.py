"""The rules of the house that no linter knows."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).resolve().parents[1]

HOMELESS = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
"""A module of such a name holds concepts without names."""

LONGEST_MODULE = 400
"""Lines; what is longer has two subjects."""

MACHINE_PATHS = re.compile(r"(?<![\w.$}])/(?:root|Users|home/[a-z]+)/")

INDEX_OPTIONS = re.compile(r"^\s*--(?:extra-)?(?:index-url|find-links|trusted-host)", re.MULTILINE)


def checked_in() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def texts() -> dict[Path, str]:
    found = {}
    for path in checked_in():
        body = path.read_bytes()
        if b"\0" not in body and path != Path(__file__):
            found[path] = body.decode()
    return found


def test_every_module_is_called_after_what_it_is() -> None:
    assert [path for path in checked_in() if path.suffix == ".py" and path.stem in HOMELESS] == []


def test_no_module_has_two_subjects() -> None:
    modules = {path: text.count("\n") for path, text in texts().items() if path.suffix == ".py"}
    assert {path.name: lines for path, lines in modules.items() if lines > LONGEST_MODULE} == {}


def test_nothing_names_the_machine_it_was_written_on() -> None:
    found = [path.name for path, text in texts().items() if MACHINE_PATHS.search(text)]
    assert found == []


def test_locks_name_no_index_of_their_own() -> None:
    locks = [path for path in checked_in() if path.name == "requirements.txt"]
    assert len(locks) == 6
    for path in locks:
        assert not INDEX_OPTIONS.search(path.read_text())
        assert "://" not in path.read_text()


def test_every_locked_package_has_a_hash() -> None:
    for path in (path for path in checked_in() if path.name == "requirements.txt"):
        entries = re.split(r"^(?=[a-z0-9])", path.read_text(), flags=re.MULTILINE)
        assert all("--hash=sha256:" in entry for entry in entries if "==" in entry)


def test_nothing_is_left_for_later() -> None:
    word = re.compile(r"\b(?:TODO|FIXME|XXX)\b")
    assert [path.name for path, text in texts().items() if word.search(text)] == []


def test_continuous_integration_can_be_started() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0


def test_the_picture_is_drawn_for_light_and_for_dark() -> None:
    picture = ROOT / "docs" / "way-of-an-image.svg"
    root = ET.fromstring(picture.read_text())  # noqa: S314 - our own file
    assert root.tag.endswith("svg")
    assert "prefers-color-scheme: dark" in picture.read_text()


def test_what_belongs_together_is_run_by_one_process(request: pytest.FixtureRequest) -> None:
    """Else each process starts a system of its own, and nothing fails: it only takes a third as long again (measured)."""
    if not hasattr(request.config, "workerinput"):
        pytest.skip("there is one process only")
    assert request.node.nodeid.endswith(f"@{request.path}")
