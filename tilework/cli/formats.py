"""``tilework formats``: the table of formats, as the code has it."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from tilework.cli import consoles, statuses
from tilework.imaging.formats.table import ROWS, described


def run(*, json: bool) -> int:
    """Print the table."""
    if json:
        consoles.print_json([described(row) for row in ROWS])
        return statuses.ALL_DONE
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_lines=True)
    for column in ("format", "what is read", "what is refused", "result"):
        table.add_column(column)
    for row in ROWS:
        facts = described(row)
        table.add_row(Text(row.name, "bold"), facts["pixels"], facts["refused"], facts["result"])
    console = consoles.output()
    console.print(table)
    console.print("docs/formats.md tells more: colour, orientation, what is kept, limits.", style="dim")
    return statuses.ALL_DONE
