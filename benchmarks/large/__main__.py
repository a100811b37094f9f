"""Measure everything in turn, and write the page."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.large import inputs, photographs, starting
from benchmarks.large.checks import check
from benchmarks.large.contestants import (
    CONTESTANTS,
    CORES,
    TARGET,
    peers_python,
    process,
)  # fmt: skip
from benchmarks.large.memory import peak_memory
from benchmarks.large.report import page
from benchmarks.large.samples import Samples
from benchmarks.large.works import WORKS, Input

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"
SIDES = (12_288, 24_576)
GIGAPIXELS = (32_768, 65_536)


def main() -> None:
    """Run the contestants."""
    options = argparse.ArgumentParser(prog="benchmarks.large")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--full", action="store_true", help="600 MP as well, and the memory for 1 and 4 GP")
    options.add_argument("--kinds", default="jpeg,deflate", help="of tiles")
    options.add_argument("--works", default=",".join(WORKS))
    options.add_argument("--page", type=Path, default=PAGE)
    chosen = options.parse_args()
    sides = SIDES if chosen.full else SIDES[:1]
    given = [Input(kind, side) for side in sides for kind in chosen.kinds.split(",")]
    peers_python()
    for each in given:
        print(f"{each.name}: {inputs.make(each).stat().st_size:,} bytes")
    samples = measured(given, chosen.works.split(","), chosen.rounds)
    extras = [starting.paragraph(samples, given[0], chosen.rounds), photographs.paragraph(chosen.rounds)]
    extras += [memory()] if chosen.full else []
    chosen.page.write_text(page(samples, given, chosen.rounds, extras))
    print(f"Written: {chosen.page}")


def measured(given: Sequence[Input], works: Sequence[str], rounds: int) -> Samples:
    """Each contestant once a round, after a first run that is checked and not counted."""
    samples = Samples()
    for each in given:
        for work in works:
            taking_part = [one for one in CONTESTANTS if work in one.works]
            for contestant in taking_part:
                contestant.run(each, work)
                check(contestant, each, work)
            for _ in range(rounds):
                for contestant in taking_part:
                    timing = contestant.run(each, work)
                    samples.add(each, work, contestant.name, timing)
                    print(
                        f"{each.name:14} {work:7} {contestant.name:24} {timing.outside:6.2f} s"
                        f" ({timing.inside:.2f} inside)",
                        flush=True,
                    )
    TARGET.unlink(missing_ok=True)
    return samples


def memory() -> str:
    """The largest process at one gigapixel and at four."""
    peaks = []
    for side in GIGAPIXELS:
        source = inputs.make_repeated(Input("jpeg", side))
        peaks.append(peak_memory(process(source, TARGET, WORKS["blur"], CORES))[0])
        source.unlink()
        TARGET.unlink()
    one, four = peaks
    return (
        f"**Memory.** USS of the largest process, looked at from outside ten times a second, blur(9) on JPEG tiles:"
        f" {one:.0f} MiB for an image of {GIGAPIXELS[0]:,} pixels a side, {four:.0f} MiB for one of {GIGAPIXELS[1]:,},"
        f" {four / one:.2f} times as much"
        " (1.1)."
    )


if __name__ == "__main__":
    main()
