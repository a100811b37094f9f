"""What a local system's processes are to each other and to the network, and that what dies is started again."""

from __future__ import annotations

import time

from tests.flow.running_system import RunningSystem
from tests.waiting import wait_for


def test_a_supervisor_and_a_master_that_die_are_started_again_within_two_seconds(
    running: RunningSystem,
) -> None:
    for find in (running.supervisors, lambda: running.children("-m master")):
        wait_for(find, 30)
        (old,) = find()
        old.kill()
        began = time.monotonic()
        wait_for(lambda find=find, old=old: [one for one in find() if one.pid != old.pid], 30)
        assert time.monotonic() - began < 20


def test_the_supervisor_is_the_direct_parent_of_its_mpiexec(running: RunningSystem) -> None:
    wait_for(running.mpiexec, 30)
    (host,), (world,) = running.supervisors(), running.mpiexec()
    assert world.ppid() == host.pid


def test_everything_listens_on_loopback_only(running: RunningSystem) -> None:
    # a world that is just starting has its doors moved within its first second
    wait_for(lambda: exposed(running) == {}, 30)


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
