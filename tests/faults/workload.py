"""What a test gives its hosts to do while something fails: photos, and one large image in units; and how all must end."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING

import cv2
import numpy as np
import tifffile

from tests.flow.pictures import decoded, noise, png, tiled_tiff
from tests.waiting import wait_for
from tilework.errors import ThrottledError
from tilework.jobs.history import Outcome
from tilework.jobs.object_keys import work_prefix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.flow.running_system import RunningSystem
    from tilework.jobs.job import Job

SMALL_BLOCKS = {"TILEWORK_LIMIT_BLOCK_BYTES": str(12 * 2**20)}
"""For hosts: with it the large image is one of units."""

HEIGHT, WIDTH, TILE = 1_300, 1_700, 256
PIPELINE = "invert() | blur(9)"

LOSSES = (Outcome.TRY_AGAIN, Outcome.LOST)
"""How an attempt ends that is counted as a loss."""


@cache
def large_picture() -> NDArray[np.generic]:
    """2 megapixels, red first."""
    return cv2.resize(noise(HEIGHT // 5, WIDTH // 5), (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)


@cache
def large_file() -> bytes:
    """The picture as a tiled TIFF."""
    return tiled_tiff(large_picture(), TILE, predictor=2)


@cache
def photo(number: int) -> NDArray[np.generic]:
    return noise(300, 400, seed=number)


class Workload:
    """Jobs of one test, dropped past the proxy."""

    def __init__(self, deployed: RunningSystem, name: str) -> None:
        self._deployed = deployed
        self._name = name
        self._photos: dict[str, int] = {}
        self._large: list[str] = []

    @property
    def jobs(self) -> list[str]:
        """All that were dropped."""
        return [*self._photos, *self._large]

    def drop_photos(self, count: int, pipeline: str = "invert()") -> None:
        """Drop so many different photos."""
        for number in range(len(self._photos), len(self._photos) + count):
            key = f"{self._name}/photo {number}.png"
            self._photos[self._deployed.drop(key, png(photo(number % 4)), pipeline=pipeline)] = number % 4

    def drop_large(self, pipeline: str = PIPELINE) -> None:
        """Drop a large image; what ``pipeline`` makes of it must be the same as PIPELINE."""
        key = f"{self._name}/large {len(self._large)}.tif"
        self._large.append(self._deployed.drop(key, large_file(), pipeline=pipeline))

    def rows(self) -> list[Job]:
        """The rows that are there by now."""
        found = [self._deployed.system.table.get(job) for job in self.jobs]
        return [row for row in found if row is not None]

    def ended(self, seconds: float = 120.0) -> list[Job]:
        """All rows at their ends; everything is as it should be, and nothing is left."""
        rows = self._deployed.ended(self.jobs, seconds=seconds)
        for job in self.jobs:
            row = rows[job]
            self._check(row)
            assert_explained(row)
        system = self._deployed.system
        wait_for(lambda: system.jobs.backlog().total == 0, what="the jobs queue is empty")
        wait_for(lambda: system.units.backlog().total == 0, what="the units queue is empty")
        assert system.dead_letters.backlog().total == 0
        for job in self._large:
            wait_for(lambda job=job: not list(system.outputs.list(work_prefix(job))), what="work/ is swept")
        return [rows[job] for job in self.jobs]

    def _check(self, row: Job) -> None:
        body = self._deployed.result(row)
        if row.id in self._photos:
            np.testing.assert_array_equal(decoded(body), 255 - photo(self._photos[row.id]))
        else:
            assert row.units_in_all > 1, "it was to be worked on in units"
            expected = cv2.GaussianBlur(cv2.bitwise_not(large_picture()), (9, 9), 0)
            with tifffile.TiffFile(io.BytesIO(body)) as file:
                np.testing.assert_array_equal(file.pages[0].asarray(), expected)
        assert len(list(self._deployed.system.outputs.versions(row.result_key))) == 1


def assert_explained(row: Job) -> None:
    """No attempt but the last is used up, and each loss has its line in the history."""
    assert row.attempts <= 1, row.history
    # what is only slowed down costs nothing
    costly = [entry for entry in row.history if entry.code != ThrottledError.code]
    lost = [entry for entry in costly if entry.outcome in LOSSES]
    assert len(lost) == row.losses, row.history
    for entry in lost:
        assert entry.outcome is Outcome.LOST or (entry.code and entry.reason), row.history
