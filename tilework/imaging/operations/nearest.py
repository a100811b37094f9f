"""The nearest pixels for a window of a resized image: by one call of OpenCV where its places repeat, else taken one by one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tilework.imaging.operations.resampling import LONGEST_STEP, Axis, covered, nearest, of_one_call
from tilework.imaging.windows import Size, Window

if TYPE_CHECKING:
    import numpy as np

    from tilework.imaging.operations.contract import Image

    Array = np.ndarray[Any, Any]

INTER_NEAREST = 0
"""OpenCV's number, known without OpenCV."""


def source_of(output: Window, across: Axis, down: Axis) -> Window:
    """What the pixels of ``output`` are copies of, with what one call takes beside them; may reach beyond the image."""
    (left, right), (top, bottom) = (
        (math.floor(begin * axis.scale) - 1, math.ceil(end * axis.scale) + 1)
        for begin, end, axis in ((output.left, output.right, across), (output.top, output.bottom, down))
    )
    made = _made_for(output, across, down)
    if made is None:
        return Window(left, top, right, bottom)
    read = covered(made, across, down)
    # at its first pixel a scale that is rounded may lie just before the one that repeats
    return Window(min(left, read.left), min(top, read.top), max(right, read.right), max(bottom, read.bottom))


def copied(image: Image, source: Window, output: Window, across: Axis, down: Axis) -> Image:
    """Return the pixels of ``output``; ``image`` holds ``source``, what they are copies of."""
    columns = nearest(output.left, output.right, across) - source.left
    rows = nearest(output.top, output.bottom, down) - source.top
    found = _one_call(image, source, output, (across, down), (columns, rows))
    return _taken(image, columns, rows) if found is None else found


def _one_call(
    image: Image, source: Window, output: Window, axes: tuple[Axis, Axis], wanted: tuple[Array, Array]
) -> Image | None:
    """What OpenCV makes of the part that repeats, if it copies the pixels that are wanted."""
    import numpy as np

    made = _made_for(output, *axes)
    if made is None:
        return None
    read = covered(made, *axes)
    across = Axis(read.width, made.width, axes[0].inverse)
    down = Axis(read.height, made.height, axes[1].inverse)
    columns = nearest(output.left - made.left, output.right - made.left, across) + read.left - source.left
    rows = nearest(output.top - made.top, output.bottom - made.top, down) + read.top - source.top
    if not (np.array_equal(columns, wanted[0]) and np.array_equal(rows, wanted[1])):
        return None
    part = image[read.within(source)]
    return of_one_call(part, output, made, (across, down), INTER_NEAREST)


def _made_for(output: Window, across: Axis, down: Axis) -> Window | None:
    """The smallest window around ``output`` that begins where places begin to repeat; None where they hardly do."""
    steps = Size(across.step(near=True), down.step(near=True))
    if max(steps.width, steps.height) > LONGEST_STEP:
        return None
    return output.aligned(steps).clamped(Size(across.result, down.result))


def _taken(image: Image, columns: Array, rows: Array) -> Image:
    """These rows, and of each these columns, sample by sample: pixel by pixel NumPy takes three times as long."""
    import numpy as np

    channels = image.shape[2] if image.ndim > 2 else 1  # noqa: PLR2004
    samples = (columns[:, None] * channels + np.arange(channels)).ravel()
    taken = image[rows].reshape(len(rows), -1)[:, samples]
    return taken.reshape(len(rows), len(columns), *image.shape[2:])
