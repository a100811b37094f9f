"""The embedded AWS (ministack): on loopback, keeping everything on disk that it can."""

from __future__ import annotations

import sys
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from local.ports import LOOPBACK, free_port, listens
from local.processes import Child, Program, stop
from tilework.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from local.progress import Step

START_SECONDS: Final = 30.0

STOP_SECONDS: Final = 7.0
"""It saves its state in about two, and what it has not saved then is lost."""

STARTS: Final = 3
"""Another program may take the free port between our look and its start."""

PROGRAM = "local.mended_ministack"
"""What runs in ministack's place."""

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Data:
    """Where it keeps its state (written at a clean stop) and its objects (written at once)."""

    state: Path
    objects: Path


class Emulator:
    """A running embedded AWS."""

    def __init__(self, child: Child, port: int, data: Data) -> None:
        self.child = child
        self.port = port
        self.data = data

    @property
    def endpoint(self) -> str:
        """Its address."""
        return endpoint(self.port)

    @property
    def runs(self) -> bool:
        """Whether it has not died."""
        return self.child.status is None

    def stop(self, *, hurry: Callable[[], bool] = lambda: False) -> bool:
        """Let it save its state and end; whether it did so in time."""
        return not stop([self.child], hurry=hurry) and self.child.status == 0


def endpoint(port: int) -> str:
    """The address of the embedded AWS that listens on ``port``."""
    return f"http://{LOOPBACK}:{port}"


def start(
    step: Step, data: Data, *, port: int | None, environment: Mapping[str, str], directory: Path, log: Path
) -> Emulator:
    """Start it on ``data``, on ``port`` if that is free; return when it answers. Raises SetupError."""
    for folder in (data.state, data.objects):
        folder.mkdir(parents=True, exist_ok=True)
    for _ in range(STARTS):
        chosen = free_port(port)
        command = (sys.executable, "-m", PROGRAM)
        variables = {**_not_ours(environment), **_settings(chosen, data)}
        child = Child(Program("embedded AWS", command, variables, directory, log, STOP_SECONDS))
        try:
            if _comes_up(step, child, chosen):
                return Emulator(child, chosen, data)
        except BaseException:
            stop([child], hurry=lambda: True)
            raise
        stop([child], hurry=lambda: True)
    raise SetupError(
        f"{step.title} failed: it did not answer within {START_SECONDS:.0f} s, in {STARTS} tries.",
        advice=f"Read {log} for what it said.",
    )


def _not_ours(environment: Mapping[str, str]) -> dict[str, str]:
    """Without Tilework's settings: the functions that it runs inherit its variables, and have settings of their own."""
    return {name: value for name, value in environment.items() if not name.startswith("TILEWORK_")}


def _comes_up(step: Step, child: Child, port: int) -> bool:
    def settled() -> bool:
        # whoever else may answer there is not ours
        return child.status is not None or (listens(child.pid, port) and answers(endpoint(port)))

    return step.wait(settled, START_SECONDS) and child.status is None


def answers(address: str, path: str = "/_ministack/health") -> bool:
    """Whether a server answers ``path`` with success."""
    try:
        with _direct.open(address + path, timeout=2) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004
    except OSError:
        return False


def _settings(port: int, data: Data) -> dict[str, str]:
    return {
        "BIND_HOST": LOOPBACK,
        "GATEWAY_PORT": str(port),
        "PERSIST_STATE": "1",
        "STATE_DIR": str(data.state),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(data.objects),
        # it would listen on all interfaces for devices that there are none of
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
    }
