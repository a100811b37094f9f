"""`tilework new-operation`: what it writes installs, keeps its promises, and works, with no network."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
import sysconfig
import zipfile
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from tests.cli.conftest import ROOT, CommandLine
from tests.imaging.samples import decoded, noise, png
from tilework.cli import new_operation
from tilework.cli.new_operation import IMPORTED, package_of
from tilework.cli.statuses import UsageError
from tilework.testing import PROMISES

if TYPE_CHECKING:
    from pathlib import Path


OWN_OPERATIONS = ROOT / "docs" / "own-operations.md"

SHADOWING = ("example", "local_operation", "margin", "parameter")
"""Names by which the class would be called as something that its module imports."""


def own_environment(folder: Path) -> Path:
    """A venv that sees what this one has, and keeps to itself what is installed into it."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site_packages,) = folder.glob("lib/python*/site-packages")
    (site_packages / "outer.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin" / "python"


def test_a_new_operation_installs_passes_its_test_and_processes_an_image(command: CommandLine) -> None:
    told = command.run("new-operation", "soft_spots").stdout
    assert "pip install --no-build-isolation --editable tilework-soft-spots" in told
    python = own_environment(command.folder / "venv")

    def run(*arguments: str, status: int = 0) -> str:
        done = subprocess.run(
            [python, "-m", *arguments],
            cwd=command.folder,
            env={**command.environment, "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONWARNINGS": ""},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )  # fmt: skip
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    run("pip", "install", "--quiet", "--no-build-isolation", "--editable", "tilework-soft-spots")
    assert "1 passed" in run("pytest", "-q", "tilework-soft-spots")
    image = noise(40, 30)
    (command.folder / "a.png").write_bytes(png(image))
    run("tilework.cli", "process", "a.png", "b.png", "-p", "soft_spots(5)")
    result = decoded((command.folder / "b.png").read_bytes())
    assert np.array_equal(result, cv2.medianBlur(image, 5))
    assert "tilework-soft-spots 0.1.0" in run("tilework.cli", "operations", "soft_spots")


def test_the_command_that_the_docs_tell_makes_the_wheel_that_a_deployment_takes(command: CommandLine) -> None:
    (told,) = re.findall(r"`\.venv/bin/(pip wheel [^`]+)` builds", OWN_OPERATIONS.read_text())
    command.run("new-operation", "despeckle")
    quiet = {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONWARNINGS": ""}
    subprocess.run(
        [sys.executable, "-m", *shlex.split(told)],
        cwd=command.folder,
        env=command.environment | quiet,
        check=True,
        timeout=120,
    )
    (wheel,) = command.folder.glob("*.whl")
    assert zipfile.ZipFile(wheel).read("tilework_despeckle.py").count(b"medianBlur") > 0


def test_nothing_that_is_there_is_overwritten(command: CommandLine) -> None:
    place = command.folder / "mine"
    place.mkdir()
    (place / "README.md").write_text("mine")
    assert "not empty" in command.run("new-operation", "soft_spots", "mine", status=2).stderr
    assert [each.name for each in place.iterdir()] == ["README.md"]
    assert (place / "README.md").read_text() == "mine"


@pytest.mark.parametrize(
    "name", ["blur", "output", "true", "class", "Upper", "a-b", "../x", "_x", "x" * 41, "none", *SHADOWING]
)
def test_a_name_that_cannot_be_used_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=re.escape(repr(name))):
        new_operation.run(name, tmp_path / "place")
    assert not (tmp_path / "place").exists()


def test_the_names_that_a_class_would_shadow_are_those_that_its_module_imports() -> None:
    tree = ast.parse(package_of("soft_spots")["tilework_soft_spots.py"])
    found = [each for node in tree.body if isinstance(node, ast.ImportFrom) for each in node.names]
    assert [each.name for each in found] == list(IMPORTED)
    assert ["".join(map(str.capitalize, name.split("_"))) for name in SHADOWING] == list(IMPORTED)


def test_the_document_shows_the_operation_that_is_written() -> None:
    text = (ROOT / "docs" / "own-operations.md").read_text()
    blocks = re.findall(r"```(?:python|toml)\n(.*?)```", text, re.DOTALL)
    package = package_of("despeckle")
    assert package["tilework_despeckle.py"] in blocks
    assert package["test_despeckle.py"] in blocks
    promises = dict(re.findall(r"^\| `?([a-z]+)`? \| (.*) \|$", text, re.MULTILINE))
    assert promises == PROMISES
