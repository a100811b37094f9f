"""What the launcher tells while it works: a moving line a step on a terminal, plain lines elsewhere.

No thread draws: every wait goes through :meth:`Step.wait`, which draws, listens for a stop, and looks again. So
processes are started by the main thread alone, as the kernel's death signal wants it (see :mod:`local.processes`).
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.stopping import Stopping

LOOK_SECONDS: Final = 0.05
"""Between two looks of a wait."""

PLAIN_LINE_SECONDS: Final = 5.0
"""Between two lines of a long step where nothing can be drawn over."""

PLAIN_WIDTH: Final = 200
"""Columns of tables in a log file: addresses stay in one piece."""


def make_console() -> Console:
    """Standard output: colours and moving lines on a terminal only."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PLAIN_WIDTH)


class Step:
    """One step that may take a while; ``detail`` says how far it is."""

    def __init__(self, title: str, console: Console, stopping: Stopping, live: Live | None) -> None:
        self.title = title
        self.detail = ""
        self._console = console
        self._stopping = stopping
        self._live = live
        self._began = self._told = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the step began."""
        return time.monotonic() - self._began

    def wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until ``condition``, at most ``seconds``; whether it came. Raises StopRequestedError."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            self.look()
            time.sleep(LOOK_SECONDS)
        return True

    def look(self) -> None:
        """To be called often in a long step: listens for a stop and draws. Raises StopRequestedError."""
        self._stopping.check()
        self._tell()

    def _tell(self) -> None:
        if self._live is not None:
            self._live.update(Spinner("line", f"{self._text()} ({self.seconds:.0f} s)"), refresh=True)
        elif time.monotonic() - self._told > PLAIN_LINE_SECONDS:
            self._told = time.monotonic()
            self._console.print(f"  {self._text()} ({self.seconds:.0f} s)", markup=False)

    def _text(self) -> str:
        return f"{self.title}: {self.detail}" if self.detail else self.title


class Progress:
    """The launcher's voice."""

    def __init__(self, console: Console, stopping: Stopping) -> None:
        self.console = console
        self.stopping = stopping
        utf8 = console.encoding.lower().startswith("utf")
        self._good, self._bad = ("✓", "✗") if utf8 else ("ok", "failed:")

    def say(self, text: str) -> None:
        """One line, as it is."""
        self.console.print(text, markup=False, soft_wrap=True)

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """A step: what it does while it runs, how long it took when it is over."""
        if not self.console.is_terminal:
            self.say(f"{title} ...")
            step = Step(title, self.console, self.stopping, None)
        else:
            live = Live(Spinner("line", title), console=self.console, auto_refresh=False, transient=True)
            step = Step(title, self.console, self.stopping, live)
            live.start(refresh=True)
        try:
            yield step
        except BaseException:
            self._end(step, f"{self._bad} {title}")
            raise
        self._end(step, f"{self._good} {step._text()} ({step.seconds:.1f} s)")  # noqa: SLF001 - the two are one

    def _end(self, step: Step, line: str) -> None:
        if step._live is not None:  # noqa: SLF001 - the two are one
            step._live.stop()  # noqa: SLF001
        self.say(line)
