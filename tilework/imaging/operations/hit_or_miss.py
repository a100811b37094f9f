"""Pixels of a mask whose surroundings fit a pattern."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from tilework.imaging.operations.contract import Example, LocalOperation
from tilework.imaging.operations.parameters import Parameter
from tilework.imaging.windows import Margin

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image
    from tilework.imaging.operations.parameters import Arguments

PATTERNS = {
    "isolated": ((-1, -1, -1), (-1, 1, -1), (-1, -1, -1)),
    "holes": ((1, 1, 1), (1, -1, 1), (1, 1, 1)),
    "corners": ((0, 1, 0), (-1, 1, 1), (-1, -1, 0)),
    "ends": ((0, 0, 0), (-1, 1, -1), (-1, -1, -1)),
}
"""By name, rows of 1 for white, -1 for black, 0 for either. Those of corners and ends are the usual ones of textbooks on
the transform (Fisher et al., Hypermedia Image Processing Reference, "Hit-and-Miss Transform")."""

TURNS = {"isolated": 1, "holes": 1, "corners": 4, "ends": 4}
"""How many turns by 90 degrees give a pattern that differs."""


class HitMiss(LocalOperation):
    """The hit-or-miss transform, with a pattern in all its turns."""

    name = "hitmiss"
    family = "morphology"
    summary = "Hit or miss: the pixels of a mask whose surroundings fit a pattern, such as corners or ends of lines."
    formula = (
        "cv2.morphologyEx(mask, cv2.MORPH_HITMISS, pattern), of the pattern in each of its turns by 90 degrees; "
        "mask = cv2.threshold(image, 0, 255, cv2.THRESH_BINARY)[1]"
    )
    parameters = (
        Parameter(
            name="pattern",
            type="word",
            help="White pixels with only black around them (isolated), black ones with only white around them (holes), "
            "white ones at corners of 90 degrees (corners), or at the ends of lines one pixel wide (ends).",
            choices=tuple(PATTERNS),
            example="corners",
        ),
    )
    dtypes = ("uint8",)
    channels = (1,)
    makes_mask = True
    scratch = 5.25
    nodata = "A value like any other: all but 0 is white."
    examples = (
        Example(
            text="hitmiss(isolated)",
            python="cv2.morphologyEx(cv2.threshold(image, 0, 255, cv2.THRESH_BINARY)[1], cv2.MORPH_HITMISS, "
            "np.array([[-1, -1, -1], [-1, 1, -1], [-1, -1, -1]]))",
        ),
        Example(
            text="hitmiss(corners)",
            python="np.bitwise_or.reduce([cv2.morphologyEx(cv2.threshold(image, 0, 255, cv2.THRESH_BINARY)[1], "
            "cv2.MORPH_HITMISS, np.rot90([[0, 1, 0], [-1, 1, 1], [-1, -1, 0]], turn)) for turn in range(4)])",
        ),
    )

    def cost(self, arguments: Arguments) -> float:  # noqa: ARG002
        """Up to eight erosions by nine pixels."""
        return 0.1

    def margin(self, arguments: Arguments) -> Margin:  # noqa: ARG002
        """The pixels around one."""
        return Margin.even(1, 1)

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """One call of cv2.morphologyEx a turn; what lies beyond the edge fits everything."""
        import cv2

        first, *others = _turned(str(arguments["pattern"]))
        mask = cv2.threshold(image, 0, 255, cv2.THRESH_BINARY)[1]
        result = cv2.morphologyEx(mask, cv2.MORPH_HITMISS, first)
        for pattern in others:
            cv2.bitwise_or(result, cv2.morphologyEx(mask, cv2.MORPH_HITMISS, pattern), dst=result)
        return result


@lru_cache(len(PATTERNS))
def _turned(name: str) -> tuple[Image, ...]:
    """A pattern in its turns, made once for all tiles."""
    import numpy as np

    pattern = np.array(PATTERNS[name], np.int32)
    return tuple(np.ascontiguousarray(np.rot90(pattern, turn)) for turn in range(TURNS[name]))


OPERATIONS = (HitMiss(),)
