"""The keeper's thread."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, cast

from master.rounds import Rounds
from master.settings import MasterSettings
from tilework.errors import ServiceError

if TYPE_CHECKING:
    from master.keeper import Keeper

SETTINGS = MasterSettings(notice_wait_seconds=0.01)


class Steps:
    """Stands where the keeper does, and notes what it is asked for; the first reconciliation fails."""

    def __init__(self, error: Exception) -> None:
        self.error: Exception | None = error
        self.done: list[str] = []
        self.recovered = threading.Event()

    def __getattr__(self, name: str) -> Any:
        return lambda *_: self.done.append(name)

    def reconcile(self) -> None:
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        self.done.append("reconcile")
        self.recovered.set()

    def fold_notices(self, wait: float) -> None:
        self.done.append("fold")
        time.sleep(wait)


def rounds_after(error: Exception) -> list[str]:
    steps = Steps(error)
    rounds = Rounds(cast("Keeper", steps), SETTINGS)
    rounds.start()
    assert steps.recovered.wait(5)
    rounds.stop(2)
    return steps.done


def test_a_service_that_fails_for_now_only_delays_the_round() -> None:
    done = rounds_after(ServiceError("The table is busy."))
    assert done.count("reconcile") == 1
    assert done[:3] == ["begin", "dead_letters", "sweep"]


def test_the_keeper_outlives_its_own_faults() -> None:
    assert "reconcile" in rounds_after(ZeroDivisionError("on purpose"))


def test_what_is_hourly_is_not_done_each_round() -> None:
    steps = Steps(ServiceError("The table is busy."))
    rounds = Rounds(cast("Keeper", steps), SETTINGS)
    rounds.start()
    steps.recovered.wait(5)
    time.sleep(0.2)
    rounds.stop(2)
    assert steps.done.count("fold") > 3
    assert steps.done.count("reconcile") == steps.done.count("sweep") == 1
