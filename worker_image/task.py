"""What crosses the border between the supervisor and a rank: small orders out, and back what became of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tilework.fleet.assembly import Stored
    from tilework.jobs.units import UnitTask


@dataclass(frozen=True, slots=True)
class Task:
    """One job for one rank. ``place`` is its lease's on the board; ``result_stem`` the result key less its suffix.

    ``attempt`` is the number of its claim, from 1. ``pictures`` are those that its row froze.
    """

    job: str
    key: str
    version: str
    source_bytes: int
    pipeline: str
    result_stem: str
    place: int
    attempt: int = 0
    pictures: str = ""

    @property
    def facts(self) -> Mapping[str, str | int]:
        """What log lines about it bear."""
        return {"job": self.job, "attempt": self.attempt}


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


@dataclass(frozen=True, slots=True)
class UnitOrder:
    """An attempt at a unit for one rank. ``place`` is its lease's on the board."""

    task: UnitTask
    place: int

    @property
    def facts(self) -> Mapping[str, str | int]:
        """What log lines about it bear."""
        task = self.task
        return {"job": task.job, "unit": f"{task.label}/{task.unit.number}", "attempt": task.attempt}


@dataclass(frozen=True, slots=True)
class UnitWorked:
    """What became of it: what the unit's manifest is to tell, or what the assembly has stored.

    ``rank`` and ``seconds`` as above.
    """

    made: str = ""
    stored: Stored | None = None
    rank: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)
