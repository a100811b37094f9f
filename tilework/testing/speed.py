"""How fast an example is, beside the Python that gives the same."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tilework.imaging.engine import run_whole
from tilework.imaging.example_pictures import shown_examples
from tilework.imaging.operations import Pixels
from tilework.imaging.windows import Size
from tilework.testing.declared import by_hand
from tilework.testing.findings import Speed
from tilework.testing.pictures import a_picture
from tilework.testing.subject import shown_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from tilework.imaging.formats import Picture
    from tilework.imaging.operations import Example
    from tilework.imaging.pipeline import Pipeline
    from tilework.testing.subject import Subject

TILE = Size(1024, 1024)
"""What a rank works on at once, more or less."""

MOST_RUNS = 15
LEAST_RUNS = 3
MOST_SECONDS = 1.0


def speed_of(subject: Subject) -> Speed | None:
    """The quickest of alternating runs of the first example, on one picture: what else runs takes from both. None if there is none to compare.

    Raises what the example raises.
    """
    for example in subject.examples:
        pipeline = shown_by(subject.operation, example.text)
        if pipeline is not None:
            dtype = (example.dtypes or subject.operation.dtypes)[0]
            pixels = Pixels(dtype, max(subject.operation.channels))
            picture = a_picture(TILE, pixels, 0, "blobs")
            return _compared(example, shown_examples(pipeline, picture.colour), picture)
    return None


def _compared(example: Example, pipeline: Pipeline, picture: Picture) -> Speed:
    ours: list[float] = []
    theirs: list[float] = []
    began = time.perf_counter()
    while len(ours) < LEAST_RUNS or (len(ours) < MOST_RUNS and time.perf_counter() - began < MOST_SECONDS):
        ours.append(_timed(lambda: run_whole(picture, pipeline)))
        theirs.append(_timed(lambda: by_hand(example, picture.colour)))
    megasamples = TILE.pixels * picture.pixels.channels / 1e6
    return Speed(example.text, min(ours), min(theirs), megasamples)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
