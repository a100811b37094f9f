"""`tilework process` with a second image: a file of a folder, whichever process does the work."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.flow.pictures import decoded, noise, png, tiled_tiff
from tests.imaging.samples import picture
from tilework.cli import pictures
from tilework.imaging.engine import run_whole
from tilework.imaging.formats import Picture
from tilework.imaging.pictures import HeldPicture
from tilework.imaging.pipeline import parse
from tilework.jobs.in_memory import memory_system
from tilework.jobs.object_keys import PICTURES

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.cli.conftest import CommandLine

PHOTO, LARGE, LOGO = noise(100, 120), noise(700, 900), noise(40, 60, 4, seed=1)
PIPELINE = "overlay(logo, tile, 9, 0.5) | invert"


def expected(image: NDArray[np.generic]) -> NDArray[np.generic]:
    shown = parse(PIPELINE).seeing({"logo": HeldPicture(picture(LOGO))})  # type: ignore[arg-type]
    return run_whole(Picture(image), shown).colour  # type: ignore[arg-type]


@pytest.fixture
def folder(command: CommandLine) -> Path:
    (command.folder / "brand").mkdir()
    (command.folder / "brand" / "logo.png").write_bytes(png(LOGO))
    (command.folder / "photo.png").write_bytes(png(PHOTO))
    return command.folder


def test_photos_and_large_images_on_ranks_have_the_picture_of_the_folder(
    command: CommandLine, folder: Path
) -> None:
    (folder / "in").mkdir()
    (folder / "photo.png").rename(folder / "in" / "photo.png")
    (folder / "in" / "large.tif").write_bytes(tiled_tiff(np.ascontiguousarray(LARGE[:, :, ::-1]), 128))
    command.environment["TILEWORK_PICTURES"] = "brand"
    lines = command.json_lines("process", "in", "out", "-p", PIPELINE, "--ranks", 2, "--working-set", "3MB")
    assert lines["large.tif"]["blocks"] > 1
    for name, image in (("photo.png", PHOTO), ("large.tif", LARGE)):
        assert np.array_equal(decoded((folder / "out" / name).read_bytes()), expected(image)), name


def test_a_picture_that_is_not_there_is_wrong_use_and_nothing_is_done(
    command: CommandLine, folder: Path
) -> None:
    options = ("--pictures", folder)
    failed = command.run("process", "photo.png", "out.png", "-p", PIPELINE, *options, status=2)
    assert "no file logo.*" in failed.stderr
    assert not (folder / "out.png").exists()


def test_what_no_pipeline_could_name_is_not_put_in_place(command: CommandLine, folder: Path) -> None:
    # a system is not even looked for
    refused = command.run("pictures", "--set", folder / "brand" / "logo.png", "--name", "logo-2", status=2)
    assert "no name that a pipeline could use" in refused.stderr


def test_a_name_that_no_pipeline_can_use_is_marked_in_the_list(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    system = memory_system()
    for name in ("logo", "logo.png"):
        system.inputs.put(f"{PICTURES}{name}", b"x", metadata={}, content_type="image/png")
    monkeypatch.setattr(pictures, "join_from_here", lambda: system)
    pictures.run(put=None, name="", json=True)
    told = json.loads(capsys.readouterr().out)["pictures"]
    assert {each["name"]: each["usable"] for each in told} == {"logo": True, "logo.png": False}
    pictures.run(put=None, name="", json=False)
    lines = capsys.readouterr().out.splitlines()
    assert ["no pipeline can name it" in line for line in lines if "logo" in line] == [False, True]
