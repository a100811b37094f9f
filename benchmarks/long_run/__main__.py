"""Put small jobs through one supervisor, and see whether anything grows or slows down.

    python -m benchmarks.long_run [--jobs 20000] [--every 1000] [--out docs/performance-long-run.md]

Takes a quarter of an hour for 20,000 jobs on two cores. The first ``--every`` jobs come before them, and warm up.
"""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.long_run.figures import MIB
from benchmarks.long_run.page import drawn, page
from benchmarks.long_run.running import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.long_run.figures import Sample


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it with the arguments of the command line."""
    options = argparse.ArgumentParser(
        prog="python -m benchmarks.long_run",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("--jobs", type=int, default=20_000, help="after the warm-up")
    options.add_argument("--every", type=int, default=1_000, help="jobs between two looks")
    options.add_argument("--out", type=Path, help="the page to write; its picture goes beside it")
    chosen = options.parse_args(arguments)
    samples = run(chosen.jobs + chosen.every, chosen.every, _tell)
    picture = (chosen.out or Path("long-run.md")).with_suffix(".svg")
    told = page(samples, f"{dt.datetime.now(dt.UTC):%Y-%m-%d}", picture.name)
    print(told)
    if chosen.out:
        chosen.out.write_text(told)
        picture.write_text(drawn(samples))


def _tell(sample: Sample) -> None:
    memory = ", ".join(f"{name} {used / MIB:.1f}" for name, used in sample.memory.items())
    held = sample.descriptors["supervisor"]
    print(
        f"{sample.jobs:>7,} jobs in {sample.seconds:6.1f} s; MiB: {memory}; supervisor's descriptors: {held}",
        flush=True,
    )


if __name__ == "__main__":
    main()
