"""The story of a job, as a person reads it, and the table of failures with its ready command lines."""

from __future__ import annotations

import csv
import io
import json
import shlex
import subprocess
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.jobs.test_life import World
from tilework.errors import CrashedError, DamagedImageError, UnexpectedError
from tilework.jobs.export import COLUMNS, Format, lines, record
from tilework.jobs.job import Job, State
from tilework.jobs.story import Kind, Line, next_steps, story
from tilework.jobs.transitions import MAX_ATTEMPTS, Outcome
from tilework.shown import shell_word


def told(job: Job) -> list[str]:
    return [line.text for line in story(job)]


def test_the_story_names_attempts_hosts_ranks_reasons_and_times() -> None:
    world = World()
    world.life.release(world.claim(owner="host-1").job, UnexpectedError("The disk was full."), rank=3)
    world.clock.now += 2
    world.claim(owner="host-2")
    world.clock.now += 100
    job = world.claim(owner="host-3").job
    world.clock.now += 1.25
    world.life.done(job, Outcome(result_key="results/photo.png", rank=1))
    lines = story(world.row())
    assert [line.text for line in lines] == [
        "Entered in the job table, to go through invert().",
        "Attempt 1 on host-1, rank 3: failed, to be tried again, after 0.00 s (unexpected): The disk was full.",
        "Attempt 2 on host-2: lost without a word after 60.00 s.",
        "Attempt 3 on host-3, rank 1: done after 1.25 s.",
        "DONE: its result is stored as results/photo.png.",
    ]
    assert [line.at for line in lines] == [1000, 1000, 1002, 1102, 1103.25]


def test_the_story_tells_what_a_user_and_the_keeper_did() -> None:
    world = World()
    for _ in range(MAX_ATTEMPTS):
        world.life.release(world.claim().job, UnexpectedError("odd"))
    exhausted = world.life.exhaust(world.row())
    assert exhausted is not None
    world.life.retry(exhausted)
    world.life.cancel(world.row())
    lines = told(world.row())
    assert "The keeper found it without attempts left: failed after 0.00 s (no_attempts_left)" in lines[-4]
    assert "tried again" in lines[-3]
    assert lines[-2:] == ["A user called it off.", "CANCELLED."]


def test_what_is_under_way_or_waits_says_so() -> None:
    world = World()
    job = world.claim().job
    assert told(job)[-1] == "Attempt 1 on host-1: under way."
    assert told(world.life.release(job))[-1] == "It waits for a worker."


def test_what_can_be_done_is_a_command_that_is_ready(tmp_path: object) -> None:
    world = World()
    failed = world.life.end(world.claim().job, State.FAILED, failure=CrashedError("It died."))
    assert next_steps(failed) == [
        f"tilework retry {failed.id}",
        "tilework rerun photo.jpg --version v1 --pipeline 'invert()'",
    ]
    assert next_steps(replace(failed, code="bad_pipeline", pipeline="blurr(9)"))[0] == (
        "tilework rerun photo.jpg --version v1 --pipeline 'blurr(9)'"
    )
    assert next_steps(replace(failed, code="damaged")) == []
    assert next_steps(replace(failed, state=State.CANCELLED, code=""))[0] == f"tilework retry {failed.id}"
    assert next_steps(replace(failed, key="")) == []
    assert next_steps(replace(failed, state=State.RUNNING)) == [f"tilework cancel {failed.id}"]
    assert next_steps(replace(failed, state=State.DONE)) == []


@given(some.text(some.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40))
def test_a_word_of_a_command_line_is_one_word_and_shows_nothing_invisible(text: str) -> None:
    word = shell_word(text)
    assert "\x1b" not in word
    assert "\u202e" not in word
    if not word.startswith("$'"):
        assert shlex.split(word) == [text]


@pytest.mark.parametrize("text", ["a\nb", "it's \x1b[31m", "\u202egpj.exe ü", "back\\slash\x07", "\u200bx'"])
def test_a_shell_reads_the_quoted_word_as_it_was(text: str) -> None:
    printed = subprocess.run(
        ["bash", "-c", f"printf %s {shell_word(text)}"], capture_output=True, check=True
    ).stdout
    assert printed.decode() == text


def failures() -> list[Job]:
    base = Job("ab" * 16, "in", "day 1/=1+1.jpg", "v1", State.FAILED, pipeline="blur(9)", code="damaged")
    world = World()
    real = world.life.end(world.claim().job, State.FAILED, failure=DamagedImageError('It is "cut", \nshort.'))
    return [real, replace(base, key='=cmd|" /C calc"!A0', owner="@x", created=1e9, ended=1e9 + 1)]


def test_an_export_names_which_why_and_how_to_rerun_in_both_forms() -> None:
    jobs = failures()
    rows = list(csv.DictReader(io.StringIO("".join(lines(jobs, Format.CSV)))))
    objects = [json.loads(line) for line in lines(jobs, Format.JSONL)]
    assert tuple(rows[0]) == tuple(objects[0]) == COLUMNS
    for row, told, job in zip(rows, objects, jobs, strict=True):
        assert (row["id"], row["code"], row["command"]) == (job.id, "damaged", "")
        assert told == record(job)
        assert told["key"] == job.key
    assert rows[0]["reason"] == 'It is "cut", \nshort.'
    assert rows[0]["host"] == "host-1"
    assert (rows[1]["created"], rows[1]["ended"]) == (
        "2001-09-09T01:46:40+00:00",
        "2001-09-09T01:46:41+00:00",
    )


def test_a_spreadsheet_computes_nothing_that_a_key_says() -> None:
    rows = list(csv.reader(io.StringIO("".join(lines(failures(), Format.CSV)))))
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]


def test_an_export_of_nothing_is_a_head_or_nothing() -> None:
    assert "".join(lines([], Format.CSV)).strip() == ",".join(COLUMNS)
    assert list(lines([], Format.JSONL)) == []


def test_a_job_in_stages_tells_how_far_it_has_come() -> None:
    row = Job(
        "a", "b", "k", "v", State.RUNNING, stage="2-write", units_done=frozenset({1, 5}), units_behind=6, units_in_all=64,
        created=1.0, touched=9.0,
    )  # fmt: skip
    text = "In the stage 2-write: 8 of 64 units are done."
    assert story(row)[-1] == Line(9.0, text, Kind.STAGE, reason=text)


def test_a_line_is_told_in_its_parts_as_well() -> None:
    world = World()
    world.life.release(world.claim(owner="host-1").job, UnexpectedError("The disk was full."), rank=3)
    world.clock.now += 1
    world.life.end(world.claim(owner="host-2").job, State.FAILED, failure=DamagedImageError("cut short"))
    first, second, end = story(world.row())[1:]
    assert (first.kind, first.number, first.host, first.rank) == (Kind.ATTEMPT, 1, "host-1", 3)
    assert (first.outcome, first.code, first.reason) == ("try again", "unexpected", "The disk was full.")
    assert (second.outcome, second.code) == ("failed", "damaged")
    # not told twice
    assert (end.kind, end.outcome, end.code, end.reason) == (Kind.ENDED, "FAILED", "", "")
    rejected = Job("ab" * 16, "in", "", "", State.FAILED, code="unreadable_message", reason="Odd.")
    assert [(line.kind, line.code, line.reason) for line in story(rejected)] == [
        (Kind.UNREADABLE, "", ""),
        (Kind.ENDED, "unreadable_message", "Odd."),
    ]
