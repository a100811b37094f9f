"""How far the pixels of a mask are from its nearest black one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tilework.imaging.operations.contract import Example, LocalOperation, Pixels
from tilework.imaging.operations.parameters import Parameter
from tilework.imaging.windows import Margin

if TYPE_CHECKING:
    from tilework.imaging.operations.contract import Image
    from tilework.imaging.operations.parameters import Arguments

FARTHEST = 1_000
"""Pixels. So many are read around each tile."""

SHORTEST_STEP = 0.95
"""What OpenCV's metrics count at least for a step to a neighbour: 0.955, of L2 on a mask of 3 x 3."""

METRICS = {"l1": ("DIST_L1", 3), "c": ("DIST_C", 3), "l2": ("DIST_L2", 3), "l2_5": ("DIST_L2", 5)}
"""By word, OpenCV's distance type and its mask."""

COST = 0.05
"""Seconds for a million samples. Measured: 0.009 at most (5 x 5)."""


class Distance(LocalOperation):
    """The distance transform up to a limit, beyond which nothing is looked for.

    OpenCV counts in whole 65,536ths along paths from pixel to pixel, and a shortest one lies within the rectangle around its
    ends: so what lies beyond the limit changes nothing.
    """

    name = "distance"
    family = "morphology"
    summary = "Distance: how far each pixel of a mask is from the nearest black one, up to a limit."
    formula = "np.minimum(cv2.distanceTransform(image, metric, mask), limit)"
    parameters = (
        Parameter(
            name="limit",
            type="int",
            help="The farthest that is looked; what is farther from all black has this distance.",
            minimum=1,
            maximum=FARTHEST,
            unit="px",
            example=50,
        ),
        Parameter(
            name="metric",
            type="word",
            help="l2: as the crow flies, approximated on a mask of 3 x 3 pixels (to 5 %) or with l2_5 of 5 x 5 (to 2 %); l1: along "
            "rows and columns; c: the larger of both.",
            default="l2_5",
            choices=tuple(METRICS),
        ),
    )
    dtypes = ("uint8",)
    channels = (1,)
    scratch = 8.25
    alpha = "Dropped: the result is a measure."
    nodata = "A value like any other: all but 0 is white."
    examples = (
        Example(
            text="distance(50)",
            python="np.minimum(cv2.distanceTransform(image, cv2.DIST_L2, 5), np.float32(50))",
        ),
        Example(
            text="distance(20, l1)",
            python="np.minimum(cv2.distanceTransform(image, cv2.DIST_L1, 3), np.float32(20))",
        ),
    )

    def cost(self, arguments: Arguments) -> float:  # noqa: ARG002
        """Two passes, whatever the limit."""
        return COST

    def output_pixels(self, pixels: Pixels, arguments: Arguments) -> Pixels:  # noqa: ARG002
        """Distances in pixels."""
        return Pixels("float32", 1)

    def margin(self, arguments: Arguments) -> Margin:
        """As far as is looked, in the shortest steps."""
        reach = math.ceil(int(arguments["limit"]) / SHORTEST_STEP) + 1
        return Margin.even(reach, reach)

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """One call of cv2.distanceTransform; beyond the edge nothing is black."""
        import cv2
        import numpy as np

        metric, mask = METRICS[str(arguments["metric"])]
        result = cv2.distanceTransform(image, int(getattr(cv2, metric)), mask)
        return np.minimum(result, np.float32(int(arguments["limit"])), out=result)


OPERATIONS = (Distance(),)
