"""Own operations that make files misbehave; named by TILEWORK_EXTRA_OPERATIONS."""

from __future__ import annotations

import os
import signal
import time
from types import MappingProxyType
from typing import Any

from tests.guard import misdeeds
from tilework.imaging.operations.contract import LocalOperation

WIDE = 300


class KillWide(LocalOperation):
    name = "kill_wide"
    family = "tests"
    summary = "Kills the process that has a wide image."
    formula = "SIGKILL"

    def kernel(self, image: Any, arguments: Any) -> Any:
        if image.shape[1] > WIDE:
            os.kill(os.getpid(), signal.SIGKILL)
        return image


class Slow(LocalOperation):
    name = "slow"
    family = "tests"
    summary = "Takes its time."
    formula = "sleep"

    def kernel(self, image: Any, arguments: Any) -> Any:
        time.sleep(0.2)
        return image


class RaiseError(LocalOperation):
    name = "raise_error"
    family = "tests"
    summary = "Raises, each time."
    formula = "ValueError"

    def kernel(self, image: Any, arguments: Any) -> Any:
        raise ValueError("on purpose")


class Misbehave(LocalOperation):
    name = "misbehave"
    family = "tests"
    summary = "Does another thing wrong for each width of an image."
    formula = "a crime"

    crimes = MappingProxyType(
        {
            101: misdeeds.segfault,
            102: misdeeds.abort,
            103: lambda: misdeeds.exit_hard(3),
            104: misdeeds.loop_in_python,
            105: misdeeds.sleep_with_the_gil,
            106: misdeeds.allocate_an_array,
            107: misdeeds.allocate_bit_by_bit,
            108: misdeeds.abort_for_want_of_memory,
            109: misdeeds.raise_value_error,
        }
    )

    def kernel(self, image: Any, arguments: Any) -> Any:
        self.crimes.get(image.shape[1], int)()
        return image


OPERATIONS = (KillWide(), Slow(), RaiseError(), Misbehave())
