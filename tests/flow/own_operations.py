"""Own operations of a deployment that go wrong, each in its own way; named by TILEWORK_EXTRA_OPERATIONS."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Any

from tests.cli.own_operations import RaiseError
from tests.guard import misdeeds
from tilework.imaging.operations.contract import LocalOperation


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


OPERATIONS = (KillRank(), RaiseError(), Spin(), Hoard(), WaitAtGate(), Speak())
