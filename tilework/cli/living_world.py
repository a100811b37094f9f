"""The world of a command: begun before there is anything to do, replaced when it dies, ended with the command.

What it imports is little, for the command imports the rest while the ranks start.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self

from tilework.world.launch import START_SECONDS, Launch, Plan
from tilework.world.messages import Initializer
from tilework.world.world import World

if TYPE_CHECKING:
    from types import TracebackType

    from tilework.imaging.limits import Limits


class LivingWorld:
    """A world of ``ranks`` ranks that are ready for images. For the main thread."""

    def __init__(self, ranks: int, limits: Limits, extra_operations: str) -> None:
        self.ranks = ranks
        self._limits = limits
        self._extra_operations = extra_operations
        self._place = TemporaryDirectory(prefix="tilework-")
        self._launch: Launch | None = None
        self._world: World | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.end()
        finally:
            self._place.cleanup()

    def begin(self) -> None:
        """Start one, and do not wait for it; nothing where there is one. Raises SetupError."""
        if self._launch is None and (self._world is None or not self._world.alive):
            self.end()
            first_call = Initializer("tilework.cli.ranks:start_rank", (self._extra_operations, self._limits))
            place = Path(self._place.name) / "world"
            seconds = self._limits.fetch_seconds
            self._launch = Launch(Plan(self.ranks, place, first_call, {}, START_SECONDS, False, seconds))

    def get(self) -> World:
        """The one that lives. Raises SetupError."""
        self.begin()
        if self._launch is not None:
            launch, self._launch = self._launch, None
            # an interrupt waits for all that was handed out: let that be no more than the ranks work on
            self._world = World(launch.ready(), self.ranks)
        if self._world is None:
            raise RuntimeError("a world that was begun is there")
        return self._world

    def end(self) -> None:
        """Kill it, which is quicker than to let it leave in order: what it has done is done."""
        if self._launch is not None:
            self._launch.abandon()
        elif self._world is not None:
            self._world.kill()
            self._world.shutdown(wait=True)
        self._launch = self._world = None
