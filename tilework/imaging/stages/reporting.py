"""The report of a measured operation: from what is known of the whole, and the rows that lie all over its tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.blaming import blaming
from tilework.imaging.engine import joined_columns
from tilework.imaging.report import check_rows, written
from tilework.imaging.stages.known import Known
from tilework.imaging.stopwatch import timed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tilework.imaging.operations.contract import Arrays
    from tilework.imaging.stages.measuring import Measuring
    from tilework.imaging.stages.work import Work


@timed("encode")
def written_report(work: Work, go_on: Callable[[], None]) -> bytes:
    """The report that is the result, all having been measured; ``go_on`` is asked before each part of the work.

    Raises :class:`~tilework.errors.TooLargeError`, and what the operation raises.
    """
    go_on()
    measuring = work.reporting
    step, operation = measuring.step, measuring.operation
    known = Known(measuring)
    found = known.whole
    if operation.lists:
        with blaming(operation):
            check_rows(int(found["count"]), operation)
        tables = list(_rows(measuring, known, go_on))
        with blaming(operation):
            found = {**found, **joined_columns(tables)}
    pixels = measuring.pipeline.kinds(measuring.image.pixels)[-2]
    size = measuring.units.size
    with blaming(operation):
        report = operation.report(found, size, pixels, step.arguments)
    go_on()
    with blaming(operation):
        return written(report, work.pipeline, size, pixels)


def _rows(measuring: Measuring, known: Known, go_on: Callable[[], None]) -> Iterator[Arrays]:
    """The rows of all nodes, then of all units and their cells; what lies side by side is fetched at once."""
    operation, levels = measuring.operation, measuring.levels()
    for level in range(len(levels) - 1, -1, -1):
        for together in _batches(measuring, level):
            go_on()
            joints = measuring.joints(level, together)
            cells = [cell for unit in together for cell in _cells(measuring, unit)] if level == 0 else []
            kept = measuring.kept(cells)
            with blaming(operation):
                for index, joint in zip(together, joints, strict=True):
                    yield operation.rows(joint, known.of_node(level, index))
                for cell, listed in zip(cells, kept, strict=True):
                    yield operation.rows(listed, known.of_cell(cell))


def _batches(measuring: Measuring, level: int) -> Iterator[list[int]]:
    """The nodes of a level, those together that are joined by the same node of the level above."""
    levels = measuring.levels()
    if level == len(levels) - 1:
        yield [0]
        return
    above = levels[level + 1]
    for parent in range(above.count):
        yield list(levels[level].meeting(above.window(parent)))


def _cells(measuring: Measuring, unit: int) -> list[int]:
    return list(measuring.cells.meeting(measuring.units.window(unit)))
