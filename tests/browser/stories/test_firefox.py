"""The first story once more in Firefox, where there is one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import urllib3

from local.surroundings import node
from tests.flow.pictures import decoded, noise, png

if TYPE_CHECKING:
    from tests.flow.running_system import RunningSystem

STORY = Path(__file__).parents[1] / "firefox_story.mjs"
NAMES = ("firefox", "firefox-esr")


def test_in_firefox_an_image_is_chosen_watched_and_its_result_is_there(
    running: RunningSystem, tmp_path: Path
) -> None:
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("There is no Firefox; Debian's package is firefox-esr.")
    picture = noise(90, 140)
    photo, profile = tmp_path / "in firefox.png", tmp_path / "profile"
    photo.write_bytes(png(picture))
    profile.mkdir()
    told = subprocess.run(
        [node(), STORY, program, running.environment["TILEWORK_URL"], photo, profile],
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    seen = json.loads(told.stdout)
    assert (seen["errors"], seen["wider"]) == ([], 0)
    result = urllib3.request("GET", seen["result"]).data
    assert np.array_equal(decoded(result), cv2.GaussianBlur(picture, (9, 9), 0))
