"""Connected components: what hangs together in a mask, numbered, measured and listed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.operations import labelling
from tilework.imaging.operations.contract import NO_ALIGNMENT, Example, MeasuredOperation, Pixels, Report
from tilework.imaging.operations.labelling import Rule
from tilework.imaging.operations.parameters import Parameter
from tilework.imaging.operations.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tilework.imaging.operations.contract import Arrays, Image, Measured, Part, Reduced, Site
    from tilework.imaging.operations.labelling import Mask
    from tilework.imaging.operations.parameters import Arguments
    from tilework.imaging.windows import Size

LARGEST_AREA = 1 << 40
"""Above the pixels of any image."""

COST = 0.06
"""Seconds for a million samples. Measured: up to 0.044 to measure and paint a window of noise, 0.011 of blobs."""

SCRATCH = 5.0
"""Measured on bytes, beside labels of four bytes: 3 times the input, with sums of 300,000 components 4.7."""


class Components(MeasuredOperation):
    """Connected components of what is not zero.

    A component may run through the whole image, and its number depends on all that begin before it. Both are found out
    by windows (:mod:`~tilework.imaging.operations.labelling`).
    """

    name = "components"
    family = "analysis"
    summary = "Connected components of all that is not zero: an image of their labels, or a list of their boxes and areas."
    formula = (
        "cv2.connectedComponentsWithAlgorithm(mask, connectivity, cv2.CV_32S, cv2.CCL_WU), mask: image != 0"
    )
    parameters = (
        Parameter(
            name="connectivity",
            type="int",
            help="Whether pixels hang together by their edges (4) or also by their corners (8).",
            default=8,
            choices=(4, 8),
        ),
        Parameter(
            name="min_area",
            type="int",
            help="Components of fewer pixels count as background.",
            default=1,
            minimum=1,
            maximum=LARGEST_AREA,
            unit="px",
        ),
    )
    dtypes = ("uint8", "uint16", "int16", "float32")
    channels = (1,)
    makes_labels = True
    paints = True
    reports = True
    lists = True
    columns = ("label", "left", "top", "width", "height", "area", "centroid_x", "centroid_y")
    scratch = SCRATCH
    alpha = "Dropped: labels have none."
    nodata = "Zero is background; a float that is no number is not zero."
    examples = (
        Example(
            text="canny(100, 200) | components()",
            python="cv2.connectedComponentsWithAlgorithm(cv2.Canny(image, 100, 200), 8, cv2.CV_32S, cv2.CCL_WU)[1]",
            title="The lines of an image, each with a number of its own.",
            dtypes=("uint8",),
        ),
        Example(
            text="canny(100, 200) | components(8, 40)",
            python="("
            "found := cv2.connectedComponentsWithStatsWithAlgorithm("
            "cv2.Canny(image, 100, 200), 8, cv2.CV_32S, cv2.CCL_WU), "
            "large := (found[2][:, cv2.CC_STAT_AREA] >= 40) & (np.arange(found[0]) > 0), "
            "np.where(large, np.cumsum(large), 0).astype(np.int32)[found[1]])[2]",
            title="Those of 40 pixels and more, numbered without gaps.",
            dtypes=("uint8",),
        ),
        Example(
            text="components()",
            python="cv2.connectedComponentsWithAlgorithm((image != 0).astype(np.uint8), 8, cv2.CV_32S, cv2.CCL_WU)[1]",
            title="Labels of 32 bits, numbered in the order of their first pixels, row by row.",
        ),
    )

    def cost(self, arguments: Arguments) -> float:  # noqa: ARG002
        """Labelling and listing."""
        return COST

    def output_pixels(self, pixels: Pixels, arguments: Arguments) -> Pixels:  # noqa: ARG002
        """Labels of 32 bits: how many there are is known when all is done, and a photograph may have millions."""
        return Pixels("int32", 1)

    def alignment(self, pixels: Pixels) -> Size:  # noqa: ARG002
        """Whole numbers are compared, nothing else."""
        return NO_ALIGNMENT

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """The labels of a whole image; windows are measured and painted."""
        return labelling.scan(_mask(image), _rule(arguments))

    def measure(self, image: Image, site: Site, arguments: Arguments) -> Measured:
        """Label the window, and see what goes on beyond it."""
        mask = _mask(image[site.output.within(site.source)])
        return labelling.measured(mask, site.output, _rule(arguments))

    def reduce(self, parts: Sequence[Part], arguments: Arguments) -> Reduced:
        """Unite across the seams."""
        return labelling.joined(parts, _rule(arguments))

    def settle(self, partial: Arrays, arguments: Arguments) -> Arrays:
        """Number them."""
        return labelling.settled(partial, _rule(arguments))

    def descend(self, known: Arrays, joint: Arrays) -> Sequence[Arrays]:
        """Tell each part where its numbers begin, and the numbers of what runs through it."""
        return labelling.divided(known, joint)

    def paint(self, kept: Arrays, known: Arrays, size: Size) -> Image:
        """Label the window again, with the numbers of the whole."""
        return labelling.painted(kept, known, size)

    def rows(self, held: Arrays, known: Arrays) -> Arrays:
        """Return the label and the table of each component that closed here."""
        table, labels = labelling.listed(held, known)
        return {"table": table, "label": labels}

    def report(self, known: Arrays, size: Size, pixels: Pixels, arguments: Arguments) -> Report:  # noqa: ARG002
        """All components by their labels: box and centroid in pixels from the upper left corner, area in pixels."""
        import numpy as np

        heads = known["heads"]
        table = np.concatenate([known["table"], known["whole"][heads]])
        label = np.concatenate([known["label"], known["labels"][heads]])
        order = np.argsort(label)
        table = table[order]
        left, top, area = (table[:, each] for each in (labelling.LEFT, labelling.TOP, labelling.AREA))
        columns = {
            "label": label[order],
            "left": left,
            "top": top,
            "width": table[:, labelling.RIGHT] - left,
            "height": table[:, labelling.BOTTOM] - top,
            "area": area,
            "centroid_x": table[:, labelling.SUM_X] / area,
            "centroid_y": table[:, labelling.SUM_Y] / area,
        }
        rows = Table({name: columns[name] for name in self.columns})
        return Report({"count": len(rows), "pixels": int(area.sum())}, rows)


def _mask(image: Image) -> Mask:
    import numpy as np

    return np.not_equal(image, 0).view(np.uint8)


def _rule(arguments: Arguments) -> Rule:
    return Rule(int(arguments["connectivity"]), int(arguments["min_area"]))


OPERATIONS = (Components(),)
