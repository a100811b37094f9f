"""What the processes of a world say is kept and passed on, by rank, and never without bound."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from tilework.logs import log_to_stderr
from tilework.world import words as module
from tilework.world.words import MOST_LINES, Words


@pytest.fixture(autouse=True)
def supervisor(logging_restored: None) -> None:
    log_to_stderr("supervisor", host="host-1")


def say(path: Path, *pieces: bytes, clock: object = None) -> None:
    reading, writing = os.pipe()
    log = (path / "world.log").open("ab", buffering=0)
    words = Words(os.fdopen(reading, "rb", 0), log, **({"clock": clock} if clock else {}))  # type: ignore[arg-type]
    for piece in pieces:
        os.write(writing, piece)
    os.close(writing)
    words.settle(30)
    assert log.closed


def told(capfd: pytest.CaptureFixture[str]) -> list[tuple[object, str]]:
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    return [(line.get("rank"), line["message"]) for line in lines]


def test_each_line_is_told_with_the_rank_that_said_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    say(
        tmp_path,
        b"[1,0]<stdout>: one\n[1,2]<std",
        b"err>: t\xc3\xbcrn\n\n[1,1]<stderr>: \nmpiexec itself\n",
        b"[1,2]<stderr>: last words[1,1]<stderr>: of another",
    )
    assert told(capfd) == [
        (0, "one"), (2, "türn"), (None, "mpiexec itself"), (2, "last words"), (1, "of another")
    ]  # fmt: skip
    assert (tmp_path / "world.log").read_text().splitlines() == [
        "rank 0: one", "rank 2: türn", "mpiexec itself", "rank 2: last words", "rank 1: of another"
    ]  # fmt: skip


def test_the_ranks_own_lines_are_told_as_they_are(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    own = '{"time": "2026-11-30T00:00:00.000Z", "level": "WARNING", "message": "m", "process": "rank", "rank": 2, "job": "a"}'
    say(tmp_path, f"[1,2]<stderr>: {own}\n".encode())
    line = json.loads(capfd.readouterr().err)
    assert {**line, **json.loads(own)} == line
    assert line["host"] == "host-1"
    assert (tmp_path / "world.log").read_text() == f"{own}\n"


def test_who_prints_without_end_is_cut_short_each_minute_and_our_own_lines_still_come(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    own = b'[1,2]<stderr>: {"time": "2026-11-30T00:00:00.000Z", "level": "INFO", "message": "own"}\n'
    reading, writing = os.pipe()
    words = Words(
        os.fdopen(reading, "rb", 0), (tmp_path / "world.log").open("ab", buffering=0), lambda: now[0]
    )
    os.write(writing, (b"[1,1]<stdout>: endless\n" + b'[1,1]<stdout>: {"time": "endless\n') * 500 + own)
    # looked at, not taken: what is written while it is taken would be lost
    while b'"own"' not in os.pread(2, 1 << 20, 0):
        time.sleep(0.01)
    first = told(capfd)
    now[0] = 61.0
    os.write(writing, b"[1,1]<stdout>: another minute\n")
    os.close(writing)
    words.settle(30)
    assert first == [(1, "endless"), (1, '{"time": "endless')] * (MOST_LINES // 2) + [(None, "own")]
    assert told(capfd) == [
        (None, "700 lines that the ranks printed were left out here."),
        (1, "another minute"),
    ]
    assert (tmp_path / "world.log").read_text().count("endless") == 1000


def test_the_log_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOG_BYTES", 10_000)
    say(tmp_path, *[b"x" * 999 + b"\n"] * 100, b"end\n")
    kept = (tmp_path / "world.log").read_bytes()
    assert len(kept) <= 11_000
    assert kept.endswith(b"end\n")


def test_a_line_without_an_end_takes_no_memory_without_end(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    say(tmp_path, *[b"x" * 4096] * 100)
    assert (tmp_path / "world.log").stat().st_size >= 4096 * 100
    assert 1 < len(capfd.readouterr().err.splitlines()) < 10
