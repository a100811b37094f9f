"""Photos dropped by somebody of the account, and what became of them."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

import numpy as np

from tests.flow.pictures import decoded, noise, png
from tilework.aws.connect import connect
from tilework.jobs.job import Ask, Drop, State
from tilework.jobs.statistics import days

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rehearsal.stage import Stage
    from tilework.jobs.statistics import days
from tilework.jobs.job import Job

END_SECONDS: Final = 120.0

PAUSE: Final = 0.25
"""Between two drops under load, more than two ranks and an embedded AWS on two cores take for one."""


class Drops:
    """Each photo is another one; it is inverted, so that its result is known to the last bit."""

    def __init__(self, stage: Stage) -> None:
        self.system = connect(stage.deployment)
        self._pictures: dict[str, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self._pictures)

    def drop(self) -> None:
        number = len(self._pictures)
        picture = noise(60, 80, seed=number)
        inputs = self.system.inputs
        key = f"rehearsal/{number}.png"
        version = inputs.put(key, png(picture), metadata={"pipeline": "invert"}, content_type="image/png")
        self._pictures[Ask(Drop(inputs.bucket, key, version)).job_id] = picture

    def expect(self, job: str, picture: np.ndarray) -> None:
        """One that somebody else has dropped."""
        self._pictures[job] = picture

    def while_doing(self, work: Callable[[], None]) -> int:
        """Drop one after the other as long as ``work`` takes; how many."""
        over = threading.Event()
        before = len(self)

        def go_on() -> None:
            while not over.wait(PAUSE):
                self.drop()

        dropping = threading.Thread(target=go_on)
        dropping.start()
        try:
            work()
        finally:
            over.set()
            dropping.join()
        return len(self) - before

    def check(self) -> None:
        """Wait until all are over; AssertionError where one is not stored, or not as it must be."""
        deadline = time.monotonic() + END_SECONDS
        for job, picture in self._pictures.items():
            row = self._ended(job, deadline)
            assert row is not None, f"a drop was lost: {self.system.table.get(job)}"
            assert row.state is State.DONE, (row.key, row.code, row.reason)
            info = self.system.outputs.head(row.result_key)
            result = decoded(self.system.outputs.read(row.result_key, info.version, 0, info.size))
            assert np.array_equal(result, 255 - picture), row.key

    def counted(self) -> int:
        """How many results the statistics have, which the keeper alone counts."""
        return sum(day.total.done for day in days(self.system.table, time.time(), 2))

    def _ended(self, job: str, deadline: float) -> Job | None:
        while time.monotonic() < deadline:
            row = self.system.table.get(job)
            if row is not None and row.state.is_end:
                return row
            time.sleep(0.1)
        return None
