"""What becomes of the tasks of a world over several hosts when something dies."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.hosts.lab import HERE, PYTHON, SECONDS, UID, give
from tests.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hosts.lab import Command, Lab

DISPATCHER = ("worker_image.world", "rank 0")


@pytest.fixture
def held(lab: Lab) -> Path:
    """Where the tasks tell on which host they are."""
    folder = lab.shared / "held"
    folder.mkdir(exist_ok=True)
    give(folder)
    for path in folder.iterdir():
        path.unlink()
    return folder


def task_of(held: Path, host: str) -> tuple[int, int]:
    """The number of the task on a host, and the process id of its rank there."""
    (place,) = held.glob(f"?-{host}")
    return int(place.name[0]), int(place.read_text())


def start(lab: Lab, held: Path, task_seconds: float) -> Command:
    command = lab.start_program(PYTHON, str(HERE / "blame_program.py"), str(task_seconds))
    wait_for(lambda: len(list(held.glob("?-?"))) == 3)
    return command


def verdicts(command: Command) -> dict[int, list[object]]:
    assert command.wait() == 0, command.said()
    return {task: rest for task, *rest in map(json.loads, command.output().splitlines())}


def test_a_rank_that_dies_on_another_host_makes_its_own_task_suspect_and_no_other(
    lab: Lab, held: Path
) -> None:
    with start(lab, held, 0) as command:
        culprit, pid = task_of(held, "b")
        lab.hosts["b"].do(f"kill -SEGV {pid}")
        found = verdicts(command)
    assert {task for task, (suspect, *_) in found.items() if suspect} == {culprit}, found
    # by which signal, MPI does not always tell of a rank on another host
    assert "died: rank " in str(found[culprit][-1])


def test_it_is_suspect_although_rank_0_dies_of_it_before_its_host_can_tell(lab: Lab, held: Path) -> None:
    with start(lab, held, 0) as command:
        culprit, pid = task_of(held, "b")
        dispatcher = lab.first.find(*DISPATCHER)
        tellers = [lab.hosts["b"].find(name) for name in ("tilework.world.spread.agent", "/prted")]
        for teller in tellers:
            teller.suspend()
        lab.hosts["b"].do(f"kill -SEGV {pid}")
        dispatcher.wait(SECONDS)
        for teller in tellers:
            teller.resume()
        found = verdicts(command)
    assert {task for task, (suspect, *_) in found.items() if suspect} == {culprit}, found


def test_it_is_suspect_although_a_busy_host_keeps_mpiexec_from_its_report(lab: Lab, held: Path) -> None:
    with start(lab, held, 0) as command:
        culprit, pid = task_of(held, "b")
        mpiexec = lab.first.find("--hostfile")
        daemon = lab.hosts["c"].find("/prted")
        daemon.suspend()
        lab.hosts["b"].do(f"kill -SEGV {pid}")
        with pytest.raises(psutil.TimeoutExpired):
            mpiexec.wait(2)
        daemon.resume()
        found = verdicts(command)
    assert {task for task, (suspect, *_) in found.items() if suspect} == {culprit}, found


def test_the_death_of_rank_0_makes_nobody_suspect(lab: Lab, held: Path) -> None:
    with start(lab, held, 0) as command:
        lab.first.find(*DISPATCHER).kill()
        found = verdicts(command)
    assert [(suspect, lost) for suspect, _, lost, _ in found.values()] == [(False, False)] * 3
    assert "died: rank 0 " in str(found[0][-1])


def test_a_host_that_dies_makes_nobody_suspect(lab: Lab, held: Path) -> None:
    with start(lab, held, 0) as command:
        lab.hosts["c"].end()
        found = verdicts(command)
    lab.boot("c")
    assert [suspect for suspect, *_ in found.values()] == [False] * 3


def test_a_rank_on_another_host_is_killed_beyond_its_deadline(lab: Lab, held: Path) -> None:
    with start(lab, held, 1) as command:
        here, _ = task_of(held, "a")
        found = verdicts(command)
    late = {task for task, (_, overdue, _, _) in found.items() if overdue}
    assert late
    assert here not in late


def test_nothing_is_left_anywhere_of_a_starter_that_was_killed(lab: Lab, held: Path) -> None:
    with start(lab, held, 0) as command:
        assert lab.hosts["b"].processes()
        command.signal(signal.SIGKILL)
        wait_for(lambda: not any(host.processes() for host in lab.hosts.values()))
    for name in ("b", "c"):
        lab.hosts[name].do("! ls -d /tmp/tilework-away-* 2>/dev/null")


def test_an_agent_that_is_killed_takes_its_ranks_along_and_the_next_one_sweeps_up(
    lab: Lab, held: Path
) -> None:
    host = lab.hosts["b"]
    with start(lab, held, 0) as command:
        host.do(f"kill -KILL $(pgrep -u {UID} -f world.spread.agent)")
        found = verdicts(command)
    assert all(lost for _, _, lost, _ in found.values())
    wait_for(lambda: not any(host.processes() for host in lab.hosts.values()))
    host.do("ls -d /tmp/tilework-away-*")
    assert lab.tilework("hosts", "b").returncode == 0
    host.do("! ls -d /tmp/tilework-away-* 2>/dev/null")


def test_a_host_that_cannot_be_tried_for_want_of_descriptors_is_tried_again(lab: Lab) -> None:
    done = lab.run(PYTHON, str(HERE / "short_of_descriptors_program.py"))
    assert done.returncode == 0, done.stderr
    told, without, later = json.loads(done.stdout)
    assert "Host b is left out: this host cannot start its ssh: [Errno 24] Too many open files" in told[0]
    assert (without, later) == ([False], [True])
