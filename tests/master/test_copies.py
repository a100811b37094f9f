"""What a job's page gives to be copied, and the beginning of a report."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer.main
from botocore import xform_name
from botocore.session import get_session

from master.copies import copies
from tilework.cli.app import app
from tilework.jobs.job import State

if TYPE_CHECKING:
    from tests.master.conftest import Client, World

HOSTILE = "in/a b'; rm -rf $HOME `x`.png"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where somebody types what was copied."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(client: Client, job: str = "a") -> dict[str, str]:
    detail = client.get(f"/api/jobs/{job}").json()
    return {each["what"]: each["text"] for each in detail["copies"]}


def test_paths_and_commands_name_what_there_is(client: Client, world: World) -> None:
    world.put_row("a", key="in/a.png", state=State.RUNNING)
    assert set(told(client)) == {"input_address", "fetch_input", "submit", "process"}
    world.put_row("b", key="in/a.png", state=State.DONE, result_key="results/a.png")
    found = told(client, "b")
    assert found["input_address"] == "s3://memory-input/in/a.png"
    assert found["result_address"] == "s3://memory-output/results/a.png"
    assert shlex.split(found["submit"]) == ["tilework", "submit", "a.png", "--pipeline", "blur(9)", "--wait"]
    assert shlex.split(found["fetch_result"])[:4] == ["aws", "s3", "cp", "s3://memory-output/results/a.png"]


def test_no_shell_sees_more_than_one_word_in_a_name(client: Client, world: World) -> None:
    world.put_row("a", key=HOSTILE, state=State.DONE, result_key="results/a.png")
    found = told(client)
    assert shlex.split(found["fetch_input"])[6] == HOSTILE
    assert shlex.split(found["submit"])[2] == HOSTILE.partition("/")[2]
    world.put_row("b", key="in/-rf.png", state=State.DONE, result_key="results/a.png")
    assert shlex.split(told(client, "b")["submit"])[2] == "./-rf.png"


@pytest.mark.parametrize(
    "pipeline",
    [
        "blur(9)",
        "page(2) | blur(9) | output(tiff)",
        "histogram | output(csv)",
        "grayscale | output(dzi)",
        "overlay(logo)",
        "operation_of_somebody(3)",
    ],
)
@pytest.mark.parametrize("name", ["a.png", "a b's.tif", "-rf.png"])
def test_every_command_is_one_that_its_program_takes(
    client: Client, world: World, folder: Path, pipeline: str, name: str
) -> None:
    (folder / name).touch()
    world.put_row("a", key=f"in/{name}", state=State.DONE, pipeline=pipeline)
    found = told(client)
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for what in ("submit", "process"):
        program, command, *arguments = shlex.split(found[what])
        assert program == "tilework"
        given = commands[command].make_context(command, arguments).params
        assert given["pipeline"] == pipeline
        assert Path(name) in (given.get("source"), *given.get("paths", ()))
    assert given["destination"] == "results/"
    assert bool(given["pictures"]) == (pipeline == "overlay(logo)")


def test_the_download_by_the_aws_command_line_has_the_options_of_that(client: Client, world: World) -> None:
    world.put_row("a", key="in/a.png", state=State.DONE, result_key="results/a.png")
    words = shlex.split(told(client)["fetch_input"])
    shape = get_session().get_service_model("s3").operation_model("GetObject").input_shape
    assert shape is not None
    assert words[:3] == ["aws", "s3api", "get-object"]
    assert {xform_name(each, "-") for each in shape.members} >= {
        each.removeprefix("--") for each in words[3:] if each.startswith("--")
    } - {"endpoint-url"}


@pytest.mark.parametrize(
    ("link", "named"),
    [
        ("https://bucket.s3.eu-north-1.amazonaws.com/a?X", False),
        ("http://127.0.0.1:4566/bucket/a?X", True),
    ],
)
def test_where_s3_is_no_amazons_it_is_named(world: World, link: str, named: bool) -> None:
    row = world.put_row("a", key="in/a.png", state=State.DONE, result_key="results/a.png")
    texts = [each.text for each in copies(row, world.system, name="a.png", result_name="b.png", link=link)]
    ending = "--endpoint-url http://127.0.0.1:4566"
    assert [text.endswith(ending) for text in texts if text.startswith("aws ")] == [named, named]


def test_a_message_that_nobody_can_read_has_none(client: Client, world: World) -> None:
    world.put_row("a", key="", state=State.FAILED)
    assert told(client) == {}


def test_the_beginning_of_a_report_can_be_read(client: Client, world: World) -> None:
    body = b"bin,count\n" + b"".join(b"%d,%d\n" % (each, each) for each in range(9))
    world.system.outputs.put("results/a.csv", body, metadata={}, content_type="text/csv")
    world.put_row("a", state=State.DONE, result_key="results/a.csv")
    whole = client.get("/api/jobs/a/report").json()
    assert whole == {"format": "csv", "text": body.decode(), "bytes": len(body), "truncated": False}
    part = client.get("/api/jobs/a/report?most=20").json()
    assert (part["text"], part["truncated"]) == ("bin,count\n0,0\n1,1\n", True)


def test_what_is_no_report_is_not_read(client: Client, world: World) -> None:
    world.put_row("a", state=State.DONE, result_key="results/a.png")
    answer = client.get("/api/jobs/a/report")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_report")


def test_a_report_that_is_no_text_is_still_json(client: Client, world: World) -> None:
    world.system.outputs.put("results/a.json", b'\xff"\x00', metadata={}, content_type="application/json")
    world.put_row("a", state=State.DONE, result_key="results/a.json")
    assert json.loads(client.get("/api/jobs/a/report").text)["text"] == '\ufffd"\x00'
