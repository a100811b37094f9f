"""Programs as children of the launcher: started, started again when they die, stopped in order.

Each child has a session of its own, so that a Ctrl-C in the terminal reaches the launcher alone, which then ends the
others in order. Each also has asked the kernel to be killed when the launcher dies (PR_SET_PDEATHSIG), so that not even
``kill -9`` of the launcher leaves one behind. The kernel counts the death of the *thread* that started the child:
start children from the main thread.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from local.stopping import LIBC, PR_SET_PDEATHSIG

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

SHORT_LIFE: Final = 10.0
"""Seconds; a program that lives less has a fault of its own, perhaps."""

PAUSE: Final = 1.0
"""Seconds before a program with a short life is started again: below the two that are promised."""

SHORT_LIVES: Final = 5
"""So many in a row, and there is no hurry any more."""

LONG_PAUSE: Final = 20.0

END_LOOK_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True)
class Program:
    """What is started: ``environment`` is all that it gets; it has ``stop_seconds`` to end after a SIGTERM.

    ``ready_file`` is one that the program writes once it is ready, where it does so.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    directory: Path
    log: Path
    stop_seconds: float
    ready_file: Path | None = None


class Child:
    """A running program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        program.log.parent.mkdir(parents=True, exist_ok=True)
        if program.ready_file is not None:
            program.ready_file.unlink(missing_ok=True)
        launcher = os.getpid()
        with program.log.open("ab") as log:
            self._process = subprocess.Popen(
                program.command,
                env=dict(program.environment),
                cwd=program.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # nothing in it takes a lock, and the launcher has one thread
                preexec_fn=lambda: _die_with(launcher),  # noqa: PLW1509
            )
        self._began = time.monotonic()

    @property
    def pid(self) -> int:
        """Its process id, which is also its session's."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self._process.poll()

    @property
    def seconds(self) -> float:
        """How long ago it was started."""
        return time.monotonic() - self._began

    def is_ready(self) -> bool:
        """Whether it has said that it is ready; without a ready file, whether it runs."""
        ready = self.program.ready_file
        return self.status is None and (ready is None or ready.exists())

    def send(self, number: signal.Signals) -> None:
        """Send it a signal; nothing happens where it has ended."""
        self._process.send_signal(number)

    def clear(self) -> None:
        """Wait for its end, then end whatever it left in its session."""
        self._process.wait()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


def _die_with(launcher: int) -> None:
    """In the new child, before the program: ask to be killed when the launcher dies."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != launcher:  # it died just before we asked
        os._exit(1)


def stop(children: Sequence[Child], *, hurry: Callable[[], bool] = lambda: False) -> list[str]:
    """End ``children`` together: SIGTERM, and SIGKILL when their time is over or ``hurry`` says so.

    Returns the names of those that had to be killed.
    """
    began = time.monotonic()
    for child in children:
        child.send(signal.SIGTERM)
    killed = []
    for child in children:
        while child.status is None:
            if hurry() or time.monotonic() - began > child.program.stop_seconds:
                child.send(signal.SIGKILL)
                killed.append(child.program.name)
                break
            time.sleep(END_LOOK_SECONDS)
        child.clear()
    return killed


class Crew:
    """Programs that are to run all the time; :meth:`watch` starts again what has died."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._children: dict[str, Child] = {}
        self._short_lives: dict[str, int] = {}
        self._due: dict[str, float] = {}

    @property
    def children(self) -> list[Child]:
        """In the order in which they were started first."""
        return list(self._children.values())

    def start(self, program: Program) -> Child:
        """Start a program, and keep it running from now on."""
        return self.adopt(Child(program))

    def adopt(self, child: Child) -> Child:
        """Keep a program running that was started already."""
        self._children[child.program.name] = child
        return child

    def watch(self) -> None:
        """Look after all of them once; to be called several times a second."""
        for name, child in self._children.items():
            if child.status is None:
                continue
            if name not in self._due:
                child.clear()
                self._due[name] = time.monotonic() + self._pause(child)
            if time.monotonic() >= self._due[name]:
                del self._due[name]
                self._children[name] = Child(child.program)

    def stop(self, *, hurry: Callable[[], bool] = lambda: False) -> list[str]:
        """End all of them together; the names of those that had to be killed."""
        return stop(self.children, hurry=hurry)

    def _pause(self, child: Child) -> float:
        """Seconds until a dead child is started again; says so."""
        name, log = child.program.name, child.program.log
        short = child.seconds < SHORT_LIFE
        lives = self._short_lives[name] = self._short_lives.get(name, 0) + 1 if short else 0
        how = _told(child.status or 0)
        if lives >= SHORT_LIVES:
            self._say(f"{name} {how} for the {lives}th time in a row; it is tried again. Read {log} for why.")
            return LONG_PAUSE
        self._say(f"{name} {how}; it is started again.")
        return PAUSE if short else 0.0


def _told(status: int) -> str:
    if status < 0:
        return f"was killed ({signal.Signals(-status).name})"
    return f"ended by itself (status {status})"
