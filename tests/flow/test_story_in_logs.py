"""The story of one job is found by its id in the logs of all processes; an ordinary job costs two lines."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import psutil

from tests.flow.pictures import noise, png
from tests.flow.test_large_image import PIPELINE, has_come_to, large, picture  # noqa: F401 - fixtures
from tests.waiting import wait_for
from tilework.jobs.job import State

if TYPE_CHECKING:
    from tests.flow.running_system import RunningSystem

PHOTO = png(noise(700, 900))

Line = dict[str, Any]

MOST_BYTES = 700
"""Of the lines about one photo at INFO; docs/logs-and-metrics.md reckons with it."""


MAKER = "rank|guarded child"


def grep(running: RunningSystem, job: str) -> list[Line]:
    """All lines with the id in them, in the order of their time."""
    texts = [path.read_text() for path in (running.state / "logs").glob("*.log")]
    # the last line may still be being written
    whole = [line for text in texts for line in text[: text.rfind("\n") + 1].splitlines()]
    found = [json.loads(line) for line in whole if job in line]
    return sorted((line for line in found if line.get("job") == job), key=lambda line: str(line["time"]))


def all_lines(running: RunningSystem, name: str) -> list[Line]:
    """Every line of a log, each of which is a JSON object."""
    return [json.loads(line) for line in (running.state / "logs" / name).read_text().splitlines()]


def wait_for_lines(running: RunningSystem, job: str, process: str) -> list[Line]:
    """The lines of a process with the id in them, as soon as there are any."""
    found: list[Line] = []

    def look() -> list[Line]:
        found[:] = [line for line in grep(running, job) if line["process"] == process]
        return found

    wait_for(look, 30)
    return found


def story(running: RunningSystem, job: str) -> list[Line]:
    """The same, once the keeper has told the end."""
    wait_for_lines(running, job, "keeper")
    return grep(running, job)


def said(lines: list[Line], *wanted: tuple[str, str]) -> list[Line]:
    """The lines by such processes that begin so (patterns), each after the one before."""
    found, position = [], 0
    for process, begin in wanted:
        place = next(
            (
                index
                for index, line in enumerate(lines[position:], position)
                if re.fullmatch(process, line["process"]) and re.match(begin, line["message"])
            ),
            None,
        )
        assert place is not None, (process, begin, [(line["process"], line["message"]) for line in lines])
        found.append(lines[place])
        position = place + 1
    return found


def test_a_photo_whose_rank_is_killed_is_followed_by_its_id_from_claim_to_keeper(
    running: RunningSystem,
) -> None:
    gate = running.state / "gate"
    gate.mkdir()
    try:
        job = running.drop("story/photo.png", PHOTO, pipeline="wait_at_gate() | invert()")
        wait_for(lambda: list(gate.iterdir()), 30)
        # a rank's line comes through its mpiexec and its supervisor
        (begins,) = wait_for_lines(running, job, "rank")
        psutil.Process(begins["pid"]).kill()
        wait_for(lambda: len(list(gate.iterdir())) == 2, 30)
    finally:
        shutil.rmtree(gate)
    assert running.ended([job])[job].state is State.DONE
    killed = re.escape(
        f"The MPI world died: rank {begins['rank']} (pid {begins['pid']}) was killed by signal 9 (SIGKILL)"
    )
    lines = story(running, job)
    told = said(
        lines,
        ("supervisor", "Claimed: story/photo.png"),
        ("supervisor", "Fed to the world."),
        ("rank", "Begins."),
        ("supervisor", "Is fed again"),
        ("supervisor", f"Suspected of ending its world: {killed} while running the operations."),
        ("supervisor", "Fed to the world."),
        ("rank", "Begins, under guard."),
        ("guarded child", "A guarded child works."),
        ("rank|guarded child", "Stored: results/story/photo"),
        ("supervisor", "DONE after"),
        ("keeper", "Told that it is DONE"),
    )
    assert {line["attempt"] for line in told[:-1]} == {1}
    assert {line["host"] for line in told[:-1]} == {"local-1"}
    assert told[2]["rank"] == begins["rank"]
    assert told[7]["rank"] == told[8]["rank"]
    assert told[7]["pid"] != told[8]["pid"]


def test_a_large_image_is_followed_by_its_id_through_its_units(
    running: RunningSystem,
    large: bytes,  # noqa: F811
) -> None:
    job = running.drop("story/scan.tif", large, pipeline=PIPELINE)
    wait_for(lambda: has_come_to(running, job), 30)
    running.ranks()[-1].kill()
    row = running.ended([job])[job]
    lines = story(running, job)
    said(
        lines,
        ("supervisor", "Claimed: story/scan.tif"),
        ("rank", "Begins."),
        ("supervisor", "Goes on in stages"),
        ("supervisor", r"The stage 0-write has been sent: \d+ units\."),
        ("supervisor", r"The stage \d-assemble has been sent: 1 units\."),
        # in a guarded child where ranks have been dying of late
        ("rank|guarded child", "Stored: results/story/scan"),
        ("supervisor", "DONE after"),
        ("keeper", "Told that it is DONE"),
    )
    of_units = [line for line in lines if line.get("unit")]
    committed = {line["unit"] for line in of_units if line["message"] == "Committed."}
    assert len(committed) == row.units_in_all - 1
    for unit in committed:
        of_one = [line for line in of_units if line["unit"] == unit]
        said(of_one, ("supervisor", "Claimed."), ("supervisor", "Fed"), ("rank", "Begins"), (MAKER, "Made."))
    assert all(line["attempt"] for line in of_units)
    assert any(line["message"].startswith("Is fed again, as its world has died") for line in of_units)


def test_an_ordinary_photo_costs_two_short_lines_without_the_details(running: RunningSystem) -> None:
    job = running.drop("story/ordinary.png", PHOTO, pipeline="invert()")
    running.ended([job])
    plain = [line for line in story(running, job) if line["level"] != "DEBUG"]
    assert [line["message"].split()[0] for line in plain] == ["Claimed:", "DONE"]
    assert sum(len(json.dumps(line)) + 1 for line in plain) < MOST_BYTES


def test_what_a_library_prints_in_a_rank_reaches_the_supervisors_log_with_its_rank(
    running: RunningSystem,
) -> None:
    job = running.drop("story/speaker.png", PHOTO, pipeline="speak()")
    running.ended([job])

    def spoken() -> list[Line]:
        return [line for line in all_lines(running, "supervisor-1.log") if line["message"] == "spoken in C"]

    wait_for(spoken, 30)
    assert all_lines(running, "master.log")
    (line,) = spoken()
    assert (line["process"], line["level"], line["message"]) == ("world", "INFO", "spoken in C")
    assert line["rank"] >= 1
