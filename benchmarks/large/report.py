"""The page that tells what was measured."""

from __future__ import annotations

import datetime as dt
import platform
import statistics
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.large.contestants import (
    CORES,
    DASK,
    LIBVIPS,
    LIMIT,
    LIMIT_TOGETHER,
    ONE_RANK,
    OPENCV,
    PLAIN,
    TILEWORK,
)  # fmt: skip
from benchmarks.large.works import LOCAL, WORKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.large.samples import Samples
    from benchmarks.large.works import Input

PARTS = ("read", "decode", "kernels", "encode", "halve", "write", "scratch", "other")
READING = """\
Written by `make bench`; not to be edited. All was measured in one run on the same {cores} cores, the contestants in turn,
{rounds} times each, with files in the page cache; figures are medians. Each run is a process of its own and its seconds are
those of a clock outside it, start and end included, unless a column says *inside*: those are the contestant's own, and for
Tilework what `--json` calls `seconds`. A ratio above 1 says that Tilework is quicker.

*The limit* is the time that decoder, OpenCV and encoder alone take one thread for the same tiles and overviews (no halos, no
seams, no file written; for canny two calls of `cv2.Canny`), divided by the cores. Cores that share caches, memory and units of
arithmetic do not reach it: what that costs the column *a core each* shows, which is the same with a share on every core at the
same time. *Reached* is the limit divided by Tilework's own seconds.

Everybody packs alike: deflate at level 6 with a predictor, or JPEG at quality 95 with the same subsampling of the chroma (which
libvips only does below 90: there it gets 89). Peers have their quickest settings: libvips streams, and its canny has no
hysteresis; OpenCV reads and writes through tifffile with
{cores} workers, without overviews, and so does Tilework in that table; dask-image has no canny.
Each contestant's first result is checked: all for size and tiles, Tilework's also for being OpenCV's on the whole image,
encoded once, to the byte."""


def page(samples: Samples, inputs: Sequence[Input], rounds: int, extras: Sequence[str]) -> str:
    """The whole page; ``extras`` are paragraphs about single figures."""
    parts = [
        "# Performance",
        READING.format(cores=CORES, rounds=rounds),
        f"Machine: {machine()}. Date: {dt.datetime.now(dt.UTC):%Y-%m-%d}.",
        *(part for title, lines in _tables(samples, inputs) for part in (f"## {title}", "\n".join(lines))),
        "## Start, photos, memory",
        *extras,
    ]
    return "\n\n".join(parts) + "\n"


def machine() -> str:
    """What it was measured on."""
    cpu = next(
        (line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.machine(),
    )
    memory = next(line for line in _lines("/proc/meminfo") if line.startswith("MemTotal"))
    return f"{CORES} cores of {cpu}, {int(memory.split()[1]) / 2**20:.0f} GiB, Python {platform.python_version()}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()


def _tables(samples: Samples, inputs: Sequence[Input]) -> Iterator[tuple[str, list[str]]]:
    yield (
        "With overviews, beside libvips (to be reached: 1.7 each, 2.5 in the mean; canny 1.5)",
        [*_beside(samples, inputs, TILEWORK, LIBVIPS)],
    )
    yield (
        "Without overviews, beside OpenCV on the whole image (2 for JPEG, 1.1 for deflate)",
        [*_beside(samples, inputs, PLAIN, OPENCV)],
    )
    yield "Without overviews, beside dask-image (3)", [*_beside(samples, inputs, PLAIN, DASK)]
    yield "Beside the limit (0.9), and from one rank to all (0.95)", [*_limits(samples, inputs)]
    yield (
        "Where the seconds go, all ranks together, and (in brackets) in the limit's one thread",
        [*_parts(samples, inputs)],
    )


def _beside(samples: Samples, inputs: Sequence[Input], ours: str, peer: str) -> Iterator[str]:
    yield from row("image", "work", f"{ours}, s", "inside, s", f"{peer}, s", "ratio")
    yield from row(*["---"] * 6)
    ratios = []
    for given, work in _measured(samples, inputs, peer):
        own, other = samples.outside(given, work, ours), samples.outside(given, work, peer)
        ratios += [other / own] if work in LOCAL else []
        inside = samples.inside(given, work, ours)
        yield from row(given.name, work, f"{own:.2f}", f"{inside:.2f}", f"{other:.2f}", f"{other / own:.2f}")
    if ratios:
        yield from row(
            "geometric mean", "all but canny", "", "", "", f"{statistics.geometric_mean(ratios):.2f}"
        )


def _limits(samples: Samples, inputs: Sequence[Input]) -> Iterator[str]:
    yield from row(
        "image", "work", "limit, s", "a core each, s", "inside, s", "reached", "of a core each", "1 rank, s", "efficiency"
    )  # fmt: skip
    yield from row(*["---"] * 9)
    for given, work in _measured(samples, inputs, LIMIT):
        limit = samples.inside(given, work, LIMIT) / CORES
        together = samples.inside(given, work, LIMIT_TOGETHER)
        own, alone = samples.inside(given, work, TILEWORK), samples.inside(given, work, ONE_RANK)
        numbers = (limit, together, own, limit / own, together / own, alone, alone / CORES / own)
        yield from row(given.name, work, *(f"{number:.2f}" for number in numbers))


def _parts(samples: Samples, inputs: Sequence[Input]) -> Iterator[str]:
    yield from row("image", "work", *PARTS, "wait")
    yield from row(*["---"] * (len(PARTS) + 3))
    for given, work in _measured(samples, inputs, LIMIT):
        own, least = samples.parts(given, work, TILEWORK), samples.parts(given, work, LIMIT)
        wait = samples.inside(given, work, TILEWORK) * CORES - sum(own.values())
        cells = (
            f"{own.get(part, 0):.2f}" + (f" ({least[part]:.2f})" if part in least else "") for part in PARTS
        )
        yield from row(given.name, work, *cells, f"{wait:.2f}")


def _measured(samples: Samples, inputs: Sequence[Input], name: str) -> Iterator[tuple[Input, str]]:
    return ((given, work) for given in inputs for work in WORKS if samples.has(given, work, name))


def row(*cells: str) -> Iterator[str]:
    """A line of a table."""
    yield f"| {' | '.join(cells)} |"
