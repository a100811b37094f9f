"""One image in stages on a fleet that crashes, repeats, delays, cancels and retries: it ends once, with one result."""

from __future__ import annotations

import pytest

from tests.jobs.fleet import RESULT, Fleet, Troubles
from tests.jobs.interleaving import Crash, Processes
from tilework.jobs.job import Job, State
from tilework.jobs.object_keys import WORK
from tilework.jobs.work_objects import sweep

SEEDS = 20
WORKERS = 4


def live(fleet: Fleet, steps: int) -> Processes:
    """A time of troubles, then calm until nothing is left to do."""
    others = [fleet.user, fleet.keeper] if fleet.troubles.keeper else [fleet.user]
    processes = Processes(fleet.chance, [*[fleet.worker] * WORKERS, *others])
    for _ in range(steps):
        processes.step(fleet.troubles.crash)
        fleet.nature()
        if fleet.settled():
            break
    fleet.calm = True
    for _ in range(60_000):
        processes.step(0.0)
        fleet.nature()
        if fleet.settled():
            break
    assert fleet.settled()
    processes.stop()
    return processes


def ended(seed: int, troubles: Troubles) -> tuple[Fleet, Job]:
    """Let a fleet live through ``troubles``, and hold its end to what is promised of every end."""
    fleet = Fleet(seed, troubles)
    live(fleet, 4_000)
    row = fleet.row()
    assert row is not None
    assert fleet.table.ends[-1] is row.state
    results = list(fleet.outputs.versions("results/"))
    assert len(results) == (row.state is State.DONE) or row.state is State.CANCELLED
    assert all(fleet.outputs.read(found.key, found.version, 0, 999) == RESULT for found in results)
    return fleet, row


@pytest.mark.parametrize("seed", range(SEEDS))
def test_without_a_keeper_crashes_and_late_messages_end_in_one_result(seed: int) -> None:
    fleet, row = ended(seed, Troubles(crash=0.01, weather=0.005, keeper=False))
    assert row.state is State.DONE
    assert fleet.table.ends == [State.DONE]


@pytest.mark.parametrize("seed", range(SEEDS))
def test_with_everything_at_once_a_job_ends_and_the_keeper_finds_the_rest(seed: int) -> None:
    fleet, row = ended(seed, Troubles(crash=0.01, failing=0.005, weather=0.005, wavering=0.003))
    sweep(fleet.real.outputs, row.id, row.epoch)
    assert list(fleet.outputs.list(WORK)) == []


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_job_called_off_and_tried_again_leaves_nothing_in_work_where_nobody_crashes(seed: int) -> None:
    fleet, _ = ended(seed, Troubles(failing=0.01, wavering=0.01, keeper=False))
    assert list(fleet.outputs.list(WORK)) == []


def test_a_crash_at_any_call_of_a_service_costs_nothing_but_time() -> None:
    calls = crashes = 0
    while True:
        fleet = Fleet(7, Troubles(keeper=False))
        crashed = alone(fleet, calls)
        row = fleet.row()
        assert row is not None
        assert (row.state, fleet.outstanding()) == (State.DONE, 0)
        assert [fleet.outputs.read(found.key, None, 0, 999) for found in fleet.outputs.list()] == [RESULT]
        if not crashed:
            break
        calls, crashes = calls + 1, crashes + 1
    assert crashes > 300


def alone(fleet: Fleet, calls: int) -> bool:
    """Let one worker do the whole job, which dies once, after so many calls; False where it needed no more."""
    left = calls

    def disaster() -> None:
        nonlocal left
        left -= 1
        if left == -1:
            raise Crash

    fleet.disaster = disaster
    for _ in range(200):
        try:
            fleet.look(fleet.system.units)
            fleet.look(fleet.system.jobs)
        except Crash:
            fleet.clock.now += 61
        if fleet.settled():
            break
    return left < 0
