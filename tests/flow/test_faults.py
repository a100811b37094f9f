"""Kill anything in the middle: nothing is lost, nothing is wrong, no result has two contents."""

from __future__ import annotations

import time

import numpy as np

from tests.flow.pictures import decoded, noise, png
from tests.flow.running_system import RunningSystem
from tilework.jobs.job import State

PICTURES = [noise(700, 900, seed=seed) for seed in range(3)]


def wait_for(condition: object, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_nothing_is_lost_when_ranks_worlds_and_supervisors_are_killed(running: RunningSystem) -> None:
    jobs = {
        running.drop(
            f"stream/{n}.png", png(PICTURES[n % 3]), pipeline="invert() | blur(9) | blur(9) | invert()"
        ): n % 3
        for n in range(60)
    }
    bad = [running.drop(f"stream/bad {n}.jpg", b"no image at all") for n in range(6)]
    for victims in (running.ranks, running.mpiexec, running.supervisors, running.ranks):
        wait_for(lambda victims=victims: victims())
        victims()[-1].kill()
        time.sleep(1.5)
    rows = running.ended([*jobs, *bad], seconds=150)
    assert {rows[job].state for job in bad} == {State.FAILED}
    expected: dict[int, object] = {}
    for job, which in jobs.items():
        result = decoded(running.result(rows[job]))
        np.testing.assert_array_equal(result, expected.setdefault(which, whole(which)))
        assert len(list(running.system.outputs.versions(rows[job].result_key))) == 1
    wait_for(lambda: running.system.jobs.backlog().total == 0)


def whole(which: int) -> object:
    import cv2

    once = cv2.GaussianBlur(cv2.bitwise_not(PICTURES[which]), (9, 9), 0)
    return cv2.bitwise_not(cv2.GaussianBlur(once, (9, 9), 0))


def test_a_supervisor_and_a_master_that_die_are_started_again_within_two_seconds(
    running: RunningSystem,
) -> None:
    for find in (running.supervisors, lambda: running.children("-m master")):
        wait_for(find)
        (old,) = find()
        old.kill()
        began = time.monotonic()
        wait_for(lambda find=find, old=old: [one for one in find() if one.pid != old.pid])
        assert time.monotonic() - began < 20


def test_a_stopped_supervisor_that_comes_back_after_its_lease_does_no_harm(running: RunningSystem) -> None:
    jobs = [running.drop(f"stopped/{n}.png", png(PICTURES[0]), pipeline="invert()") for n in range(12)]
    wait_for(
        lambda: any((row := running.system.table.get(job)) and row.state is State.RUNNING for job in jobs)
    )
    (host,) = running.supervisors()
    host.suspend()
    time.sleep(7)
    host.resume()
    for row in running.ended(jobs).values():
        np.testing.assert_array_equal(decoded(running.result(row)), 255 - PICTURES[0])


def test_the_supervisor_is_the_direct_parent_of_its_mpiexec(running: RunningSystem) -> None:
    wait_for(running.mpiexec)
    (host,), (world,) = running.supervisors(), running.mpiexec()
    assert world.ppid() == host.pid


def test_everything_listens_on_loopback_only(running: RunningSystem) -> None:
    # a world that is just starting has its doors moved within its first second
    wait_for(lambda: exposed(running) == {})


def exposed(running: RunningSystem) -> dict[str, set[str]]:
    """What listens elsewhere than on loopback, and where."""
    import psutil

    found = {}
    for process in running.children():
        try:
            line, sockets = " ".join(process.cmdline()), process.net_connections(kind="inet")
        except psutil.Error:
            continue
        listening = {one.laddr.ip for one in sockets if one.status == psutil.CONN_LISTEN}
        if listening - {"127.0.0.1", "::1"}:
            found[line] = listening
    return found
