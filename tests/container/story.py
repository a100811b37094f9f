"""What the container goes through: first result, a look at it, photos, a scan, a dead rank, a crash, a spot notice, its end."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import psutil

from tests.container import plugin
from tests.container.running import (
    DRAINED,
    NAME,
    RANK_SCORE,
    TAKES_WORK,
    Confinement,
    Container,
    largest_nameless_file,
    mounts,
)
from tests.flow.pictures import decoded, jpeg, noise, png
from tests.waiting import wait_for
from tilework.jobs.job import State
from worker_image.departure import EXIT_SECONDS
from worker_image.host_notices import SPOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.container.engine import Engine
    from tests.container.launch import Launch
    from tests.faults.ec2_host import Ec2Host
    from tests.flow.running_system import RunningSystem

UID = 10001
DIRECTORY = "/tmp/tilework-world"
PHOTOS = 24
SLOW = "blur(99) | blur(99)"
"""Some seconds of work for a photo."""

SCAN_HEIGHT, SCAN_WIDTH = 14_000, 16_000
DONE_SECONDS = 600.0

WRITABLE = """
import os
for folder, below, _ in os.walk("/"):
    if folder == "/proc":
        below.clear()
    elif os.access(folder, os.W_OK):
        print(folder)
        below.clear()
"""
"""Prints the uppermost folders that its process may write to; what it owns in /proc is itself."""

NOTICE = timedelta(seconds=120)
"""What a spot host has from its notice."""


@dataclass
class Story:
    """Told by :meth:`steps`; ``say`` prints a line, ``figures`` are what was measured."""

    engine: Engine
    system: RunningSystem
    ec2: Ec2Host
    launch: Launch
    say: Callable[[str], None]
    figures: dict[str, float] = field(default_factory=dict)
    jobs: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.container = Container(self.engine)
        self._photo = jpeg(noise(3000, 4000, seed=1))

    def run(self) -> None:
        """All of it; AssertionError where the container does not do what it is for."""
        for step in (
            self.starts, self.is_confined, self.works, self.works_on_a_scan, self.loses_a_rank, self.is_killed,
            self.gets_a_notice, self.is_stopped, self.has_lost_nothing,
        ):  # fmt: skip
            began = time.monotonic()
            try:
                self.say(f"{step()} ({time.monotonic() - began:.0f} s)")
            except BaseException:
                self.say(
                    f"failed: {step.__name__}; the container's last words:\n{self.container.last_words()}"
                )
                raise

    # --- the steps, each of which tells what it has seen --------------------------------------------------------------

    def starts(self) -> str:
        photo = self._drop(1, "blur(9)")
        began = time.monotonic()
        self.engine.run(*self.launch.command)
        self.container.await_saying(TAKES_WORK)
        self.figures["takes work"] = time.monotonic() - began
        self.system.ended(photo)
        self.figures["first result"] = time.monotonic() - began
        return (
            f"started: takes work after {self.figures['takes work']:.1f} s, first result (12 MP, blur(9)) after "
            f"{self.figures['first result']:.1f} s"
        )

    def is_confined(self) -> str:
        processes = self.container.processes()
        wanted = Confinement(frozenset({UID}), 0, no_new_privileges=True, filtered=True)
        for process in processes:
            assert Confinement.of(process.pid) == wanted, (process, Confinement.of(process.pid))
        ranks = self.container.ranks()
        assert ranks
        scores = sorted(int(Path(f"/proc/{rank.pid}/oom_score_adj").read_text()) for rank in ranks)
        # rank 0 computes nothing, and is spared as the supervisor is
        assert scores[1:] == [RANK_SCORE] * (len(ranks) - 1), scores
        mounted = mounts(processes[0].pid)
        assert "ro" in mounted["/"][1]
        writable = set(self.engine.run("exec", NAME, "python", "-c", WRITABLE).split())
        assert writable == {"/tmp", "/dev/shm", "/dev/mqueue"}, writable
        disk, shared = (mounted[place][0] for place in (DIRECTORY, f"{DIRECTORY}/world"))
        assert (disk != "tmpfs", shared) == (True, "tmpfs")
        assert all("noexec" in mounted[place][1] for place in ("/tmp", f"{DIRECTORY}/world", "/dev/shm"))
        return (
            f"{len(processes)} processes, all of user {UID}, without any capability, without new privileges, under "
            f"Docker's system call filter; root read-only; only /tmp and shared memory can be written to, and {DIRECTORY} is on the disk ({disk})"
        )

    def works(self) -> str:
        picture = noise(600, 800, seed=2)
        exact = self.system.drop("exact.png", png(picture), pipeline="blur(9)")
        own = self.system.drop("own.png", png(picture), pipeline=plugin.OPERATION)
        began = time.monotonic()
        photos = self._drop(PHOTOS, "blur(9)")
        rows = self.system.ended([exact, own, *photos], DONE_SECONDS)
        seconds = time.monotonic() - began
        assert {row.state for row in rows.values()} == {State.DONE}, rows
        assert np.array_equal(decoded(self.system.result(rows[exact])), cv2.GaussianBlur(picture, (9, 9), 0))
        assert np.array_equal(decoded(self.system.result(rows[own])), cv2.medianBlur(picture, 5))
        self.jobs += [exact, own]
        self.figures["photos a second"] = PHOTOS / seconds
        return f"{PHOTOS} photos of 12 MP: {PHOTOS / seconds:.1f} a second; a PNG is what cv2 makes of it, byte for byte, by an own operation, too"

    def works_on_a_scan(self) -> str:
        body = jpeg(np.repeat(np.repeat(noise(SCAN_HEIGHT // 8, SCAN_WIDTH // 8), 8, axis=0), 8, axis=1), 80)
        decoded_bytes = SCAN_HEIGHT * SCAN_WIDTH * 3
        job = self.system.drop("scan.jpg", body, pipeline="blur(9)")
        self.jobs.append(job)
        seen: list[tuple[int, int]] = []

        def is_seen() -> bool:
            found = largest_nameless_file(self.container.processes(), decoded_bytes)
            seen.extend([found] if found else [])
            return bool(seen) or self.system.is_over(job)

        wait_for(is_seen, DONE_SECONDS, "a decoded scan")
        assert seen, "the decoded scan was seen in no file"
        disk = self.engine.folder.stat().st_dev
        assert seen[0][1] == disk, f"decoded to device {seen[0][1]}, which is not the disk ({disk})"
        row = self.system.ended([job], DONE_SECONDS)[job]
        assert row.state is State.DONE, row
        return (
            f"a JPEG of {SCAN_HEIGHT * SCAN_WIDTH // 10**6} MP, beyond one rank: its {seen[0][0] / 1e6:,.0f} MB of pixels "
            "went to the disk, not to memory; DONE"
        )

    def loses_a_rank(self) -> str:
        worlds = self.container.said("ranks is ready.")
        jobs = self._drop(6, SLOW)
        self._await_running(jobs)
        self.container.ranks()[-1].kill()
        rows = self.system.ended(jobs, DONE_SECONDS)
        assert {row.state for row in rows.values()} == {State.DONE}
        assert self.container.said("ranks is ready.") > worlds
        assert self.container.restarts == 0
        return "a rank killed: a new world in the same container, all jobs DONE"

    def is_killed(self) -> str:
        jobs = self._drop(PHOTOS, SLOW)
        self._await_running(jobs)
        lives = self.container.said(TAKES_WORK)
        began = time.monotonic()
        self.container.kill()
        self.container.await_saying(TAKES_WORK, more_than=lives)
        self.figures["back after a kill"] = time.monotonic() - began
        assert self.container.restarts == 1
        rows = self.system.ended(jobs, DONE_SECONDS)
        self.figures["all done after a kill"] = time.monotonic() - began
        assert {row.state for row in rows.values()} == {State.DONE}
        lost = sum(row.losses for row in rows.values())
        return (
            f"killed with SIGKILL in the middle of {PHOTOS} slow jobs: takes work again after "
            f"{self.figures['back after a kill']:.1f} s, all DONE after {self.figures['all done after a kill']:.0f} s "
            f"({lost} came back by their leases)"
        )

    def gets_a_notice(self) -> str:
        jobs = self._drop(PHOTOS, SLOW)
        self._await_running(jobs)
        lives, drains = self.container.said(TAKES_WORK), self.container.said(DRAINED)
        moment = (datetime.now(UTC) + NOTICE).strftime("%Y-%m-%dT%H:%M:%SZ")
        began = time.monotonic()
        self.ec2.metadata[SPOT] = json.dumps({"action": "terminate", "time": moment})
        self.container.await_saying(DRAINED, more_than=drains)
        self.figures["drained"] = time.monotonic() - began
        assert self.figures["drained"] < EXIT_SECONDS
        self.container.await_saying("This host takes nothing.")
        rows = [row for job in jobs if (row := self.system.system.table.get(job)) is not None]
        assert {row.state for row in rows} <= {State.DONE, State.QUEUED}, [row.state for row in rows]
        assert sum(row.losses + max(0, row.attempts - 1) for row in rows) == 0
        done = sum(row.state is State.DONE for row in rows)
        assert self.container.said(TAKES_WORK) == lives
        del self.ec2.metadata[SPOT]
        rows = list(self.system.ended(jobs, DONE_SECONDS).values())
        assert {row.state for row in rows} == {State.DONE}
        assert sum(row.losses for row in rows) == 0
        return (
            f"a spot notice: drained after {self.figures['drained']:.1f} s with {done} of {PHOTOS} jobs done and the others "
            "handed back at no cost; started again by Docker it took nothing while the notice stood, and then the rest"
        )

    def is_stopped(self) -> str:
        began = time.monotonic()
        self.engine.run("stop", NAME)
        self.figures["stopped"] = time.monotonic() - began
        state = self.container.state()["State"]
        assert (state["ExitCode"], state["OOMKilled"]) == (0, False), state
        assert self.ec2.actions, "its group was told nothing"
        return f"`docker stop`: left with status 0 after {self.figures['stopped']:.1f} s"

    def has_lost_nothing(self) -> str:
        rows = [self.system.system.table.get(job) for job in self.jobs]
        assert all(row is not None and row.state is State.DONE for row in rows)
        assert len({row.result_key for row in rows if row is not None}) == len(self.jobs)
        assert not [
            each for each in psutil.process_iter(["uids"]) if each.info["uids"] and UID in each.info["uids"]
        ]
        return f"the balance: {len(self.jobs)} images dropped, {len(self.jobs)} DONE, a result each; no process is left"

    # -----------------------------------------------------------------------------------------------------------------

    def _drop(self, count: int, pipeline: str) -> list[str]:
        first = len(self.jobs)
        jobs = [
            self.system.drop(f"{first + number}.jpg", self._photo, pipeline=pipeline)
            for number in range(count)
        ]
        self.jobs += jobs
        return jobs

    def _await_running(self, jobs: list[str]) -> None:
        def are_at_work() -> bool:
            states = [row.state for job in jobs if (row := self.system.system.table.get(job)) is not None]
            assert State.FAILED not in states
            return states.count(State.RUNNING) >= 2

        wait_for(are_at_work, DONE_SECONDS, "two jobs at work")
