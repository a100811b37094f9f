"""What the API tells beyond the rows: stories, failures as a table, statistics, and lists page by page."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest

from master import reports
from tilework.errors import DamagedImageError, UnexpectedError
from tilework.jobs.job import State

if TYPE_CHECKING:
    from master.keeper import Keeper
    from tests.master.conftest import Client, World


def test_the_story_of_a_job_is_told_in_sentences_and_entry_by_entry(client: Client, world: World) -> None:
    ask = world.drop()
    world.life.release(world.claim(ask), UnexpectedError("The disk was full."), rank=2)
    world.life.end(world.claim(ask), State.FAILED, failure=DamagedImageError("cut short"))
    told = client.get(f"/api/jobs/{ask.job_id}/why").json()
    assert [(entry["host"], entry["rank"], entry["outcome"]) for entry in told["history"]] == [
        ("host-1", 2, "try again"),
        ("host-1", 0, "failed"),
    ]
    assert told["story"][-1]["text"] == "FAILED (damaged): cut short"
    # a file that is cut short stays so
    assert told["next_steps"] == []
    assert client.get(f"/api/jobs/{ask.job_id}").json()["story"] == told["story"]
    assert client.get("/api/jobs/nothing/why").status_code == 404


def test_failures_are_exported_in_both_forms_as_attachments(client: Client, world: World) -> None:
    for number in range(3):
        world.put_row(f"a{number}", state=State.FAILED, code="damaged", batch="one", updated=float(number))
    world.put_row("b", state=State.FAILED, code="crashed", batch="two")
    world.put_row("c", state=State.DONE, batch="one")
    table = client.get("/api/export?batch=one")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert table.headers["content-disposition"] == 'attachment; filename="failed.csv"'
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [row["id"] for row in rows] == ["a2", "a1", "a0"]
    assert rows[0]["command"] == ""
    lines = client.get("/api/export?format=jsonl&code=crashed").text.splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["b"]
    assert json.loads(lines[0])["command"] == "tilework retry b"
    assert client.get("/api/export?format=xml").status_code == 422


def test_an_export_too_long_for_one_answer_names_the_next(
    client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "EXPORT_ROWS", 2)
    for number in range(5):
        world.put_row(f"a{number}", state=State.FAILED, code="damaged", updated=float(number))
    address, found = "/api/export?format=jsonl&code=damaged", []
    while address:
        answer = client.get(address)
        found += [json.loads(line)["id"] for line in answer.text.splitlines()]
        link = answer.headers.get("link", "")
        address = link.partition("<")[2].partition(">")[0]
    assert found == ["a4", "a3", "a2", "a1", "a0"]


def test_lists_are_told_page_by_page_of_a_state_a_batch_or_all(client: Client, world: World) -> None:
    for number in range(7):
        state = State.FAILED if number % 2 else State.DONE
        world.put_row(f"a{number}", state=state, batch="one", updated=float(number // 2))
    for query in ("", "&state=FAILED", "&batch=one", "&state=DONE&batch=one"):
        expected = [job["id"] for job in client.get(f"/api/jobs?{query}").json()["jobs"]]
        found: list[str] = []
        before = ""
        while True:
            place = f"&before={before}" if before else ""
            answer = client.get(f"/api/jobs?limit=2{query}{place}").json()
            found += [job["id"] for job in answer["jobs"]]
            before = answer["next"]
            assert bool(before) is answer["truncated"]
            if not before:
                break
        assert found == expected


def test_a_list_begins_before_a_time_or_refuses_what_is_none(client: Client, world: World) -> None:
    world.put_row("old", updated=1_763_976_000.0)
    world.put_row("new", updated=1_763_977_000.0)
    told = client.get("/api/jobs", params={"before": "2025-11-24T09:30:00Z"}).json()
    assert [job["id"] for job in told["jobs"]] == ["old"]
    problem = client.get("/api/jobs?before=yesterday")
    assert (problem.status_code, problem.json()["code"]) == (422, "bad_cursor")


def test_statistics_are_what_the_keeper_counted(client: Client, world: World, keeper: Keeper) -> None:
    from tests.master.test_keeper import tell

    tell(world, "ended", seconds_cpu=1.5, pixels=3_000_000, source_bytes=100)
    keeper.fold_notices()
    (day,) = client.get("/api/statistics").json()["days"]
    assert day["day"] == "2025-11-24"
    assert (day["total"]["failed"], day["total"]["codes"]) == (1, {"damaged": 1})
    assert day["pipelines"]["blur(9)"]["cpu_seconds"] == 1.5
    assert client.get("/api/statistics?days=0").status_code == 422
    page = client.get("/statistics").text
    assert "blur(9)" in page
    assert "1 damaged" in page
