"""The keeper's thread."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, cast

import pytest

from master import rounds as module
from master.keeper import NOTICES_AT_ONCE, Found
from master.rounds import Rounds
from master.settings import MasterSettings
from tilework.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from master.keeper import Keeper
    from master.waker import Waker

SETTINGS = MasterSettings(notice_wait_seconds=0.01)
STEPS = ("begin", "dead_letters", "sweep", "reconcile", "fold_notices")


class Steps:
    """Stands where the keeper does, and notes what it is asked for; some steps do what a test tells."""

    def __init__(self, **told: Callable[[], Any]) -> None:
        self.told = {"fold_notices": lambda: 0, "reconcile": Found} | told
        self.done: list[str] = []

    def __getattr__(self, name: str) -> Any:
        def take(*_: float) -> Any:
            if name == "fold_notices":
                time.sleep(0.01)
            self.done.append(name)
            return self.told.get(name, lambda: None)()

        return take

    def wait_for(self, name: str, times: int = 1, seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while self.done.count(name) < times:
            assert time.monotonic() < end, self.done
            time.sleep(0.01)


@pytest.fixture
def start() -> Iterator[Callable[[Steps], Rounds]]:
    started: list[Rounds] = []

    def begin(steps: Steps) -> Rounds:
        started.append(Rounds(cast("Keeper", steps), SETTINGS))
        started[-1].start()
        return started[-1]

    yield begin
    for rounds in started:
        rounds.stop(2)


def failing_once(error: Exception) -> Callable[[], Found]:
    errors = [error]

    def work() -> Found:
        if errors:
            raise errors.pop()
        return Found()

    return work


@pytest.mark.parametrize("error", [ServiceError("The table is busy."), ZeroDivisionError("on purpose")])
def test_a_step_that_fails_is_tried_again_after_a_pause(
    start: Callable[[Steps], Rounds], error: Exception
) -> None:
    steps = Steps(reconcile=failing_once(error))
    began = time.monotonic()
    start(steps)
    steps.wait_for("reconcile", 2)
    assert time.monotonic() - began > 0.9


@pytest.mark.parametrize("error", [ServiceError("It is busy."), ZeroDivisionError("on purpose")])
@pytest.mark.parametrize("failing", STEPS)
def test_a_step_that_always_fails_keeps_no_other_from_its_turn(
    start: Callable[[Steps], Rounds], failing: str, error: Exception
) -> None:
    def fail() -> None:
        raise error

    steps = Steps(**{failing: fail})
    start(steps)
    for name in STEPS:
        steps.wait_for(name)


def test_what_is_hourly_is_not_done_each_round(start: Callable[[Steps], Rounds]) -> None:
    steps = Steps()
    start(steps)
    steps.wait_for("fold_notices", 4)
    assert [steps.done.count(name) for name in STEPS[:4]] == [1, 1, 1, 1]


def test_a_reconciliation_that_was_cut_short_soon_goes_on(
    start: Callable[[Steps], Rounds], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GO_ON_SECONDS", 0.05)
    found = [Found(), Found(cut_short=True), Found(cut_short=True)]
    steps = Steps(reconcile=found.pop)
    start(steps)
    steps.wait_for("reconcile", 3)
    time.sleep(0.2)
    assert steps.done.count("reconcile") == 3


def test_notices_that_keep_coming_are_gathered_and_a_flood_of_them_is_not(
    start: Callable[[Steps], Rounds], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GATHER_SECONDS", 3)
    found = [3, NOTICES_AT_ONCE, NOTICES_AT_ONCE]
    steps = Steps(fold_notices=lambda: found.pop() if found else 0)
    start(steps)
    steps.wait_for("fold_notices", 3)
    time.sleep(0.1)
    assert steps.done.count("fold_notices") == 3
    steps.wait_for("fold_notices", 4)


def test_the_keeper_stops_at_once_while_it_gathers_notices(
    start: Callable[[Steps], Rounds], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GATHER_SECONDS", 60)
    steps = Steps(fold_notices=lambda: 1)
    rounds = start(steps)
    steps.wait_for("fold_notices")
    time.sleep(0.05)
    began = time.monotonic()
    rounds.stop(30)
    assert time.monotonic() - began < 30
    assert "keeper" not in [thread.name for thread in threading.enumerate()]


class Looks:
    """Stands where the waker does."""

    def __init__(self) -> None:
        self.taken = 0

    def look(self) -> None:
        self.taken += 1
        raise ServiceError("The queue is silent.")


def test_where_there_is_a_fleet_it_is_looked_after_and_keeps_nothing_else_waiting() -> None:
    steps, looks = Steps(), Looks()
    rounds = Rounds(cast("Keeper", steps), SETTINGS, cast("Waker", looks))
    rounds.start()
    steps.wait_for("fold_notices", 5)
    rounds.stop(2)
    # what failed is tried again after a second, what works after a minute
    assert looks.taken == 1
