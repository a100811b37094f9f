"""Plugins from the command line: used by every rank, told where they come from, and why not where they cannot be used."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.cli.conftest import ROOT, CommandLine
from tests.imaging.plugin_packages import OFFERED, install
from tests.imaging.samples import decoded, noise, png

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def plugged(command: CommandLine, tmp_path: Path) -> CommandLine:
    """A sound plugin, and one that cannot be imported."""
    place = tmp_path / "installed"
    place.mkdir()
    install(place, "acme-halves", "1.2", {"acme_halves": OFFERED.format(name="halve")}, halve="acme_halves")
    install(place, "broken", "3", {"broken_one": "import nothing_of_this_name"}, mend="broken_one")
    command.environment["PYTHONPATH"] = f"{ROOT}:{place}"
    return command


@pytest.mark.parametrize("ranks", [1, 2])
def test_every_rank_knows_the_operations_of_plugins(plugged: CommandLine, ranks: int) -> None:
    image = noise(40, 30)
    (plugged.folder / "in").mkdir()
    for name in ("a", "b", "c"):
        (plugged.folder / "in" / f"{name}.png").write_bytes(png(image))
    plugged.run("process", "in", "out", "-p", "halve | invert", "--ranks", ranks)
    results = sorted((plugged.folder / "out").iterdir())
    assert len(results) == 3
    assert all(np.array_equal(decoded(each.read_bytes()), 255 - image // 2) for each in results)


def test_an_operation_says_where_it_comes_from(plugged: CommandLine) -> None:
    listed = {one["name"]: one["origin"] for one in json.loads(plugged.run("operations", "--json").stdout)}
    assert listed["halve"] == {"distribution": "acme-halves", "version": "1.2"}
    assert listed["blur"]["distribution"] == "tilework"
    assert "acme-halves 1.2" in plugged.run("operations", "halve").stdout


def test_a_plugin_that_is_disabled_is_told_wherever_one_looks(plugged: CommandLine) -> None:
    reason = "ModuleNotFoundError: No module named 'nothing_of_this_name'"
    assert f"The plugin broken 3 (mend) is disabled: {reason}" in plugged.run("operations").stderr
    assert reason in plugged.run("operations", "mend", status=2).stderr
    (plugged.folder / "a.png").write_bytes(png(noise(9, 9)))
    assert reason in plugged.run("process", "a.png", "b.png", "-p", "mend", status=2).stderr
    found = json.loads(plugged.run("doctor", "--json", status=1).stdout)["findings"]
    (plugins,) = [one for one in found if one["name"] == "plugins"]
    assert plugins["health"] == "wrong"
    assert reason in plugins["sentence"]


def test_the_kit_tries_what_is_named_and_its_status_tells_what_it_found(plugged: CommandLine) -> None:
    kept = json.loads(plugged.run("operations", "--check", "halve", "--seconds", 0.2, "--json").stdout)
    assert [(one["operation"], one["broken"]) for one in kept] == [("halve", [])]
    assert kept[0]["speed"]["ratio"] > 0
    wrong = OFFERED.format(name="shift").replace("return image // 2", "return image[::-1] // 2")
    install(plugged.folder / "installed", "wrong", "1", {"wrong_one": wrong}, shift="wrong_one")
    told = plugged.run("operations", "--check", "halve", "shift", "--seconds", 0.2, status=1).stdout
    assert "tiles of" in told or "examples" in told or "image // 2" in told
    assert "kept" in told
    assert "broken" in told
