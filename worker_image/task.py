"""What crosses the border between the supervisor and a rank: a small :class:`Task` out, :class:`Worked` back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Task:
    """One job for one rank. ``place`` is its lease's on the board; ``result_stem`` the result key less its suffix."""

    job: str
    key: str
    version: str
    source_bytes: int
    pipeline: str
    result_stem: str
    place: int


@dataclass(frozen=True, slots=True)
class Worked:
    """What became of a task. Sizes in pixels and bytes, ``seconds`` by phase.

    ``stored`` is False where another attempt had stored the result before. ``note`` tells what was odd in the input.
    ``rank`` is the MPI rank that worked, from 1; 0 where nobody knows.
    """

    result_key: str
    stored: bool
    width: int
    height: int
    dtype: str
    result_bytes: int
    seconds: Mapping[str, float]
    note: str = ""
    rank: int = 0
