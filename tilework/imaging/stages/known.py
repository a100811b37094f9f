"""What is known of each node, unit and cell of a measured operation: told down the tree from the top."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from tilework.imaging.blaming import blaming

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Arrays
    from tilework.imaging.stages.measuring import Measuring

CACHED_JOINTS = 4
"""Nodes of each level whose knowledge is kept."""


class Known:
    """What is known, of what ``measuring`` has left in the scratch."""

    def __init__(self, measuring: Measuring) -> None:
        self._measuring = measuring
        self._levels = measuring.levels()
        self._parts = lru_cache(CACHED_JOINTS * len(self._levels))(self._of_parts)

    @cached_property
    def whole(self) -> Arrays:
        """What is known of the whole."""
        return self._measuring.known_whole()

    def of_node(self, level: int, index: int) -> Arrays:
        """What is known of a node, or at level 0 of a unit: of the top the whole, of another its share of the node above."""
        if level == len(self._levels) - 1:
            return self.whole
        window, above = self._levels[level].window(index), self._levels[level + 1]
        parent = above.index_at(window.left, window.top)
        among = list(self._levels[level].meeting(above.window(parent)))
        return self._share(level + 1, parent, among.index(index))

    def of_cell(self, cell: int) -> Arrays:
        """What is known of a cell."""
        measuring = self._measuring
        window = measuring.cells.window(cell)
        unit = measuring.units.index_at(window.left, window.top)
        among = list(measuring.cells.meeting(measuring.units.window(unit)))
        return self._share(0, unit, among.index(cell))

    def _share(self, level: int, index: int, part: int) -> Arrays:
        """What is known of one part of a node."""
        parts = self._parts(level, index)
        return parts[part] if isinstance(parts, Sequence) else parts

    def _of_parts(self, level: int, index: int) -> Sequence[Arrays] | Arrays:
        """What is known of each part of a node."""
        measuring = self._measuring
        with blaming(measuring.operation):
            return measuring.operation.descend(self.of_node(level, index), measuring.joint(level, index))
