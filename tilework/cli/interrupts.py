"""Ctrl-C and SIGTERM: the first lets what is being worked on end and be told, the second ends at once."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """While it is entered, ``asked`` tells whether the user wants to stop. For the main thread."""

    def __init__(self) -> None:
        self.asked = False
        self.asked_twice = False
        self._may_raise = False
        self._before: list[Any] = []

    def __enter__(self) -> Self:
        self._before = [signal.signal(number, self._caught) for number in SIGNALS]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in zip(SIGNALS, self._before, strict=True):
            signal.signal(number, handler)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Inside, the first one raises KeyboardInterrupt too, so that nobody sits out a long wait."""
        self._may_raise = not self.asked
        try:
            yield
        finally:
            self._may_raise = False

    def _caught(self, _number: int, _frame: object) -> None:
        self.asked, self.asked_twice = True, self.asked
        if self._may_raise or self.asked_twice:
            raise KeyboardInterrupt
