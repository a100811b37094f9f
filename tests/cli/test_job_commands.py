"""What a user can do to jobs of a running system, against an embedded AWS, with a worker that only writes verdicts."""

from __future__ import annotations

import csv
import io
import json
import time
from typing import Any

import pytest

from tests.cli.conftest import CommandLine, Judge
from tests.cli.test_submit_and_jobs import PHOTO, listed
from tilework.aws.connect import connect
from tilework.aws.settings import Deployment
from tilework.cli.orders import orders_of
from tilework.jobs.job import Ask, Drop, Job, State, digest
from tilework.jobs.messages import asks
from tilework.jobs.orders import Rerun
from tilework.jobs.system import System


@pytest.fixture
def system(deployment: Deployment) -> System:
    return connect(deployment)


def told(command: CommandLine, *arguments: object, status: int = 0) -> Any:
    return json.loads(command.run(*arguments, "--json", status=status).stdout)


def put(system: System, key: str, body: bytes = PHOTO) -> str:
    """Drop an image; the id of its job."""
    told = {"pipeline": "blur(9)", "batch": "holiday"}
    version = system.inputs.put(key, body, metadata=told, content_type="image/png")
    return Ask(Drop(system.inputs.bucket, key, version)).job_id


def ended(system: System, job: str) -> State:
    end = time.monotonic() + 20
    while True:
        row = system.table.get(job)
        if row is not None and row.state.is_end:
            return row.state
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.usefixtures("judge")
def test_failures_are_exported_explained_and_tried_again_by_id_or_all_of_a_code(
    joined: CommandLine, system: System
) -> None:
    good = put(system, "good.png")
    for job in (good, put(system, "bad 1.png", b"no image"), put(system, "bad 2.png", b"no image")):
        ended(system, job)
    exported = joined.run("export", "--batch", "holiday")
    rows = list(csv.DictReader(io.StringIO(exported.stdout)))
    assert {row["code"] for row in rows} == {"not_an_image"}
    assert "2 of 3 jobs failed: 2 not_an_image." in exported.stderr
    # what is no image will not become one
    assert "tilework retry" not in exported.stderr
    lines = joined.run("export", "--format", "jsonl", "--code", "not_an_image").stdout.splitlines()
    assert [json.loads(line)["id"] for line in lines] == [row["id"] for row in rows]

    first = rows[0]["id"]
    story = joined.run("why", first[:10]).stdout
    assert "Attempt 1 on judge: failed" in story
    assert "The file is no image at all." in story
    assert "Check that the file opens in an image viewer" in story
    document = told(joined, "why", first)
    assert document["history"][0]["outcome"] == "failed"
    assert document["next_steps"] == []
    assert rows[0]["command"] == ""

    again = told(joined, "retry", first)
    assert [(row["id"], row["state"], row["attempts"]) for row in again] == [(first, "QUEUED", 0)]
    assert ended(system, first) is State.FAILED
    assert told(joined, "retry", "--failed", "--batch", "holiday") == []
    retried = told(joined, "retry", "--failed", "--code", "not_an_image", "--batch", "holiday")
    assert {row["id"] for row in retried} == {row["id"] for row in rows}
    assert "is DONE" in joined.run("retry", good, status=1).stderr


@pytest.mark.parametrize("wrong", [[], ["--failed", "f" * 32], ["f" * 32]])
def test_a_retry_of_nothing_or_of_everything_at_once_is_wrong_use(
    joined: CommandLine, wrong: list[str]
) -> None:
    joined.run("retry", *wrong, status=2)


def test_a_job_that_nobody_has_taken_up_yet_is_explained_and_called_off(
    joined: CommandLine, system: System
) -> None:
    job = put(system, "late.png")
    assert "No worker has taken it up yet" in joined.run("why", job).stdout
    (cancelled,) = told(joined, "cancel", job)
    assert (cancelled["state"], cancelled["key"]) == ("CANCELLED", "late.png")
    assert "is CANCELLED already" in joined.run("cancel", job, status=1).stderr
    joined.run("cancel", "f" * 32, status=2)
    judge = Judge(system)
    for message in system.jobs.receive(wait=2):
        if "late.png" in message.body:
            judge.judge(asks(message.body, system.inputs.bucket)[0], message.id)
    assert ended(system, job) is State.CANCELLED
    assert list(system.outputs.list()) == []


@pytest.mark.usefixtures("judge")
def test_an_image_goes_through_another_pipeline_without_another_upload(
    joined: CommandLine, system: System
) -> None:
    put(system, "a b.png")
    row = told(joined, "rerun", "a b.png", "--pipeline", "canny(100,200)")
    assert (row["pipeline"], row["batch"]) == ("canny(100, 200)", "holiday")
    assert ended(system, row["id"]) is State.DONE
    again = joined.run("rerun", "a b.png", "--pipeline", "canny(100, 200)")
    assert "There is this job already" in again.stderr
    assert len(list(system.inputs.versions())) == 1
    joined.run("rerun", "none.png", "--pipeline", "invert", status=2)


@pytest.mark.usefixtures("judge")
def test_results_are_fetched_into_the_folders_of_their_sources_and_only_once(
    joined: CommandLine, system: System
) -> None:
    put(system, "submitted/photos/bad.png", b"no image")
    put(system, "submitted/photos/day 1/ünïcode +%.png")
    put(system, "submitted/photos/b.png")
    for key in (
        "submitted/photos/../../escape.png",
        "submitted/photos//x.png",
        "submitted/photos/b.png/c.png",
    ):
        put(system, key)
    end = time.monotonic() + 20
    while len(list(system.table.list(State.DONE))) < 5:
        assert time.monotonic() < end
        time.sleep(0.05)
    first = joined.run("fetch", "submitted/", "results", status=1)
    assert "NOT FETCHED submitted/photos/bad.png: The file is no image at all." in first.stderr
    assert "5 results fetched, 0 were there already" in first.stdout
    folder = joined.folder / "results"
    assert (folder / "photos" / "day 1" / "ünïcode +%.png").read_bytes() == PHOTO
    files = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    assert len({path for path in files if path.suffix == ".png"}) == 5
    assert not list(joined.folder.parent.glob("escape*"))

    one, _ = orders_of(system).rerun(Rerun("submitted/photos/b.png", "invert"))
    assert ended(system, one.id) is State.DONE
    again = told(joined, "fetch", "submitted/", "results", status=1)
    assert not [each for each in again if each["new"]]
    through = told(joined, "fetch", "submitted/photos/b.png", "inverted", "-p", "invert", status=1)
    assert [each["path"] for each in through if each["path"]] == ["b.png"]


@pytest.mark.usefixtures("judge")
def test_an_image_is_erased_with_all_that_came_of_it(joined: CommandLine, system: System) -> None:
    jobs = [put(system, "a.png"), put(system, "b.png")]
    row, _ = orders_of(system).rerun(Rerun("a.png", "invert"))
    assert {ended(system, job) for job in (*jobs, row.id)} == {State.DONE}
    # a program has nobody to ask
    assert joined.run("erase", "a.png", status=2).stderr.startswith("Error: Nothing was erased.")
    assert told(joined, "erase", "a.png", "--yes") == {"versions": 1, "results": 2, "rows": 2}
    assert {row.key for row in system.table.list()} == {"b.png"}
    assert {item.key for item in system.inputs.versions()} == {"b.png"}
    assert "nothing of an image" in joined.run("erase", "a.png", "--yes", status=2).stderr


def test_what_lay_in_the_bucket_without_a_job_gets_one(joined: CommandLine, system: System) -> None:
    for number in range(3):
        put(system, f"old/{number}.png")
    assert "3 of them have no job yet" in joined.run("backfill", "old/", "--dry").stdout
    assert told(joined, "backfill", "old/")["queued"] == 3
    assert {row.state for row in system.table.list()} == {State.QUEUED}


def test_statistics_are_told_a_day_and_a_pipeline(joined: CommandLine, system: System) -> None:
    day = f"day {time.strftime('%Y-%m-%d', time.gmtime())}"
    system.table.add(day, {"done": 20, "failed": 1, "failed:damaged": 1, "seconds_cpu": 2.5})
    system.table.add(f"{day} blur(9)", {"done": 20, "megapixels": 240}, group=day)
    table = joined.run("statistics", "--days", "2").stdout
    assert "1 damaged" in table
    assert "240.0" in table
    (today,) = told(joined, "statistics")
    assert today["total"]["cpu_seconds"] == 2.5
    assert today["pipelines"]["blur(9)"]["done"] == 20


def test_a_long_list_is_told_page_by_page(joined: CommandLine, system: System) -> None:
    rows = [Job(digest(str(n)), "in", f"{n}.png", "v1", State.DONE, updated=float(n)) for n in range(5)]
    for row in rows:
        system.table.create(row)
    first = joined.run("jobs", "--limit", "2", "--json")
    (hint,) = (line for line in first.stderr.splitlines() if line.startswith("There are more: "))
    rest = joined.run("jobs", "--json", *hint.removeprefix("There are more: ").split())
    ids = [row["id"] for part in (first, rest) for row in json.loads(part.stdout)]
    assert ids == [row.id for row in rows[::-1]]
    assert rest.stderr == ""
    assert len(listed(joined, "--before", "1970-01-01T00:00:02Z")) == 2
    assert "neither a place" in joined.run("jobs", "--before", "yesterday", status=2).stderr
