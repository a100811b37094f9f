"""``tilework operations``: what a pipeline can be made of, as the operations describe themselves."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from tilework.cli import consoles, statuses
from tilework.cli.pipelines import load_extra_operations
from tilework.cli.statuses import UsageError
from tilework.imaging.operations import describe, registry, usage
from tilework.imaging.operations.parameters import write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tilework.imaging.operations import Operation, Parameter


def run(name: str | None, *, json: bool) -> int:
    """List all operations, or tell everything about one."""
    load_extra_operations()
    if name is not None:
        operation = _named(name)
        if json:
            consoles.print_json(describe(operation))
        else:
            _print_one(operation)
    elif json:
        consoles.print_json([describe(operation) for operation in registry().values()])
    else:
        _print_all(list(registry().values()))
    return statuses.ALL_DONE


def _named(name: str) -> Operation:
    known = registry()
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name.lower(), known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    raise UsageError(f"There is no operation {name!r}{hint}", advice="See `tilework operations`.")


def _print_all(operations: Sequence[Operation]) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("operation", "what it does"):
        table.add_column(column)
    for operation in operations:
        table.add_row(Text(usage(operation), "bold"), operation.summary)
    console = consoles.output()
    console.print(table)
    console.print("Join them with |, as in: blur(9) | canny(100, 200)", style="dim")


def _print_one(operation: Operation) -> None:
    console = consoles.output()
    console.print(Text(usage(operation), "bold"))
    console.print(f"{operation.summary}\n")
    facts = Table(box=None, show_header=False, pad_edge=False)
    facts.add_column(style="dim")
    facts.add_column()
    facts.add_row("formula", operation.formula)
    facts.add_row("depths", ", ".join(operation.dtypes))
    facts.add_row("channels", ", ".join(map(str, operation.channels)))
    facts.add_row(
        "result", "a mask of 0 and 255, stored as PNG or TIFF" if operation.makes_mask else "as the input"
    )
    facts.add_row("tiled", "exactly as whole" if operation.exact else "may differ from whole")
    console.print(facts)
    if operation.parameters:
        console.print(_parameters(operation.parameters))


def _parameters(parameters: Sequence[Parameter]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("parameter", "type", "values", "default", "what it is"):
        table.add_column(column)
    for one in parameters:
        default = one.default_from or "" if one.default is None else write(one.default)
        table.add_row(Text(one.name, "bold"), one.type, _values(one), default or "must be given", one.help)
    return table


def _values(parameter: Parameter) -> str:
    if parameter.choices:
        return ", ".join(map(write, parameter.choices))
    low = "" if parameter.minimum is None else write(parameter.minimum)
    high = "" if parameter.maximum is None else write(parameter.maximum)
    bounds = (
        f"{low} to {high}" if low and high else f"from {low}" if low else f"up to {high}" if high else "any"
    )
    return bounds + (", odd" if parameter.odd else "") + (f" {parameter.unit}" if parameter.unit else "")
