"""The deadline of the task that this rank works on, as the task itself knows it best.

A world gives each task the same time to begin with; a task that has learnt how much there is to do asks for what that
takes. A rank beyond its deadline is killed by the starter of its world: a hanging C call hears nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_move: Callable[[float], None] | None = None


def moved_by(move: Callable[[float], None]) -> None:
    """Have ``move`` told all later wishes: what a rank does once, when it starts."""
    global _move  # noqa: PLW0603 - a process works on one task at a time, and that has one deadline
    _move = move


def allow(seconds: float) -> None:
    """Give the running task ``seconds`` from now on, in place of what it had left. Nothing where this is no rank."""
    if _move is not None:
        _move(seconds)
