"""Own operations that make files misbehave; named by TILEWORK_EXTRA_OPERATIONS."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

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


OPERATIONS = (KillWide(), Slow(), RaiseError())
