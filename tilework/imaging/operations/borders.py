"""What lies beyond an image's edge, as rules on whole coordinates; the names and meanings are OpenCV's BORDER_*.

constant     vvv|abcd|vvv        reflect      cba|abcd|dcb        wrap    bcd|abcd|abc
replicate    aaa|abcd|ddd        reflect_101  dcb|abcd|cba
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.operations.parameters import Parameter

if TYPE_CHECKING:
    from typing import Any

    import numpy as np

    Indices = np.ndarray[Any, np.dtype[np.int64]]

BORDERS = ("constant", "replicate", "reflect", "reflect_101", "wrap")

VALUE = Parameter(
    name="value",
    type="float",
    help="What constant puts beyond the edge, in each channel; cut to what the depth can hold.",
    default=0.0,
    minimum=-1e9,
    maximum=1e9,
)


def span_within(begin: int, end: int, side: int, border: str) -> tuple[int, int]:
    """Which coordinates (begin, end) of a row of ``side`` pixels those from ``begin`` to ``end`` are taken from.

    Where ``constant`` takes nothing, the pixel that is nearest.
    """
    if border in {"constant", "replicate"} or side == 1:
        first = min(max(begin, 0), side - 1)
        return first, min(max(end, first + 1), side)
    if border == "wrap":
        crosses = begin // side != (end - 1) // side
        return (0, side) if crosses else (begin % side, (end - 1) % side + 1)
    step = side if border == "reflect" else side - 1
    ends = sorted(int(_reflected(at, side, border)) for at in (begin, end - 1))
    # the fold before each even step shows the first pixel, before each odd one the last
    folds = range(-(-begin // step), (end - 1) // step + 1)
    if any(fold % 2 == 0 for fold in folds[:2]):
        ends[0] = 0
    if any(fold % 2 == 1 for fold in folds[:2]):
        ends[1] = side - 1
    return ends[0], ends[1] + 1


def _reflected(at: int | Indices, side: int, border: str) -> Any:
    """Where ``reflect`` or ``reflect_101`` takes a coordinate from, or each of several, in a row of more than one pixel."""
    import numpy as np

    last = 2 * side - 1 if border == "reflect" else 2 * side - 2
    at = at % (last + 1 if border == "reflect" else last)
    return np.minimum(at, last - at)


def indices(begin: int, end: int, side: int, border: str) -> Indices:
    """The coordinate in a row of ``side`` pixels of each one from ``begin`` to ``end``; not for ``constant``."""
    import numpy as np

    at = np.arange(begin, end)
    if border == "replicate" or side == 1:
        return np.clip(at, 0, side - 1)
    if border == "wrap":
        return at % side
    found: Indices = _reflected(at, side, border)
    return found
