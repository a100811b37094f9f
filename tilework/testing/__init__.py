"""A kit that holds an operation to its contract: any operation, ours or yours.

In a test of your own::

    from tilework.testing import check_operation

    def test_my_operation_keeps_its_promises() -> None:
        check_operation(MyOperation())

:func:`check` returns what it found instead of raising it. Each finding says which promise of
:data:`~tilework.testing.findings.PROMISES` is broken, and names pipeline, size, kind of pixels and tile that show it.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.imaging import operations
from tilework.testing import declared, grouping, purity, reporting, tiled
from tilework.testing.findings import PROMISES, Finding, Findings, Speed
from tilework.testing.speed import speed_of
from tilework.testing.subject import subject_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tilework.imaging.operations import Example, Operation
    from tilework.testing.findings import Found
    from tilework.testing.subject import Subject

__all__ = ["PROMISES", "Finding", "Findings", "Speed", "check", "check_operation"]

SECONDS = 2.0
"""Of processor time, whatever else keeps a machine busy: some hundreds of trials of an operation that is as quick as most."""

PATIENCE = 20
"""How many times longer by the clock it may take, on a machine that is busy, or for an operation that waits."""

PARTS: tuple[tuple[Callable[[Subject], Iterator[Found]], int], ...] = (
    (purity.pickling, 1),
    (declared.bounds_and_results, 1),
    (declared.examples, 1),
    (tiled.windows, 1),
    (tiled.tiles, 3),
    (grouping.grouping, 1),
    (reporting.reports, 1),
    (purity.purity, 1),
)
"""What is tried, and its share of the time as long as it has something to try."""


def check(
    operation: Operation,
    *,
    examples: Sequence[Example] | None = None,
    seconds: float = SECONDS,
    seed: int = 0,
    speed: bool = False,
) -> Findings:
    """Try whether an operation keeps its promises, and tell those that it breaks.

    ``examples`` stand for the operation's own. The same ``seed`` gives the same trials in the same order; there are as
    many as ``seconds`` of processor time allow (by the clock at most :data:`PATIENCE` times that), and of each part at
    least one. The first trial that finds something is the last. With ``speed`` the first example is timed against its
    Python, on one thread. Raises TypeError for what is no operation.
    """
    if not isinstance(operation, operations.Operation):
        raise TypeError(f"{operation!r} is no Operation")
    operations.prepare()
    purity.fresh_processes()
    budget = _Budget(seconds)
    rival = operations.registry().get(operation.name)
    with operations.trying(operation):
        subject = subject_of(operation, examples, seed, rival)
        # a warning in a rank is a line in a log for each tile
        with warnings.catch_warnings(action="error"):
            found, tried = _tried(subject, budget)
        took = budget.used
        told = speed_of(subject) if speed and not any(isinstance(each, Finding) for each in found) else None
    return Findings(
        operation=operation.name,
        broken=tuple(dict.fromkeys(each for each in found if isinstance(each, Finding))),
        tried=tried,
        seconds=took,
        unlike=max((each for each in found if isinstance(each, float)), default=0.0),
        speed=told,
    )


def check_operation(
    operation: Operation,
    *,
    examples: Sequence[Example] | None = None,
    seconds: float = SECONDS,
    seed: int = 0,
) -> None:
    """Raise AssertionError with everything that :func:`check` finds."""
    findings = check(operation, examples=examples, seconds=seconds, seed=seed)
    if findings:
        raise AssertionError(str(findings))


def _tried(subject: Subject, budget: _Budget) -> tuple[list[Found], int]:
    """The facts, every part once, then always the one that has used the least of its share, until time is over or something found."""
    going = [_Part(part(subject), share) for part, share in PARTS]
    found: list[Found] = [*declared.facts(subject)]
    tried, shown = 1, False
    while going:
        part = min(going, key=lambda each: each.used)
        if part.used and (shown or budget.spent):
            break
        began = time.process_time()
        try:
            each = next(part.trials)
        except StopIteration:
            going.remove(part)
            continue
        part.used += (time.process_time() - began) / part.share
        tried += each != "skipped"
        if isinstance(each, (Finding, float)):
            found.append(each)
        shown = shown or isinstance(each, Finding)
    return found, tried


class _Budget:
    """Some seconds of processor time."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._began, self._clock = seconds, time.process_time(), time.monotonic()

    @property
    def used(self) -> float:
        """Seconds of processor time so far."""
        return time.process_time() - self._began

    @property
    def spent(self) -> bool:
        """Whether it is used up."""
        return self.used > self._seconds or time.monotonic() - self._clock > PATIENCE * self._seconds


@dataclass(slots=True)
class _Part:
    """A part under way; ``used`` is the time it took, divided by its share."""

    trials: Iterator[Found]
    share: int
    used: float = 0.0
