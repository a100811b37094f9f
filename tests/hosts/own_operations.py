"""An operation that shows where it is at work, and takes its time until the test has seen enough."""

from __future__ import annotations

import socket
import time
import uuid
from pathlib import Path
from typing import Any

from tilework.imaging.operations.contract import LocalOperation


class Linger(LocalOperation):
    name = "linger"
    family = "tests"
    summary = "Takes a second, of a black image an hour, until there is a file `enough`."
    formula = "sleep"

    def kernel(self, image: Any, arguments: Any) -> Any:
        (Path("seen") / f"{socket.gethostname()}-{uuid.uuid4().hex}").touch()
        end = time.monotonic() + (1 if image.any() else 3600)
        while time.monotonic() < end and not Path("enough").exists():
            time.sleep(0.02)
        return image


OPERATIONS = (Linger(),)
