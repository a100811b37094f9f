"""Contrast-limited adaptive histogram equalization, exact at any size.

OpenCV cuts the image into a grid of equal cells, enlarged by reflection at the right and at the bottom where the grid
does not divide it, makes a table of each cell's histogram, and interpolates at each pixel between the tables of the
four cells around it. Here the histograms are counted in parts, and the interpolation goes by global coordinates, in
float32 and in OpenCV's order. K. Zuiderveld, "Contrast Limited Adaptive Histogram Equalization", Graphics Gems IV, 1994.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from tilework.errors import UnsupportedPixelsError
from tilework.imaging.operations import luma
from tilework.imaging.operations.cells import axes
from tilework.imaging.operations.contract import (
    NO_ALIGNMENT,
    NOTHING,
    Example,
    Measured,
    MeasuredOperation,
    Reduced,
    Site,
)
from tilework.imaging.operations.depths import VALUES
from tilework.imaging.operations.histogram import COUNTED_NODATA, TRANSPARENT, counted, packed
from tilework.imaging.operations.parameters import Parameter
from tilework.imaging.windows import Size, Window, row_strips

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from tilework.imaging.operations.cells import Axis, Between, Weights, Whole
    from tilework.imaging.operations.contract import Arrays, Image, Part, Pixels
    from tilework.imaging.operations.parameters import Arguments

MOST_CELLS = 256
"""Across and down."""

MOST_COUNTS = 1 << 22
"""Bins of all cells and channels: a grid of 128 x 128 at 8 bits, OpenCV's own 8 x 8 of one channel at 16.

Counts of 32 bits are 16 MiB then, and tables 8 MiB: who makes these has room in the 48 MiB that planning leaves beside a unit.
Parts that share cells come with up to four times the counts, and who joins them holds no pixels.
"""

COUNTS_AT_ONCE = 1 << 18
"""Of which tables are made together: some arrays of 64 bits for each."""

TABLES_COST = 0.3
CELL_COST = 4e-5
"""Seconds, and seconds a cell: a megapixel of 16 bits in 16 x 16 cells takes 0.25 s, of 8 bits in 256 x 256 2.1 s."""

OPENCV_MOST = (1 << 31) - 1
"""Pixels of one value in a cell, a limit that cv2.createCLAHE holds in 32 bits."""

STRIP_SAMPLES = 1 << 16
"""That are interpolated at once: a few floats for each stay in a core's cache."""


class Clahe(MeasuredOperation):
    """Contrast-limited adaptive histogram equalization."""

    name = "clahe"
    family = "tone"
    summary = "Local contrast (CLAHE): the histogram is equalized cell by cell, and noise amplified up to a limit only."
    formula = (
        "cv2.createCLAHE(clip_limit, (columns, rows)).apply(image), of colours each channel or Y of cv2.COLOR_BGR2YCrCb. "
        f"At 16 bits there are at most {MOST_COUNTS // VALUES['uint16']} cells, for each channel counted anew"
    )
    parameters = (
        Parameter(
            name="clip_limit",
            type="float",
            help="How often a value may occur in a cell, in multiples of the mean; what is above is given to all. 0: no limit.",
            default=40.0,
            minimum=0,
            maximum=VALUES["uint16"],
        ),
        Parameter(
            name="columns",
            type="int",
            help="Cells across the image.",
            default=8,
            minimum=1,
            maximum=MOST_CELLS,
        ),
        Parameter(
            name="rows",
            type="int",
            help="Cells down the image; as many as across if not given.",
            default_from="columns",
            minimum=1,
            maximum=MOST_CELLS,
        ),
        luma.COLOUR,
    )
    dtypes = ("uint8", "uint16")
    scratch = 2.0
    alpha = TRANSPARENT
    nodata = COUNTED_NODATA
    examples = (
        Example(
            text="clahe(3.5, 5, 4)",
            python="cv2.createCLAHE(3.5, (5, 4)).apply(image) if image.ndim == 2 else cv2.cvtColor(cv2.merge(["
            "cv2.createCLAHE(3.5, (5, 4)).apply((ycc := cv2.split(cv2.cvtColor(image, cv2.COLOR_BGR2YCrCb)))[0]), "
            "*ycc[1:]]), cv2.COLOR_YCrCb2BGR)",
            title="The brightness of colours.",
        ),
        Example(
            text="clahe(2, colour=each)",
            python="cv2.merge([cv2.createCLAHE(2, (8, 8)).apply(plane) for plane in cv2.split(image)])",
            title="Every channel for itself; grey has one.",
            dtypes=("uint8",),
        ),
    )

    def cost(self, arguments: Arguments) -> float:
        """Tables, and four look-ups a pixel."""
        return TABLES_COST + CELL_COST * int(arguments["columns"]) * int(arguments["rows"])

    def output_pixels(self, pixels: Pixels, arguments: Arguments) -> Pixels:
        """Return the same; raises UnsupportedPixelsError for more cells than have room in memory at this depth."""
        channels = pixels.channels if arguments["colour"] == "each" else 1
        cells = int(arguments["columns"]) * int(arguments["rows"]) * channels
        most = MOST_COUNTS // VALUES.get(pixels.dtype, 1)
        if cells > most:
            raise UnsupportedPixelsError(
                f"clahe makes {cells:,} histograms of this image; at {pixels.dtype} {most:,} are allowed.",
                advice="Ask for fewer columns and rows, or for luma.",
            )
        return pixels

    def alignment(self, pixels: Pixels) -> Size:  # noqa: ARG002
        """A pixel has no neighbours here, but a place in the image."""
        return NO_ALIGNMENT

    def measure(self, image: Image, site: Site, arguments: Arguments) -> Measured:
        """Count each cell's pixels that are in the window, or reflections of such."""
        window = site.output
        samples = luma.worked_on(image[window.within(site.source)], arguments)
        down, across = _axes(site.source_size, arguments)
        columns = list(across.made_of(window.left, window.right))
        found: dict[int, Whole] = {}
        for row, ys in down.made_of(window.top, window.bottom):
            for column, xs in columns:
                _add(found, row * across.count + column, counted(samples[ys][:, xs]))
        return Measured(_partial(found), NOTHING)

    def reduce(self, parts: Sequence[Part], arguments: Arguments) -> Reduced:  # noqa: ARG002
        """Add the counts, cell by cell."""
        import numpy as np

        cells = np.unique(np.concatenate([part.partial["cells"] for part in parts]))
        most = sum(int(part.partial["counts"].max()) for part in parts)
        shape = parts[0].partial["counts"].shape[1:]
        counts = np.zeros((len(cells), *shape), np.min_scalar_type(most))
        for part in parts:
            places = np.searchsorted(cells, part.partial["cells"]).tolist()
            for place, found in zip(places, part.partial["counts"], strict=True):
                counts[place] += found
        return Reduced({"cells": cells, "counts": packed(counts)}, NOTHING)

    def settle(self, partial: Arrays, arguments: Arguments) -> Arrays:
        """Make the cells' tables, (rows, columns, channels, bins) of the image's depth."""
        import numpy as np

        limit, counts = float(arguments["clip_limit"]), partial["counts"]
        tables = np.empty(counts.shape, np.min_scalar_type(counts.shape[-1] - 1))
        step = max(1, COUNTS_AT_ONCE // counts[0].size)
        for first in range(0, len(counts), step):
            tables[first : first + step] = _tables(counts[first : first + step], limit)
        return {"tables": tables.reshape(-1, int(arguments["columns"]), *counts.shape[1:])}

    def at_once(self, image: Image, arguments: Arguments) -> Image | None:
        """OpenCV's own, unless its limit would be greater than it can count."""
        import cv2

        limit, columns, rows = (
            float(arguments["clip_limit"]),
            int(arguments["columns"]),
            int(arguments["rows"]),
        )
        down, across = axes(Size(image.shape[1], image.shape[0]), columns, rows)
        if limit * down.cell * across.cell >= OPENCV_MOST * VALUES[str(image.dtype)]:
            return None
        apply = cv2.createCLAHE(limit, (columns, rows)).apply
        return luma.changed(image, arguments, lambda samples: luma.by_planes(samples, apply))

    def apply(self, image: Image, site: Site, arguments: Arguments) -> Image:
        """Interpolate where the window is."""
        core = image[site.output.within(site.source)]
        grid, tables = _axes(site.source_size, arguments), cast("Whole", arguments["tables"])
        return luma.changed(
            core, arguments, lambda samples: _interpolated(samples, site.output, grid, tables)
        )

    def kernel(self, image: Image, arguments: Arguments) -> Image:
        """Interpolate all of an image."""
        return self.apply(image, Site.of_whole(Size(image.shape[1], image.shape[0])), arguments)


def _axes(size: Size, arguments: Arguments) -> tuple[Axis, Axis]:
    return axes(size, int(arguments["columns"]), int(arguments["rows"]))


def _add(found: dict[int, Whole], cell: int, counts: Whole) -> None:
    """Add to what is found of a cell; at 16 bits most cells have small counts, and take a quarter of the memory."""
    import numpy as np

    counts = counts.astype(np.int64)
    found[cell] = packed(counts + found[cell].astype(np.int64) if cell in found else counts)


def _partial(found: dict[int, Whole]) -> Arrays:
    """Cells in their order, and the counts of each, (cells, channels, bins), in the smallest type that holds them all."""
    import numpy as np

    cells = sorted(found)
    return {"cells": np.array(cells, np.int32), "counts": np.stack([found[cell] for cell in cells])}


def _tables(counts: np.ndarray[Any, Any], limit: float) -> Whole:
    """What each value becomes in cells of one size, by their histograms (cells, channels, bins)."""
    import numpy as np

    counts, bins = counts.astype(np.int64), counts.shape[-1]
    area = int(counts[0, 0].sum())
    if limit > 0:
        most = max(int(limit * area / bins), 1)
        above = np.maximum(counts - most, 0).sum(-1, keepdims=True)
        batch, rest = np.divmod(above, bins)
        values, step = np.arange(bins), np.maximum(bins // np.maximum(rest, 1), 1)
        # what does not go round is given to values at equal distances, from the first
        counts = np.minimum(counts, most) + batch + ((values % step == 0) & (values < step * rest))
    scale = np.float32(bins - 1) / np.float32(area)
    made = np.rint(np.cumsum(counts, axis=-1).astype(np.float32) * scale)
    tables: Whole = np.minimum(made, bins - 1).astype(np.min_scalar_type(bins - 1))
    return tables


def _interpolated(samples: Image, window: Window, grid: tuple[Axis, Axis], tables: Whole) -> Image:
    """Samples of ``window``, each between the tables of the four cells around it."""
    import numpy as np

    result = np.empty_like(samples)
    columns = list(grid[1].between(window.left, window.right))
    for rows in grid[0].between(window.top, window.bottom):
        for across in columns:
            corners = [
                [np.ascontiguousarray(tables[y, x].T, np.float32)[None] for x in across.cells]
                for y in rows.cells
            ]
            _blend(samples, rows, across, corners, result)
    return result


def _blend(
    samples: Image, rows: Between, across: Between, corners: list[list[Weights]], result: Image
) -> None:
    """Interpolate between four tables, some rows at a time; first along the rows, as OpenCV does."""
    import numpy as np

    channels = samples.shape[2] if samples.ndim > 2 else 1  # noqa: PLR2004
    # samples side by side, whatever pixel they are of: rows of two or three would be no work for vectors
    sides = [np.repeat(weights, channels) for weights in across.weights]
    heights = [weights[:, np.newaxis] for weights in rows.weights]
    for strip in row_strips(len(heights[0]), len(sides[0]), STRIP_SAMPLES):
        place = (slice(rows.run.start + strip.start, rows.run.start + strip.stop), across.run)
        part = samples[place]
        upper, lower = (_beside(part, tables, sides) for tables in corners)
        upper *= heights[0][strip]
        lower *= heights[1][strip]
        upper += lower
        result[place] = np.rint(upper, out=upper).reshape(part.shape)


def _beside(samples: Image, tables: Sequence[Weights], weights: Sequence[Weights]) -> Weights:
    """Samples between two tables, column by column; (rows, columns x channels)."""
    import cv2

    one, other = (cast("Weights", cv2.LUT(samples, table)).reshape(len(samples), -1) for table in tables)
    one *= weights[0]
    other *= weights[1]
    one += other
    return one
