"""What it saves that operations on single samples in a row become one table: ``python -m benchmarks.folding``.

The median time of a chain in one window, folded and step by step in turn, in this process and on one core.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

import numpy as np

from tilework.imaging import operations
from tilework.imaging.engine import PictureReader, run_whole, run_window
from tilework.imaging.formats import Picture
from tilework.imaging.pipeline import Pipeline, parse
from tilework.imaging.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable

CHAINS = (
    "invert | gamma(0.6)",
    "gamma(0.6) | levels(20, 220)",
    "gamma(0.6) | levels(20, 220) | posterize(8) | invert",
    "convert(float32) | gamma(0.6) | levels(0.1, 0.9) | convert(uint8)",
)
ROUNDS = 41
SIDES = (512, 4000)
"""A tile, which stays in a core's cache, and an image of 16 megapixels, which does not."""


def seconds(calls: tuple[Callable[[], object], ...], rounds: int) -> list[float]:
    """The median time of each call, all of them in turn."""
    taken: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for times, call in zip(taken, calls, strict=True):
            begin = time.perf_counter()
            call()
            times.append(time.perf_counter() - begin)
    return [statistics.median(times) for times in taken]


def one_by_one(picture: Picture, steps: tuple[Pipeline, ...]) -> Picture:
    """Each step by itself, so that none folds."""
    for step in steps:
        picture = run_whole(picture, step)
    return picture


def main() -> None:
    """Print a table."""
    operations.prepare()
    generator = np.random.default_rng(0)
    print("| chain | window | steps ms | folded ms | of it |\n|---|---|---|---|---|")
    for dtype in ("uint8", "uint16"):
        for side in SIDES:
            noise = generator.integers(0, np.iinfo(dtype).max, (side, side, 3), dtype, endpoint=True)
            picture, window = Picture(noise), Window(0, 0, side, side)
            reader = PictureReader(picture)
            for text in CHAINS:
                pipeline = parse(text)
                steps = tuple(Pipeline((step,)) for step in pipeline.steps)
                apart, together = seconds(
                    (
                        lambda steps=steps, picture=picture: one_by_one(picture, steps),
                        lambda reader=reader, pipeline=pipeline, window=window: run_window(
                            reader, pipeline, window
                        ),
                    ),
                    ROUNDS if side < max(SIDES) else ROUNDS // 6,
                )
                place = f"{side} x {side}, {dtype}"
                print(
                    f"| `{text}` | {place} | {apart * 1e3:.2f} | {together * 1e3:.2f} | {together / apart:.0%} |"
                )


if __name__ == "__main__":
    main()
