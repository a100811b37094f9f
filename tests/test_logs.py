"""What a log line tells, in which form, and that nothing logged on behalf of a job lacks its name."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tilework.errors import SettingsError
from tilework.guard.child import Bounds, run_guarded
from tilework.logs import LogSettings, about, all_about, log_to_stderr, pass_on, pass_on_words, told_line

log = logging.getLogger("tests.logs")


pytestmark = pytest.mark.usefixtures("logging_restored")


def lines(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capfd.readouterr().err.splitlines()]


def test_a_line_tells_when_what_and_who(capfd: pytest.CaptureFixture[str]) -> None:
    log_to_stderr("rank", host="host-1", rank=2)
    log.warning("Slow: %d s.", 7)
    (line,) = lines(capfd)
    assert list(line) == ["time", "level", "message", "process", "host", "rank", "pid"]
    assert line["time"][10] == "T"
    assert line["time"].endswith("Z")
    assert (line["level"], line["message"]) == ("WARNING", "Slow: 7 s.")
    assert (line["process"], line["host"], line["rank"], line["pid"]) == ("rank", "host-1", 2, os.getpid())


def test_everything_logged_about_a_job_bears_its_name_and_nothing_later(
    capfd: pytest.CaptureFixture[str],
) -> None:
    log_to_stderr("supervisor")
    with about(job="a", attempt=1):
        logging.getLogger("botocore").warning("odd")
        with about(unit="2-write/3"):
            log.info("within")
        log.info("again", extra={"attempt": 2})
    log.info("after")
    facts = [{name: line.get(name) for name in ("job", "unit", "attempt")} for line in lines(capfd)]
    assert facts == [
        {"job": "a", "unit": None, "attempt": 1},
        {"job": "a", "unit": "2-write/3", "attempt": 1},
        {"job": "a", "unit": None, "attempt": 2},
        {"job": None, "unit": None, "attempt": None},
    ]


def test_threads_do_not_mix_up_their_jobs(capfd: pytest.CaptureFixture[str]) -> None:
    log_to_stderr("supervisor")
    together = threading.Barrier(2)

    def work(job: str) -> None:
        with about(job=job):
            together.wait(30)
            log.info("%s", job)

    threads = [threading.Thread(target=work, args=(job,)) for job in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {(line["message"], line["job"]) for line in lines(capfd)} == {("a", "a"), ("b", "b")}


def test_threads_that_help_with_the_one_task_of_a_rank_bear_its_name(
    capfd: pytest.CaptureFixture[str],
) -> None:
    log_to_stderr("rank", rank=2)
    with ThreadPoolExecutor(1) as pool:
        with all_about(job="a"):
            pool.submit(log.warning, "a slow store").result()
        pool.submit(log.warning, "idle").result()
    assert [(line["rank"], line.get("job")) for line in lines(capfd)] == [(2, "a"), (2, None)]


def test_a_guarded_child_says_that_it_is_one_and_for_which_job(capfd: pytest.CaptureFixture[str]) -> None:
    log_to_stderr("rank", host="host-1", rank=2)
    with about(job="a", attempt=1):
        run_guarded(log.info, Bounds(10, 30, 1 << 29), "from the child")
        log.info("from the parent")
    child, parent = lines(capfd)
    assert (child["process"], child["rank"], child["job"]) == ("guarded child", 2, "a")
    assert child["pid"] != os.getpid()
    assert (parent["process"], parent["pid"]) == ("rank", os.getpid())


def test_a_line_of_another_process_is_passed_on_as_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    log_to_stderr("rank", host="host-1", rank=2)
    with about(job="a", unit="1-write/0", attempt="f00"):
        log.warning("from the rank")
    said = capfd.readouterr().err
    log_to_stderr("supervisor", host="host-1")
    told = told_line(said)
    assert told is not None
    with about(job="b"):
        pass_on(told)
    assert capfd.readouterr().err == said


def test_what_is_no_line_of_ours_is_told_with_its_rank(capfd: pytest.CaptureFixture[str]) -> None:
    log_to_stderr("supervisor", host="host-1")
    for words in ("libpng warning: odd", '{"time": "now", "level": 7}', '{"time": "', "50 %s off"):
        assert told_line(words) is None
        pass_on_words(words, rank=3)
    pass_on_words("from mpiexec")
    told = lines(capfd)
    assert [line["message"] for line in told][::3] == ["libpng warning: odd", "50 %s off"]
    assert {(line["process"], line["host"], line["level"]) for line in told} == {("world", "host-1", "INFO")}
    assert [line.get("rank") for line in told] == [3, 3, 3, 3, None]
    assert not any("pid" in line for line in told)


def test_a_line_is_never_so_long_that_a_log_driver_would_tear_it(capfd: pytest.CaptureFixture[str]) -> None:
    def fail(words: str) -> None:
        raise ValueError(words)

    log_to_stderr("supervisor")
    for letter in ("x", "ü", "\0", "🦊"):
        try:
            fail(letter * 100_000)
        except ValueError:
            log.exception("Message: %s", letter * 100_000)
        (line,) = capfd.readouterr().err.splitlines()
        assert 5_000 < len(line) < 1 << 14
        told = json.loads(line)
        assert told["message"].startswith(f"Message: {letter}")
        assert told["traceback"].endswith(letter)


def test_a_terminal_gets_text(capfd: pytest.CaptureFixture[str]) -> None:
    log_to_stderr("supervisor", LogSettings(form="text"), host="host-1")
    log.info("Claimed: %s", "a photo.jpg", extra={"job": "f00"})
    pass_on_words("libpng warning: odd", rank=3)
    first, second = capfd.readouterr().err.splitlines()
    assert first.endswith(" INFO Claimed: a photo.jpg (job f00)")
    assert second.endswith(" INFO [rank 3] libpng warning: odd")


def test_details_are_told_only_where_they_are_asked_for(capfd: pytest.CaptureFixture[str]) -> None:
    for level, expected in (("INFO", 1), ("DEBUG", 2), ("WARNING", 0)):
        log_to_stderr("supervisor", LogSettings.from_environment({"TILEWORK_LOG_LEVEL": level.lower()}))
        log.info("told")
        log.debug("a detail")
        logging.getLogger("botocore").debug("a detail of the library's")
        assert len(lines(capfd)) == expected


@pytest.mark.parametrize("name", ["TILEWORK_LOG_LEVEL", "TILEWORK_LOG_FORMAT"])
def test_a_setting_that_makes_no_sense_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=rf"{name} must be .*, not 'LOUD'|{name} must be .*, not 'loud'"):
        LogSettings.from_environment({name: "loud"})


def test_without_a_stderr_nothing_breaks() -> None:
    program = "from tilework.logs import log_to_stderr\nimport logging\nlog_to_stderr('rank')\nlogging.warning('lost')"
    done = subprocess.run([sys.executable, "-c", f"import os\nos.close(2)\n{program}"], check=False)
    assert done.returncode == 0
