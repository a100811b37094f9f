"""Where the preview computes: as many at once as there are processors for, each with what is asked for next."""

from __future__ import annotations

import os
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

from tilework.imaging.run import prepare_process
from tilework.service.problems import Problem, ProblemError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

WAIT_SECONDS = 10.0
"""For a turn: whoever waits longer has long moved the slider on."""

MOST_AT_ONCE = 2
"""However many processors there are: each may hold the pixels of a large region, and the workers want processors, too."""


class Workshop:
    """Bounds the work that is done at once; thread-safe."""

    def __init__(self) -> None:
        self._turns = threading.BoundedSemaphore(min(MOST_AT_ONCE, os.cpu_count() or 1))
        self._alone = threading.Lock()
        self._prepared = threading.Lock()
        self._ready = False

    def prepare(self) -> None:
        """Load OpenCV, once, as the ranks do: the first request need not wait for it."""
        with self._prepared:
            if not self._ready:
                prepare_process()
                self._ready = True

    def do(self, work: Callable[[], T]) -> T:
        """Do it when there is a turn. Raises ProblemError where there is none for too long."""
        self.prepare()
        if not self._turns.acquire(timeout=WAIT_SECONDS):
            raise ProblemError(
                Problem(
                    HTTPStatus.SERVICE_UNAVAILABLE,
                    "preview_busy",
                    "Preview busy",
                    "The preview is busy with what was asked for before.",
                    "Ask again in a moment, for one thing after the other.",
                )
            )
        try:
            return work()
        finally:
            self._turns.release()

    def alone(self, work: Callable[[], T]) -> T:
        """Do it while nobody else does something alone."""
        self.prepare()
        with self._alone:
            return work()
