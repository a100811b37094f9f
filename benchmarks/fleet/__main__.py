"""Run the model, print its tables, and write its page.

    python -m benchmarks.fleet [--times FILE] [--runs FILE] [--out docs/performance-fleet.md]

Needs benchmarks/requirements.txt. Takes about a minute of one core.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.fleet.chart import drawn
from benchmarks.fleet.checking import RUNS, check, load_runs, with_supervisors
from benchmarks.fleet.figures import TIMES, UnitTimes
from benchmarks.fleet.model import World
from benchmarks.fleet.report import COMPARED, comparison_rows, document, findings, terminal_table
from benchmarks.fleet.scenarios import SCENARIOS
from benchmarks.fleet.study import study


def main() -> int:
    """The status is 0 only if all real runs that were passed in are close to the model."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument(
        "--times", type=Path, default=TIMES, help="unit times (JSON), as measuring wrote them"
    )
    options.add_argument("--runs", type=Path, default=RUNS, help="real runs (JSON) to compare the model with")
    options.add_argument("--out", type=Path, help="the page to write; its drawing goes beside it")
    chosen = options.parse_args()
    real = load_runs(chosen.runs) if chosen.runs.exists() else []
    times = with_supervisors(UnitTimes.load(chosen.times), real)
    console = Console()
    studies = []
    for scenario in SCENARIOS:
        studies.append(study(scenario, World(times=times)))
        console.print(terminal_table(studies[-1]))
        for line in findings(studies[-1]):
            console.print(f"  {line}", highlight=False)
    compared = check(real, times)
    if compared:
        table = Table(*COMPARED, title="Beside real runs")
        for row in comparison_rows(compared):
            table.add_row(*row)
        console.print(table)
    if chosen.out:
        drawing = chosen.out.with_suffix(".svg")
        drawing.write_text(drawn(studies))
        chosen.out.write_text(document(studies, World(times=times), drawing.name, compared))
    return 0 if all(each.close for each in compared) else 1


if __name__ == "__main__":
    sys.exit(main())
