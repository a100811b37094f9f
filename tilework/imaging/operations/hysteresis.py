"""Edge tracking by hysteresis over an image of any size: which weak edges hang together with a strong one.

A candidate is a pixel on a thin edge above the low threshold, a seed one above the high threshold. Canny keeps the
components of candidates (8-connected) that hold a seed. Within a window only the components that touch its border can
hang together with anything outside. So a window's partial is the numbers of the components along its border, and
which of these hold a seed; where windows are joined, their numbers are united across the
:mod:`~tilework.imaging.operations.seams`, diagonals too, and what does not reach the outer border is decided.
J. Canny, "A Computational Approach to Edge Detection", 1986.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from tilework.imaging.operations.contract import Measured, Reduced
from tilework.imaging.operations.seams import (
    SIDES,
    border_of,
    numbered_rows,
    outer_sides,
    renumbered,
    seams,
    touching,
    united,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from tilework.imaging.operations.contract import Arrays, Image, Part
    from tilework.imaging.windows import Size

    Numbers = np.ndarray[Any, np.dtype[np.int32]]
    Flags = np.ndarray[Any, np.dtype[np.bool_]]

DARK, LIT = -1, -2
"""What a joint says of a component that ends within it; others have their number in the joint's own partial."""


def track(candidates: Image, seeds: Image) -> Measured:
    """Measure one window: both masks have shape (height, width), dtype uint8, 0 for no.

    The partial: the components along each side, and ``lit``, which says which of them hold a seed. Kept: ``edges``, the
    pixels of components with a seed, and ``open``, those of the others that touch the border, both as packed bits (row
    by row, without padding); and the partial, to know these by.
    """
    import numpy as np

    count, labels = _labelled(candidates)
    lit = np.zeros(count, np.uint8)
    lit[labels[seeds.view(bool)]] = 1
    outer = touching(labels)
    number = np.full(count, -1, np.int32)
    number[outer] = np.arange(len(outer), dtype=np.int32)
    kinds = lit.copy()
    kinds[outer[lit[outer] == 0]] = 2
    kind = kinds.take(labels)
    numbers = {name: number[side] for name, side in border_of(labels).items()}
    kept = {"edges": np.packbits(kind == 1), "open": np.packbits(kind == 2)}  # noqa: PLR2004
    partial = {**numbers, "lit": lit[outer].astype(bool)}
    return Measured(partial, {**partial, **kept})


def joined(parts: Sequence[Part]) -> Reduced:
    """Join the parts of a rectangle, given row by row.

    The joint's ``numbers`` tell for the components of all parts, one part after the other, what they are in the joined
    partial, or :data:`DARK` or :data:`LIT`; ``ends`` tells where each part's stop.
    """
    import numpy as np

    counts = [len(part.partial["lit"]) for part in parts]
    rows = numbered_rows(parts, counts)
    lit = np.concatenate([part.partial["lit"] for part in parts])
    roots = united(len(lit), seams(rows))
    holds = np.zeros(len(lit), bool)
    holds[roots[lit]] = True
    sides = outer_sides(rows)
    found = np.concatenate(list(sides.values()))
    outer = np.unique(roots[found[found >= 0]])
    number = np.where(holds, LIT, DARK).astype(np.int32)
    number[outer] = np.arange(len(outer), dtype=np.int32)
    partial = {name: renumbered(side, number[roots]) for name, side in sides.items()}
    return Reduced({**partial, "lit": holds[outer]}, {"numbers": number[roots], "ends": np.cumsum(counts)})


def divided(lit: Flags, joint: Arrays) -> list[Arrays]:
    """What is known of each part of a joint: which of its components are edges, given the joined partial's."""
    import numpy as np

    numbers = joint["numbers"]
    known = numbers == LIT
    outer = numbers >= 0
    known[outer] = lit[numbers[outer]]
    return [{"lit": flags} for flags in np.split(known, joint["ends"][:-1])]


def painted(kept: Arrays, lit: Flags, size: Size) -> Image:
    """The edges of a window, (height, width) uint8 of 0 and 255, once it is known which of its components are lit."""
    import numpy as np

    edges = _unpacked(kept["edges"], size)
    found = np.concatenate([kept[name] for name in SIDES])
    # those with a seed of their own are edges already
    news = lit & ~kept["lit"]
    wanted = found >= 0
    wanted[wanted] = news[found[wanted]]
    if wanted.any():
        still_open = _unpacked(kept["open"], size)
        count, labels = _labelled(still_open)
        ring = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
        chosen = np.zeros(count, np.uint8)
        chosen[ring[wanted]] = 1
        chosen[0] = 0
        np.bitwise_or(edges, chosen.take(labels), out=edges)
    np.multiply(edges, 255, out=edges)
    return edges


def _labelled(mask: Image) -> tuple[int, Numbers]:
    """How many components there are, the background among them, and which each pixel belongs to; 0 is the background."""
    import cv2

    count, labels = cv2.connectedComponentsWithAlgorithm(
        mask, connectivity=8, ltype=cv2.CV_32S, ccltype=cv2.CCL_SAUF
    )
    return count, cast("Numbers", labels)


def _unpacked(bits: np.ndarray[Any, np.dtype[np.uint8]], size: Size) -> np.ndarray[Any, np.dtype[np.uint8]]:
    import numpy as np

    return np.unpackbits(bits, count=size.pixels).reshape(size.height, size.width)
