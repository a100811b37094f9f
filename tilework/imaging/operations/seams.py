"""Components that run across windows: their numbers along each window's border, united where windows are joined.

Within a window only the components that touch its border can hang together with anything outside. So a window's partial
numbers these from 0, and tells for each of :data:`SIDES` the component along it as int32, -1 for none; where windows are
joined, their numbers are united across the seams. Uniting labels across tiles as in connected-component labelling
(Rosenfeld and Pfaltz, 1966).
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from tilework.imaging.operations.contract import Part

    Numbers = np.ndarray[Any, np.dtype[np.int32]]
    Sides = dict[str, Numbers]

SIDES = ("top", "bottom", "left", "right")


def border_of(labels: Numbers) -> Sides:
    """The labels along each side of a window of them, shape (height, width)."""
    return dict(zip(SIDES, (labels[0], labels[-1], labels[:, 0], labels[:, -1]), strict=True))


def touching(labels: Numbers) -> Numbers:
    """The labels that are along the border, in their order; 0 is the background, which every border may have."""
    import numpy as np

    found = np.unique(np.concatenate(list(border_of(labels).values())))
    return found[found > 0]


def numbered_rows(parts: Sequence[Part], counts: Sequence[int]) -> list[list[Sides]]:
    """The sides of the parts, row by row of their grid, their components numbered through; ``counts`` are each part's."""
    import numpy as np

    numbers = np.arange(sum(counts), dtype=np.int32)
    rows: list[list[Sides]] = []
    first, top = 0, None
    for part, count in zip(parts, counts, strict=True):
        if part.window.top != top:
            rows.append([])
            top = part.window.top
        rows[-1].append({name: renumbered(part.partial[name], numbers[first:]) for name in SIDES})
        first += count
    return rows


def outer_sides(rows: list[list[Sides]]) -> Sides:
    """The sides of the rectangle that rows of windows make."""
    import numpy as np

    return {
        "top": np.concatenate([cell["top"] for cell in rows[0]]),
        "bottom": np.concatenate([cell["bottom"] for cell in rows[-1]]),
        "left": np.concatenate([row[0]["left"] for row in rows]),
        "right": np.concatenate([row[-1]["right"] for row in rows]),
    }


def renumbered(side: Numbers, number: Numbers) -> Numbers:
    """A side whose component n is called ``number[n]``; where there is none there stays none."""
    told = side.copy()
    there = side >= 0
    told[there] = number[side[there]]
    return told


def seams(rows: list[list[Sides]], *, diagonals: bool = True) -> Numbers:
    """Pairs (two rows) of components that touch across a seam of the grid, by their edges or also by their corners.

    The seams between rows run through the whole width, so that diagonals across the corners of four cells are there.
    """
    import numpy as np

    pairs = [np.empty((2, 0), np.int32)]
    for one, other in _sides_of_seams(rows):
        pairs.append(_meeting(one, other))
        if diagonals:
            pairs += [_meeting(one[1:], other[:-1]), _meeting(one[:-1], other[1:])]
    return np.concatenate(pairs, axis=1)


def _sides_of_seams(rows: list[list[Sides]]) -> list[tuple[Numbers, Numbers]]:
    import numpy as np

    found = [(one["right"], other["left"]) for row in rows for one, other in itertools.pairwise(row)]
    for above, below in itertools.pairwise(rows):
        found.append(
            (
                np.concatenate([cell["bottom"] for cell in above]),
                np.concatenate([cell["top"] for cell in below]),
            )
        )
    return found


def _meeting(one: Numbers, other: Numbers) -> Numbers:
    import numpy as np

    both = (one >= 0) & (other >= 0)
    return np.stack([one[both], other[both]])


def united(count: int, pairs: Numbers) -> Numbers:
    """The smallest number of each set when the pairs are united: hooking and pointer jumping until nothing changes.

    Shiloach and Vishkin, "An O(log n) parallel connectivity algorithm", 1982.
    """
    import numpy as np

    roots = np.arange(count, dtype=np.int32)
    while True:
        ones, others = roots[pairs[0]], roots[pairs[1]]
        apart = ones != others
        if not apart.any():
            return roots
        low, high = np.minimum(ones[apart], others[apart]), np.maximum(ones[apart], others[apart])
        np.minimum.at(roots, high, low)
        while True:
            jumped = roots[roots]
            if np.array_equal(jumped, roots):
                break
            roots = jumped
