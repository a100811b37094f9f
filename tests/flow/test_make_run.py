"""What `make run` starts survives the worst end, and leaves nothing behind a good one."""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from tests.flow.pictures import noise, png
from tests.flow.running_system import RunningSystem, everything_below, start
from tests.waiting import wait_for
from tilework.jobs.job import State

TO_BE_SAID = 7
"""The samples that a run with ONCE=1 drops: five operations and two chains."""


def listening(url: str) -> bool:
    address = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((address.hostname, address.port)) == 0


def test_a_system_killed_without_a_word_keeps_its_jobs_and_ends_in_order_after_its_samples(
    aws_credentials: None, tmp_path: Path
) -> None:
    shared_memory = set(os.listdir("/dev/shm"))
    first = start(tmp_path / "state", RANKS="1", SAMPLES="0")
    jobs = [first.drop(f"{n}.png", png(noise(40, 50, seed=n)), pipeline="invert()") for n in range(3)]
    jobs.append(first.drop("bad.png", b"no image"))
    before = first.ended(jobs)
    everything = everything_below(first.launcher.pid)
    for process in everything:
        # some end by themselves when what they hang on is gone
        with suppress(psutil.NoSuchProcess):
            process.kill()
    first.launcher.wait(30)
    psutil.wait_procs(everything, timeout=10)

    second = start(tmp_path / "state", RANKS="1", ONCE="1")
    below = everything_below(second.launcher.pid)
    after = second.ended(jobs)
    for job in jobs[:3]:
        assert (after[job].state, after[job].result_key) == (State.DONE, before[job].result_key)
        assert second.result(after[job])
    assert (after[jobs[3]].state, after[jobs[3]].code) == (State.FAILED, "not_an_image")

    assert second.launcher.wait(120) == 0, second.log.read_text()
    told = second.log.read_text()
    assert told.count("s3://tilework-local-output/results/samples/") == TO_BE_SAID
    assert_nothing_is_left(second, below, shared_memory)


def test_an_interrupt_to_the_whole_group_ends_everything_in_order_within_25_seconds(
    aws_credentials: None, tmp_path: Path
) -> None:
    shared_memory = set(os.listdir("/dev/shm"))
    system = start(tmp_path / "state", RANKS="1", SUPERVISORS="2", SAMPLES="0")
    assert len(system.supervisors()) == 2
    below = everything_below(system.launcher.pid)
    for n in range(20):
        system.drop(f"{n}.png", png(noise(400, 500, seed=n)), pipeline="blur(9)")
    began = time.monotonic()
    os.killpg(system.launcher.pid, signal.SIGINT)
    system.launcher.wait(60)
    assert time.monotonic() - began < 25
    assert system.launcher.returncode == 0
    assert_nothing_is_left(system, below, shared_memory)


def assert_nothing_is_left(system: RunningSystem, below: list[psutil.Process], memory: set[str]) -> None:
    _, alive = psutil.wait_procs(below, timeout=5)
    assert alive == []
    assert not listening(system.environment["TILEWORK_URL"])
    assert not listening(system.environment["AWS_ENDPOINT_URL"])
    assert not (system.state / "local.env").exists()
    # what other tests have there at the same time goes, too
    left = set(os.listdir("/dev/shm")) - memory
    wait_for(lambda: not left & set(os.listdir("/dev/shm")), what=f"{left} are removed")
    assert [
        path for path in Path("/tmp").glob("ministack-*") if path.stat().st_mtime > time.time() - 60
    ] == []
