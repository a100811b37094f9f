"""What an operation is told of a whole image from some windows of it, at full size and spread evenly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from preview.refusals import RegionTooLargeError
from tilework.imaging.engine import knowing_whole, run_window
from tilework.imaging.formats.bands import blank
from tilework.imaging.stages.readers import paste
from tilework.imaging.windows import Grid, Size, Window

if TYPE_CHECKING:
    from tilework.imaging.formats import Picture
    from tilework.imaging.formats.contract import Reader
    from tilework.imaging.pipeline import Pipeline, Step

WINDOWS = 4
"""Across, and down."""

SIDE = 192
"""Of each window, in pixels: together 590,000 of them, whose mean brightness is known to a thousandth, and which meet some
sixty tiles of a file."""

MOST_PIXELS = 2 << 20
"""That a window may depend on, of what is read."""

LEAST_SIDE = 8


def known_of_sample(reader: Reader, before: Pipeline, step: Step, place: Window | None) -> Step:
    """Return a step with what a sample says of its input, which ``before`` makes of what ``reader`` has.

    ``place`` is all that is there of that input; None: all of it. The sample is laid out as one picture, its windows where
    they are in the whole, so that what an operation measures cell by cell is measured about there.
    """
    if place is not None:
        return knowing_whole(run_window(reader, before, place), step)
    return knowing_whole(_sample(reader, before), step)


def _sample(reader: Reader, before: Pipeline) -> Picture:
    size, pixels = before.sizes(reader.size)[-1], before.kinds(reader.pixels)[-1]
    windows = _windows(reader, before, size)
    first = windows[0][0].size
    grid = Grid(Size(first.width * len(windows[0]), first.height * len(windows)), first)
    sample = blank(grid.size, pixels)
    whole = Window.whole(grid.size)
    for index, window in enumerate(window for row in windows for window in row):
        paste(run_window(reader, before, window), grid.window(index), sample, whole)
    return sample


def _windows(reader: Reader, before: Pipeline, size: Size) -> list[list[Window]]:
    """Windows of one size, rows of them from the top down; smaller ones where much is read for each."""
    side = SIDE
    while True:
        across, down = _cuts(size.width, side), _cuts(size.height, side)
        found = [[Window(x[0], y[0], x[1], y[1]) for x in across] for y in down]
        middle = found[len(down) // 2][len(across) // 2]
        read = before.sites(middle, reader.size, reader.pixels)[0].source if before.steps else middle
        if read.size.pixels <= MOST_PIXELS:
            return found
        side //= 2
        if side < LEAST_SIDE:
            raise RegionTooLargeError(
                f"Even {LEAST_SIDE} x {LEAST_SIDE} pixels depend on {read.size.pixels:,} of the image, too many for a sample."
            )


def _cuts(length: int, side: int) -> list[tuple[int, int]]:
    """Up to :data:`WINDOWS` stretches of one length in the middles of equal parts of a side."""
    count = min(WINDOWS, length)
    part = length / count
    width = min(side, int(part))
    starts = (min(length - width, max(0, round(part * (index + 0.5) - width / 2))) for index in range(count))
    return [(start, start + width) for start in starts]
