from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import CommandLine

SNAPSHOT = Path(__file__).resolve().parents[1] / "stacks" / "snapshots" / "default.json"


def test_it_tells_idle_photos_and_gigapixels_by_themselves(command: CommandLine) -> None:
    told = command.run("cost", "--template", str(SNAPSHOT)).stdout
    for title in (
        "A month in which nobody uses it",
        "1,000 photos of 12 megapixels, blur(9)",
        "A gigapixel, canny",
    ):
        assert title in told
    assert "The month" not in told
    assert "list prices of" in told


def test_a_month_is_told_to_programs_with_all_its_lines(command: CommandLine) -> None:
    options = ("--photos", "1e6", "--wakes", "30", "--storage", "6000", "--json")
    found = json.loads(command.run("cost", "--template", str(SNAPSHOT), *options).stdout)
    month = found["The month that was asked for"]
    assert month["usd"] == pytest.approx(sum(line["usd"] for line in month["lines"]))
    storage = next(line for line in month["lines"] if line["name"] == "s3_gb")
    assert storage["usd"] == pytest.approx(6000.1 * 0.023)


def test_the_template_of_make_synth_is_taken_by_itself(command: CommandLine) -> None:
    (command.folder / "cdk.out").mkdir()
    shutil.copy(SNAPSHOT, command.folder / "cdk.out" / "Tilework.template.json")
    assert "nobody uses it" in command.run("cost").stdout


@pytest.mark.parametrize("content", [None, "no json", "{}"])
def test_without_a_template_it_says_how_to_make_one(
    command: CommandLine, tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "template.json"
    if content is not None:
        path.write_text(content)
    told = command.run("cost", "--template", str(path), status=2).stderr
    assert "make synth" in told
