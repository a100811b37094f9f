"""`tilework submit`, `jobs` and `job` against an embedded AWS, with a worker that only writes verdicts."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.cli.conftest import CommandLine
from tests.conftest import EmbeddedAws
from tests.flow.pictures import noise, png
from tilework.aws.connect import connect
from tilework.aws.settings import Deployment
from tilework.jobs.job import Ask, Job, State

PHOTO = png(noise(10, 12))
FIELDS = {
    "id", "key", "version", "pipeline", "state", "code", "reason", "result_key", "attempts", "seconds", "owner",
    "batch",
}  # fmt: skip


def listed(command: CommandLine, *arguments: object) -> list[dict[str, Any]]:
    return json.loads(command.run("jobs", "--json", *arguments).stdout)


def test_an_empty_folder_is_no_drop_that_passes_as_done(joined: CommandLine) -> None:
    (joined.folder / "empty").mkdir()
    told = joined.run("submit", "empty", "--pipeline", "invert", status=2)
    assert "no files to submit" in told.stderr


def test_files_and_folders_are_dropped_with_their_pipeline_and_batch(
    joined: CommandLine, deployment: Deployment
) -> None:
    folder = joined.folder / "holiday" / "day 1"
    folder.mkdir(parents=True)
    (folder / "ünïcödé +%.png").write_bytes(PHOTO)
    (joined.folder / "one.png").write_bytes(PHOTO)
    arguments = ("submit", "one.png", "holiday", "--pipeline", "blur( 9 )", "--batch", "süden", "--json")
    submitted = json.loads(joined.run(*arguments).stdout)
    assert [one["key"] for one in submitted] == [
        "submitted/one.png",
        "submitted/holiday/day 1/ünïcödé +%.png",
    ]
    inputs = connect(deployment).inputs
    for one in submitted:
        info = inputs.head(one["key"], one["version"])
        assert info.metadata == {"pipeline": "blur(9)", "batch": "süden"}
        assert (info.content_type, info.size) == ("image/png", len(PHOTO))
        assert one["id"] == Ask(inputs_drop(inputs.bucket, one)).job_id


def inputs_drop(bucket: str, one: dict[str, Any]) -> Any:
    from tilework.jobs.job import Drop

    return Drop(bucket, one["key"], one["version"])


@pytest.mark.usefixtures("judge")
def test_waiting_ends_with_the_verdicts(joined: CommandLine) -> None:
    (joined.folder / "good.png").write_bytes(PHOTO)
    (joined.folder / "bad.png").write_bytes(b"no image")
    told = joined.run("submit", "good.png", "--pipeline", "blur(9)", "--wait").stdout
    assert "DONE" in told
    assert "results/submitted/good.png" in told
    told = joined.run("submit", "good.png", "bad.png", "-p", "invert", "--wait", status=1).stdout
    assert "The file is no image at all." in told
    assert "Check that the file opens in an image viewer" in told
    both = joined.run("submit", "good.png", "bad.png", "-p", "invert", "--wait", "--json", status=1)
    assert {one["source"]: one["state"] for one in json.loads(both.stdout)} == {
        "good.png": "DONE",
        "bad.png": "FAILED",
    }


@pytest.mark.usefixtures("judge")
def test_jobs_are_listed_whole_by_state_by_batch_and_up_to_a_limit(joined: CommandLine) -> None:
    (joined.folder / "good.png").write_bytes(PHOTO)
    (joined.folder / "bad.png").write_bytes(b"no image")
    assert listed(joined) == []
    joined.run("submit", *["good.png"] * 3, "--pipeline", "blur(9)", "--wait", "--batch", "three")
    joined.run("submit", "bad.png", "--pipeline", "blur(9)", "--wait", status=1)
    rows = listed(joined)
    assert len(rows) == 4
    assert all(set(row) >= FIELDS for row in rows)
    (failed,) = listed(joined, "--state", "failed")
    assert (failed["key"], failed["code"], failed["attempts"]) == ("submitted/bad.png", "not_an_image", 1)
    assert {row["batch"] for row in listed(joined, "--batch", "three", "--limit", "2")} == {"three"}
    assert len(listed(joined, "--limit", "2")) == 2
    assert len(listed(joined, "--state", "DONE", "--state", "FAILED", "--limit", "4")) == 4
    table = joined.run("jobs").stdout
    assert table.count("submitted/good.png") >= 3
    one = json.loads(joined.run("job", failed["id"][:10], "--json").stdout)
    assert one == failed
    assert "The file is no image at all." in joined.run("job", failed["id"]).stdout


def test_a_job_in_stages_tells_how_far_it_has_come_and_what_is_left(
    joined: CommandLine, deployment: Deployment
) -> None:
    now = time.time()
    row = Job(
        id="5" * 32, bucket="b", key="scan.tif", version="v", state=State.RUNNING, stage="1-write", stage_units=90,
        units_done=frozenset(range(10)), units_behind=10, units_in_all=120, staged=now - 200, created=now, updated=now,
    )  # fmt: skip
    connect(deployment).table.create(row)
    told = json.loads(joined.run("job", row.id, "--json").stdout)["progress"]
    assert (told["done"], told["total"]) == (20, 120)
    # 10 s a unit, and what has passed since
    assert 1_000 <= told["seconds_left"] <= 1_600
    for command in (("jobs",), ("job", row.id)):
        assert "20 of 120 units, about 0:" in joined.run(*command).stdout


@pytest.mark.parametrize("wrong", ["f" * 32, "abc", "not hexadecimal", "abcdef"])
def test_a_job_that_is_not_there_is_wrong_use(joined: CommandLine, wrong: str) -> None:
    assert "job" in joined.run("job", wrong, status=2).stderr


def test_a_bad_pipeline_and_a_file_that_is_not_there_submit_nothing(
    joined: CommandLine, deployment: Deployment
) -> None:
    (joined.folder / "good.png").write_bytes(PHOTO)
    joined.run("submit", "good.png", "--pipeline", "blurr(9)", status=2)
    joined.run("submit", "good.png", "missing.png", "--pipeline", "blur(9)", status=2)
    joined.run("submit", "good.png", "--pipeline", "blur(9)", "--batch", "x" * 3000, status=2)
    assert list(connect(deployment).inputs.list()) == []


def test_local_env_is_found_from_a_folder_below_and_the_environment_wins_as_a_whole(
    command: CommandLine, embedded_aws: EmbeddedAws, deployment: Deployment
) -> None:
    (command.folder / ".tilework").mkdir()
    variables = embedded_aws.environment | deployment.to_environment()
    lines = "".join(f"{name}={value}\n" for name, value in variables.items())
    (command.folder / ".tilework" / "local.env").write_text(lines)
    below = command.folder / "a" / "b"
    below.mkdir(parents=True)
    # what a person may have set for an account of their own
    command.environment |= {
        "AWS_PROFILE": "work",
        "AWS_SESSION_TOKEN": "x",
        "HTTP_PROXY": "http://127.0.0.1:9",
    }
    assert listed(CommandLine(below, command.environment)) == []
    command.environment["TILEWORK_JOB_TABLE"] = "another"
    told = command.run("jobs", status=2).stderr
    assert "TILEWORK_INPUT_BUCKET" in told


def test_without_any_system_the_advice_is_to_start_one(command: CommandLine) -> None:
    told = command.run("jobs", status=2).stderr
    assert "make run" in told


def test_a_system_that_has_gone_is_told_as_such(joined: CommandLine) -> None:
    joined.environment |= {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    assert "running" in joined.run("job", "f" * 32, status=3).stderr
