"""A fleet on the in-memory twins whose steps interleave as a seed says, and which may die before or after any of them.

Every process is a greenlet; every call to a service gives way to the others before it and after it, and there it may
be crashed. So a crash can fall between any two steps, and any two processes can meet at any point.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenlet import GreenletExit, getcurrent, greenlet

from tilework.jobs.system import System

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

A_FEW = 7
"""Messages or keys of a batched request that are done before it may be cut off."""


class Crash(GreenletExit):
    """The process is gone."""


class Interleaved:
    """A service whose every call gives way before and after; ``weather`` may let it fail, or lose its answer."""

    def __init__(self, service: Any, weather: Callable[[], None]) -> None:
        self._service = service
        self._weather = weather

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._service, name)
        if not callable(attribute):
            return attribute

        def call(*arguments: Any, **named: Any) -> Any:
            give_way()
            self._weather()
            answer = attribute(*arguments, **named)
            if hasattr(answer, "__next__"):
                answer = iter(list(answer))
            self._weather()
            give_way()
            return answer

        return call

    def send_all(self, bodies: Sequence[str]) -> None:
        for start in range(0, len(bodies), A_FEW):
            give_way()
            self._weather()
            self._service.send_all(bodies[start : start + A_FEW])
        give_way()

    def delete_all(self, keys: Sequence[str]) -> None:
        for start in range(0, len(keys), A_FEW):
            give_way()
            self._weather()
            self._service.delete_all(keys[start : start + A_FEW])
        give_way()


def interleaved(system: System, weather: Callable[[], None]) -> System:
    return System(**{name: Interleaved(getattr(system, name), weather) for name in System.__slots__})


def give_way() -> None:
    parent = getcurrent().parent
    if parent is not None:
        parent.switch()


class Processes:
    """Runs ``mains``, each again when it has crashed, one step of one of them at a time."""

    def __init__(self, chance: random.Random, mains: Sequence[Callable[[], None]]) -> None:
        self._chance = chance
        self._mains = list(mains)
        self._running = [greenlet(main) for main in mains]
        self.crashes = 0

    def step(self, crash: float) -> None:
        """Let a random one go on to its next step, or with the chance ``crash`` die here."""
        number = self._chance.randrange(len(self._running))
        process = self._running[number]
        if process and self._chance.random() < crash:
            process.throw(Crash)
            self.crashes += 1
        else:
            process.switch()
        if process.dead:
            self._running[number] = greenlet(self._mains[number])

    def stop(self) -> None:
        for process in self._running:
            if process:
                process.throw(Crash)
