"""The tables of what was measured of large files."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from benchmarks.large.contestants import (
    DASK,
    LIBVIPS,
    LIBVIPS_95,
    LIBVIPS_GREY,
    LIMIT,
    LIMIT_TOGETHER,
    ONE_RANK,
    OPENCV,
    PLAIN,
    TILEWORK,
)  # fmt: skip
from benchmarks.large.samples import samples
from benchmarks.large.works import LOCAL
from benchmarks.scope import CORES
from benchmarks.tables import head, row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.large.samples import Sample
    from benchmarks.results import Rows

PARTS = ("read", "decode", "kernels", "encode", "halve", "write", "scratch", "other")
READING = f"""\
Each run is a process of its own and its seconds are those of a clock outside it, start and end included, unless a column
says *inside*: those are the contestant's own, and for Tilework what `--json` calls `seconds`. Files lie in the page cache. A
ratio above 1 says that Tilework is quicker. Each row was measured in one run, the contestants in turn.

*The limit* is the time that decoder, OpenCV and encoder alone take one thread for the same tiles and overviews (no halos, no
seams, no file written; for canny two calls of `cv2.Canny`), divided by the cores. Cores that share caches, memory and units of
arithmetic do not reach it: what that costs the column *a core each* shows, which is the same with a share on every core at the
same time. *Reached* is the limit divided by Tilework's own seconds.

Everybody packs alike: deflate at level 6 with a predictor (masks, too), or JPEG at quality 95 with the same subsampling of the
chroma. libvips subsamples below 90 only: so it gets 89, which is less work, and in a row of its own 95, in full chroma, as who
asks for 95 gets it. Peers have their quickest settings: libvips streams, and its canny,
which has no hysteresis, takes the edges of all three bands, and in a row of its own those of the image made grey before, which
is less work than OpenCV's; OpenCV reads and writes through tifffile with {CORES} workers, without overviews, and so does
Tilework in that table; dask-image, on chunks of 2048² in {CORES} threads, has no canny.
Each contestant's first result is checked: all for size and tiles, Tilework's also for being OpenCV's on the whole image,
encoded once, to the byte."""


def told(rows: Rows) -> Iterator[str]:
    """How to read them, and the tables, with their titles."""
    found = samples(rows)
    yield READING
    for title, lines in _tables(found):
        yield f"### {title}"
        yield "\n".join(lines)


def _tables(found: Sequence[Sample]) -> Iterator[tuple[str, Iterator[str]]]:
    yield (
        "With overviews, beside libvips (to be reached: 1.7 each, 2.5 in the mean; canny 1.5)",
        _beside(found, TILEWORK, LIBVIPS, LIBVIPS_GREY, LIBVIPS_95),
    )
    yield (
        "Without overviews, beside OpenCV on the whole image (2 for JPEG, 1.1 for deflate)",
        _beside(found, PLAIN, OPENCV),
    )
    yield "Without overviews, beside dask-image (3)", _beside(found, PLAIN, DASK)
    yield "Beside the limit (0.9), and from one rank to all (0.95)", _limits(found)
    yield (
        "Where the seconds go, all ranks together, and (in brackets) in the limit's one thread",
        _parts(found),
    )


def _beside(found: Sequence[Sample], ours: str, *peers: str) -> Iterator[str]:
    yield from head("image", "work", "peer", f"{ours}, s", "inside, s", "peer, s", "ratio")
    for peer in peers:
        ratios = []
        for each in _with(found, ours, peer):
            own, other = each.outside(ours), each.outside(peer)
            ratios += [other / own] if each.work in LOCAL else []
            numbers = (own, each.inside(ours), other, other / own)
            yield from row(each.image, each.work, peer, *(f"{number:.2f}" for number in numbers))
        if ratios:
            mean = f"{statistics.geometric_mean(ratios):.2f}"
            yield from row("geometric mean", "all but canny", peer, "", "", "", mean)


def _limits(found: Sequence[Sample]) -> Iterator[str]:
    yield from head(
        "image", "work", "limit, s", "a core each, s", "inside, s", "reached", "of a core each", "1 rank, s", "efficiency"
    )  # fmt: skip
    for each in _with(found, LIMIT, LIMIT_TOGETHER, TILEWORK, ONE_RANK):
        limit, together = each.inside(LIMIT) / CORES, each.inside(LIMIT_TOGETHER)
        own, alone = each.inside(TILEWORK), each.inside(ONE_RANK)
        numbers = (limit, together, own, limit / own, together / own, alone, alone / CORES / own)
        yield from row(each.image, each.work, *(f"{number:.2f}" for number in numbers))


def _parts(found: Sequence[Sample]) -> Iterator[str]:
    yield from head("image", "work", *PARTS, "wait")
    for each in _with(found, LIMIT, TILEWORK):
        own, least = each.parts(TILEWORK), each.parts(LIMIT)
        wait = each.inside(TILEWORK) * CORES - sum(own.values())
        cells = (
            f"{own.get(part, 0):.2f}" + (f" ({least[part]:.2f})" if part in least else "") for part in PARTS
        )
        yield from row(each.image, each.work, *cells, f"{wait:.2f}")


def _with(found: Sequence[Sample], *names: str) -> Iterator[Sample]:
    """Those that all of these contestants took part in."""
    return (each for each in found if set(names) <= set(each.timings))
