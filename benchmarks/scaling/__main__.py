"""Simulate the days, print what comes of them, and write the page.

    python -m benchmarks.scaling [--template cdk.out/Tilework.template.json] [--out docs/scaling.md]

`make synth` writes the template. Takes some seconds.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.scaling.chart import drawn
from benchmarks.scaling.page import COLUMNS, page, row
from benchmarks.scaling.simulation import simulate
from benchmarks.scaling.template import read
from benchmarks.scaling.traces import TRACES


def main() -> int:
    """The status is 0; what must hold is asserted by the tests."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--template", type=Path, default=Path("cdk.out/Tilework.template.json"))
    options.add_argument("--out", type=Path, help="the page to write; its drawing goes beside it")
    chosen = options.parse_args()
    numbers = read(json.loads(chosen.template.read_text()))
    outcomes = [simulate(numbers, trace) for trace in TRACES]
    table = Table(*COLUMNS)
    for outcome in outcomes:
        table.add_row(*row(outcome))
    Console().print(table)
    if chosen.out:
        drawing = chosen.out.with_suffix(".svg")
        drawing.write_text(drawn(outcomes))
        chosen.out.write_text(page(numbers, outcomes, drawing.name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
