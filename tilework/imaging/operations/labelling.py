"""Connected components of an image of any size, numbered as one scan of the whole would number them.

A scan meets the first pixel of each component in raster order, and so numbers them by it. Within a window a component
that does not touch the border is whole (*closed*); what touches it is *open*, and goes on, or not, in the windows around.
A partial holds the open ones (:mod:`~tilework.imaging.operations.seams`) with their sums, and of the closed ones no more
than how many begin in each row. So it grows with the border. What closes where windows are joined stays with the joint.

A component's number is how many begin in rows above it, and in its own row to the left of it, which is told down the
tree: to each window how many begin before each of its rows (``starts``), and to its open components their numbers, and
whether they begin within (``heads``).

A *table* has a row a component and :data:`FIRST` and the further columns, int64, all in pixels of the whole image.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from tilework.errors import OperationFailedError
from tilework.imaging.operations.contract import Measured, Reduced
from tilework.imaging.operations.seams import (
    border_of,
    numbered_rows,
    outer_sides,
    renumbered,
    seams,
    touching,
    united,
)
from tilework.imaging.windows import row_strips

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from tilework.imaging.operations.contract import Arrays, Part
    from tilework.imaging.windows import Size, Window

    Integers = np.ndarray[Any, np.dtype[np.int64]]
    Labels = np.ndarray[Any, np.dtype[np.int32]]
    Mask = np.ndarray[Any, np.dtype[np.uint8]]

FIRST, BEFORE, LEFT, TOP, RIGHT, BOTTOM, AREA, SUM_X, SUM_Y = range(9)
"""Columns of a table: the first pixel (``row << 32 | column``); how many closed components that count begin before it in
its row of the window; the bounding box, the last two beyond it; pixels; and the sums of their columns and rows."""

ROW_BITS = 32
LEAST, MOST, SUMS = [LEFT, TOP], [RIGHT, BOTTOM], [AREA, SUM_X, SUM_Y]

GONE = -1
"""What a joint says of a component that is too small to count; -2 - n is row n of its own table, others are open."""

STRIP_PIXELS = 1 << 18
"""That are counted, or looked up, at once: NumPy makes a copy of eight bytes a pixel for both."""

MOST_LABELS = (1 << 31) - 1


class Rule(NamedTuple):
    """Whether pixels touch by their edges (4) or also by their corners (8), and the pixels a component needs to count."""

    connectivity: int
    least: int


def measured(mask: Mask, window: Window, rule: Rule) -> Measured:
    """Measure a window: ``mask`` of shape (height, width), uint8, 0 for the background.

    The partial: the open components along each side, their table ``open``, and ``counts``, how many closed ones begin in
    each row. Kept: the mask as packed bits. Listed: the table of the closed ones, and where the open ones begin.
    """
    import numpy as np

    labels, table = _tabled(mask, window, rule)
    outer = touching(labels) - 1
    number = np.full(len(table) + 1, -1, np.int32)
    number[outer + 1] = np.arange(len(outer), dtype=np.int32)
    closed = table[:, AREA] >= rule.least
    closed[outer] = False
    counts = _count_rows(table[closed, FIRST], window.top, window.height)
    table[:, BEFORE] = _among(table[closed, FIRST], table[:, FIRST])
    still_open = table[outer]
    sides = {name: number[side] for name, side in border_of(labels).items()}
    return Measured(
        {**sides, "open": still_open, "counts": counts},
        {"mask": np.packbits(mask), "rule": np.array(rule)},
        {"table": table[closed], "outer": still_open[:, FIRST]},
    )


def joined(parts: Sequence[Part], rule: Rule) -> Reduced:
    """Join the parts of a rectangle, given row by row.

    The joint: of the components of all parts, one part after the other until ``ends``, their ``numbers`` (see
    :data:`GONE`), where they begin (``firsts``), and whether that is where what they are part of begins (``leads``); the
    ``table`` of those that closed here, and where the ``outer`` ones begin; the parts' ``windows`` and ``counts``.
    """
    import numpy as np

    held = [len(part.partial["open"]) for part in parts]
    rows = numbered_rows(parts, held)
    top = parts[0].window.top
    table, counts = _side_by_side(parts)
    sets, which, leads = _gathered(table, united(len(table), seams(rows, diagonals=rule.connectivity == 8)))  # noqa: PLR2004
    sides = outer_sides(rows)
    found = np.concatenate(list(sides.values()))
    is_open = np.zeros(len(sets), bool)
    is_open[which[found[found >= 0]]] = True
    closed = ~is_open & (sets[:, AREA] >= rule.least)
    begun = np.sort(sets[closed, FIRST])
    sets[:, BEFORE] += _among(begun, sets[:, FIRST])
    number = np.full(len(sets), GONE, np.int32)
    number[is_open] = np.arange(is_open.sum(), dtype=np.int32)
    number[closed] = GONE - 1 - np.arange(closed.sum(), dtype=np.int32)
    partial = {name: renumbered(side, number[which]) for name, side in sides.items()}
    still_open = sets[is_open]
    joint = {
        "numbers": number[which],
        "ends": np.cumsum(held),
        "firsts": table[:, FIRST],
        "leads": leads,
        "table": sets[closed],
        "outer": still_open[:, FIRST],
        "windows": np.array([_corners(part.window) for part in parts], np.int64),
        "counts": np.concatenate([part.partial["counts"] for part in parts]),
    }
    counts += _count_rows(begun, top, len(counts))
    return Reduced({**partial, "open": still_open, "counts": counts}, joint)


def settled(partial: Arrays, rule: Rule) -> Arrays:
    """What is known of the whole, at whose true edge all that is open ends: its ``whole`` table, and their ``labels``.

    ``count`` is how many components there are. Raises OperationFailedError for more than labels can tell apart.
    """
    import numpy as np

    table, counts = partial["open"], partial["counts"]
    heads = table[:, AREA] >= rule.least
    counts = counts + _count_rows(table[heads, FIRST], 0, len(counts))
    count = int(counts.sum())
    if count > MOST_LABELS:
        raise OperationFailedError(
            f"There are {count:,} components, and labels of 32 bits tell {MOST_LABELS:,} apart.",
            advice="Raise min_area, or smooth the mask first.",
        )
    known = {"starts": np.cumsum(counts) - counts, "top": np.array(0), "heads": heads}
    labels = np.where(heads, _labels(table[:, FIRST], table[:, BEFORE], table[:, FIRST], known), 0)
    return {**known, "labels": labels, "whole": table, "count": np.array(count)}


def divided(known: Arrays, joint: Arrays) -> list[Arrays]:
    """What is known of each part of a joint."""
    import numpy as np

    numbers = joint["numbers"]
    table = joint["table"]
    labels, heads = np.zeros(len(numbers), np.int64), np.zeros(len(numbers), bool)
    is_open, closed = numbers >= 0, numbers < GONE
    labels[is_open], heads[is_open] = known["labels"][numbers[is_open]], known["heads"][numbers[is_open]]
    labels[closed] = _labels(table[:, FIRST], table[:, BEFORE], joint["outer"], known)[
        GONE - 1 - numbers[closed]
    ]
    heads[closed] = True
    heads &= joint["leads"]
    ends = joint["ends"][:-1]
    windows = joint["windows"].tolist()
    counts = np.split(joint["counts"], np.cumsum([bottom - top for _, top, _, bottom in windows])[:-1])
    found: list[Arrays] = []
    starts = known["starts"]
    for (left, top, _, bottom), own, ours, begins, theirs in zip(
        windows,
        counts,
        np.split(labels, ends),
        np.split(heads, ends),
        np.split(joint["firsts"], ends),
        strict=True,
    ):
        if left == windows[0][0]:
            first = top - int(known["top"])
            starts = known["starts"][first : first + bottom - top]
        found.append({"starts": starts, "top": np.array(top), "labels": ours, "heads": begins})
        starts = starts + own + _count_rows(theirs[begins], top, bottom - top)
    return found


def listed(held: Arrays, known: Arrays) -> tuple[Integers, Integers]:
    """The components that closed in a window or at a joint, and their labels: what it held, and what is known of it."""
    table = held["table"]
    return table, _labels(table[:, FIRST], table[:, BEFORE], held["outer"], known)


def painted(kept: Arrays, known: Arrays, size: Size) -> Labels:
    """The labels of a window, (height, width) int32, 0 for the background and for what is too small."""
    import numpy as np

    from tilework.imaging.windows import Window

    rule = Rule(*kept["rule"].tolist())
    mask = np.unpackbits(kept["mask"], count=size.pixels).reshape(size.height, size.width)
    labels = _scanned(mask, rule)
    firsts = _firsts(labels, Window(0, int(known["top"]), size.width, int(known["top"]) + size.height))
    outer = touching(labels) - 1
    closed = np.ones(len(firsts), bool)
    if rule.least > 1:
        closed = _areas(labels, len(firsts) + 1)[1:] >= rule.least
    closed[outer] = False
    number = np.zeros(len(firsts) + 1, np.int32)
    before = _among(firsts[closed], firsts[closed])
    number[1:][closed] = _labels(firsts[closed], before, firsts[outer], known)
    number[outer + 1] = known["labels"]
    return _renamed(labels, number)


def scan(mask: Mask, rule: Rule) -> Labels:
    """The labels of a whole image."""
    import numpy as np

    labels = _scanned(mask, rule)
    if rule.least <= 1:
        return labels
    counted = _areas(labels, int(labels.max()) + 1) >= rule.least
    counted[0] = False
    return _renamed(labels, np.where(counted, np.cumsum(counted), 0).astype(np.int32))


def _scanned(mask: Mask, rule: Rule) -> Labels:
    """The labels of a window, from 1 in the order of their first pixels."""
    import cv2

    found = cv2.connectedComponentsWithAlgorithm(mask, rule.connectivity, cv2.CV_32S, cv2.CCL_WU)
    return cast("Labels", found[1])


def _areas(labels: Labels, count: int) -> Integers:
    """The pixels of each of ``count`` labels, counted."""
    import numpy as np

    areas = np.zeros(count, np.int64)
    for rows in _strips(labels):
        found = np.bincount(labels[rows].ravel())
        areas[: len(found)] += found
    return areas


def _renamed(labels: Labels, number: Labels) -> Labels:
    """The labels, each called ``number[label]``, in place."""
    for rows in _strips(labels):
        labels[rows] = number.take(labels[rows])
    return labels


def _strips(labels: Labels) -> Iterator[slice]:
    return row_strips(len(labels), labels.shape[1], STRIP_PIXELS)


def _firsts(labels: Labels, window: Window) -> Integers:
    """The first pixel of each component: where the largest label so far rises.

    Looked for among the pixels of components that begin in their row, which are few.
    """
    import numpy as np

    highest = np.maximum.accumulate(labels.max(axis=1))
    above = np.append(np.int32(0), highest[:-1])
    fresh = np.flatnonzero(labels > above[:, None])
    so_far = np.maximum.accumulate(labels.ravel()[fresh])
    places = fresh[np.diff(so_far, prepend=np.int32(0)) != 0]
    rows, columns = np.divmod(places, window.width)
    firsts: Integers = (rows + window.top << ROW_BITS) | (columns + window.left)
    return firsts


def _tabled(mask: Mask, window: Window, rule: Rule) -> tuple[Labels, Integers]:
    """The labels of a window, and the table of their components, in which ``BEFORE`` is still open."""
    import cv2
    import numpy as np

    count, labels, sums, centres = cv2.connectedComponentsWithStatsWithAlgorithm(
        mask, rule.connectivity, cv2.CV_32S, cv2.CCL_WU
    )
    labels = cast("Labels", labels)
    table = np.zeros((count - 1, 9), np.int64)
    boxes = sums[1:].astype(np.int64)
    table[:, FIRST] = _firsts(labels, window)
    table[:, LEFT], table[:, TOP] = boxes[:, 0] + window.left, boxes[:, 1] + window.top
    table[:, RIGHT], table[:, BOTTOM] = table[:, LEFT] + boxes[:, 2], table[:, TOP] + boxes[:, 3]
    table[:, AREA] = boxes[:, 4]
    # a window's sums are below 2 ** 50, so that rounding gives back what was divided
    table[:, SUMS[1:]] = np.rint(centres[1:] * boxes[:, 4:]) + boxes[:, 4:] * (window.left, window.top)
    return labels, table


def _side_by_side(parts: Sequence[Part]) -> tuple[Integers, Integers]:
    """The tables of parts, one after the other, as those of a window that holds them all, and its closed ones by row."""
    import numpy as np

    tables, counts = [], []
    for part in parts:
        own = part.partial["counts"]
        if part.window.left == parts[0].window.left:
            counts.append(np.zeros(len(own), np.int64))
        table = part.partial["open"].copy()
        table[:, BEFORE] += counts[-1][(table[:, FIRST] >> ROW_BITS) - part.window.top]
        tables.append(table)
        counts[-1] += own
    return np.concatenate(tables), np.concatenate(counts)


def _gathered(table: Integers, roots: Labels) -> tuple[Integers, Integers, Any]:
    """One table row a set of components; which set each is part of, and whether the set begins with it."""
    import numpy as np

    order = np.lexsort((table[:, FIRST], roots))
    changes = np.diff(roots[order], prepend=-1) != 0
    begins = np.flatnonzero(changes)
    leads = np.zeros(len(table), bool)
    leads[order[begins]] = True
    which = np.empty(len(table), np.int64)
    which[order] = np.cumsum(changes) - 1
    sets, rows = table[order[begins]], table[order]
    if len(begins):
        sets[:, LEAST] = np.minimum.reduceat(rows[:, LEAST], begins)
        sets[:, MOST] = np.maximum.reduceat(rows[:, MOST], begins)
        sets[:, SUMS] = np.add.reduceat(rows[:, SUMS], begins)
    return sets, which, leads


def _labels(firsts: Integers, before: Integers, outer: Integers, known: Arrays) -> Integers:
    """The labels of components of a window by what their columns tell; its open ones begin at ``outer``."""
    import numpy as np

    begun = np.sort(outer[known["heads"]])
    rows = (firsts >> ROW_BITS) - known["top"]
    labels: Integers = known["starts"][rows] + before + _among(begun, firsts) + 1
    return labels


def _among(begun: Integers, firsts: Integers) -> Integers:
    """How many of ``begun``, which are in order, lie before each of ``firsts`` in its row."""
    import numpy as np

    rows = firsts >> ROW_BITS << ROW_BITS
    return np.searchsorted(begun, firsts) - np.searchsorted(begun, rows)


def _count_rows(firsts: Integers, top: int, height: int) -> Integers:
    """How many of ``firsts`` are in each row from ``top`` on."""
    import numpy as np

    return np.bincount((firsts >> ROW_BITS) - top, minlength=height)


def _corners(window: Window) -> tuple[int, int, int, int]:
    return window.left, window.top, window.right, window.bottom
