"""A bar on a terminal, for what takes longer than two seconds; nothing anywhere else."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from tilework.cli.consoles import talk

if TYPE_CHECKING:
    from types import TracebackType

PATIENCE_SECONDS = 2.0
"""What is over sooner needs no bar."""


class Progress:
    """Counts to ``total``, and says what it is about."""

    def __init__(self, what: str, total: int) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415
        from rich.progress import Progress as Bar  # noqa: PLC0415 - half the start-up of a short command

        self._what = what
        self._console = talk()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Bar(*columns, console=self._console, transient=True)
        self._task = self._bar.add_task(what, total=total)
        self._timer = threading.Timer(PATIENCE_SECONDS, self._bar.start)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._timer.start()
        return self

    def advance(self, count: int = 1) -> None:
        """``count`` more are over."""
        self._bar.advance(self._task, count)

    def show(self, done: int, total: int, what: str) -> None:
        """``done`` of ``total`` are over, of the part that is called ``what``."""
        self._bar.update(self._task, completed=done, total=total, description=f"{self._what}: {what}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self._timer.is_alive():
            self._timer.join()
        self._bar.stop()
