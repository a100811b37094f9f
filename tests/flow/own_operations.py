"""Own operations of a deployment that go wrong, each in its own way; named by TILEWORK_EXTRA_OPERATIONS."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.cli.own_operations import RaiseError
from tests.guard import misdeeds
from tilework.imaging.operations.contract import LocalOperation

if TYPE_CHECKING:
    from collections.abc import Callable


class KillRank(LocalOperation):
    name = "kill_rank"
    family = "tests"
    summary = "Kills the process it runs in, each time."
    formula = "SIGKILL"

    def kernel(self, image: Any, arguments: Any) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)
        return image


class Spin(LocalOperation):
    name = "spin"
    family = "tests"
    summary = "Never comes to an end."
    formula = "while True"

    def kernel(self, image: Any, arguments: Any) -> Any:
        misdeeds.loop_in_python()
        return image


class Hoard(LocalOperation):
    name = "hoard"
    family = "tests"
    summary = "Takes ever more memory."
    formula = "100 GB"

    def kernel(self, image: Any, arguments: Any) -> Any:
        misdeeds.allocate_bit_by_bit()
        return image


class WaitAtGate(LocalOperation):
    name = "wait_at_gate"
    family = "tests"
    summary = (
        "Goes on when the folder TILEWORK_TESTS_GATE is gone; until then each process leaves a file in it."
    )
    formula = "while gate"

    def kernel(self, image: Any, arguments: Any) -> Any:
        gate = Path(os.environ["TILEWORK_TESTS_GATE"])
        with contextlib.suppress(FileNotFoundError):
            (gate / str(os.getpid())).touch()
        while gate.exists():
            time.sleep(0.02)
        return image


class Speak(LocalOperation):
    name = "speak"
    family = "tests"
    summary = "Prints a line past Python, as a library does."
    formula = "write(2)"

    def kernel(self, image: Any, arguments: Any) -> Any:
        os.write(2, b"spoken in C\n")
        return image


class Misdeed(LocalOperation):
    """Any other that goes wrong each time."""

    family = "tests"
    formula = "none"

    def __init__(self, name: str, do: Callable[[], None]) -> None:
        self.name = name
        self.summary = f"Does what its name says: {name}."
        self._do = do

    def kernel(self, image: Any, arguments: Any) -> Any:
        self._do()
        return image


OPERATIONS = (
    KillRank(),
    RaiseError(),
    Spin(),
    Hoard(),
    WaitAtGate(),
    Speak(),
    Misdeed("segfault", misdeeds.segfault),
    Misdeed("abort", misdeeds.abort),
    Misdeed("exit_hard", lambda: misdeeds.exit_hard(3)),
    Misdeed("exit_politely", misdeeds.exit_politely),
    Misdeed("loop_in_c", misdeeds.loop_in_c),
    Misdeed("hang", misdeeds.sleep_with_the_gil),
    Misdeed("new_without_memory", misdeeds.abort_for_want_of_memory),
    Misdeed("share_memory", misdeeds.map_shared_memory),
)
