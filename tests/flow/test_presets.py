"""A preset put into the bucket is in force for the next drop; a broken one says where it is broken."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from tests.flow.pictures import decoded, noise, png
from tests.flow.test_drop_to_result import tilework
from tilework.jobs.job import Ask, Drop, State
from tilework.jobs.object_keys import PRESETS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.flow.running_system import RunningSystem

PICTURE = noise(40, 50)


@pytest.fixture
def presets(running: RunningSystem) -> Iterator[RunningSystem]:
    """The running system, whose own presets are gone again afterwards."""
    yield running
    running.system.inputs.delete(PRESETS)


def told(running: RunningSystem) -> Any:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{running.environment['TILEWORK_URL'].rstrip('/')}/api/presets", timeout=30) as answer:
        return json.load(answer)


def test_a_preset_that_is_set_is_in_force_for_the_next_drop_and_is_no_job(
    presets: RunningSystem, tmp_path: Path
) -> None:
    file = tmp_path / "own.toml"
    for pipeline, expected in (
        ("invert", cv2.bitwise_not(PICTURE)),
        ("blur(3)", cv2.GaussianBlur(PICTURE, (3, 3), 0)),
    ):
        file.write_text(f'[presets]\n"own 1" = "{pipeline}"\n')
        assert tilework(presets, "presets", "--set", str(file)).returncode == 0
        job = presets.drop("drop/own 1/a.png", png(PICTURE))
        assert np.array_equal(decoded(presets.result(presets.ended([job])[job])), expected)
    versions = [each.version for each in presets.system.inputs.versions(PRESETS)]
    assert len(versions) == 2
    for version in versions:
        assert (
            presets.system.table.get(Ask(Drop(presets.system.inputs.bucket, PRESETS, version)).job_id) is None
        )
    (own,) = [one for one in told(presets)["presets"] if not one["shipped"]]
    assert (own["folder"], own["pipeline"]) == ("drop/own 1/", "blur(3)")
    assert "drop/own 1/" in tilework(presets, "presets").stdout


def test_a_broken_file_is_not_set_and_one_that_is_there_fails_only_the_drops_that_need_it(
    presets: RunningSystem, tmp_path: Path
) -> None:
    file = tmp_path / "own.toml"
    file.write_text("[presets]\nown = invert\n")
    refused = tilework(presets, "presets", "--set", str(file))
    assert refused.returncode == 2
    assert "line 2" in refused.stderr
    assert told(presets)["fault"] == ""
    presets.system.inputs.put(PRESETS, file.read_bytes(), metadata={}, content_type="application/toml")
    own = presets.drop("drop/own/a.png", png(PICTURE))
    others = [
        presets.drop("drop/negative/a.png", png(PICTURE)),
        presets.drop("drop/own/b.png", png(PICTURE), pipeline="invert"),
        presets.drop("c.png", png(PICTURE), pipeline="invert"),
    ]
    rows = presets.ended([own, *others])
    assert (rows[own].state, rows[own].code) == (State.FAILED, "bad_presets")
    assert "line 2" in rows[own].reason
    for job in others:
        assert np.array_equal(decoded(presets.result(rows[job])), cv2.bitwise_not(PICTURE))
    assert "line 2" in told(presets)["fault"]
    listed = tilework(presets, "presets")
    assert listed.returncode == 1
    assert "line 2" in listed.stderr
    assert "drop/negative/" in listed.stdout
