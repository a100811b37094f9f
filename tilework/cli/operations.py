"""``tilework operations``: what a pipeline can be made of, as the operations describe themselves."""

from __future__ import annotations

import difflib
import itertools
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from tilework.cli import consoles, statuses
from tilework.cli.pipelines import load_operations
from tilework.cli.statuses import UsageError
from tilework.imaging.operation_facts import default, described, facts, python, values
from tilework.imaging.operations import registry, usage
from tilework.imaging.plugins import OURS, disabled, origin_of, why_missing
from tilework.shown import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tilework.imaging.operations import Example, Operation, Parameter


def run(names: Sequence[str], *, json: bool) -> int:
    """List all operations, or tell everything about some."""
    load_operations()
    chosen = [named(name) for name in names]
    if json:
        told = [described(operation) for operation in chosen or registry().values()]
        consoles.print_json(told[0] if len(chosen) == 1 else told)
    elif chosen:
        for operation in chosen:
            _print_one(operation)
    else:
        _print_all(list(registry().values()))
    tell_of_disabled()
    return statuses.ALL_DONE


def tell_of_disabled() -> None:
    """Say which plugins cannot be used, and why."""
    for plugin in disabled():
        console = consoles.talk()
        console.print(Text.assemble((f"{shown(str(plugin))} is disabled: ", "yellow"), shown(plugin.reason)))


def named(name: str) -> Operation:
    """The operation of this name. Raises UsageError."""
    known = registry()
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name.lower(), known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    hint = f"{why}." if (why := why_missing(name)) else hint
    raise UsageError(f"There is no operation {name!r}{hint}", advice="See `tilework operations`.")


def _print_all(operations: Sequence[Operation]) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("operation", "what it does"):
        table.add_column(column)
    for family, members in itertools.groupby(sorted(operations, key=_family), key=_family):
        table.add_row(Text(family, "dim italic"), "")
        for operation in members:
            table.add_row(Text(usage(operation), "bold"), operation.summary)
    console = consoles.output()
    console.print(table)
    console.print("Join them with |, as in: blur(9) | canny(100, 200)", style="dim")


def _family(operation: Operation) -> str:
    return operation.family


def _print_one(operation: Operation) -> None:
    console = consoles.output()
    console.print(Text(usage(operation), "bold"))
    console.print(f"{operation.summary}\n")
    if (origin := origin_of(operation.name)) != OURS:
        console.print(f"From {origin}.\n", style="dim")
    told = Table(box=None, show_header=False, pad_edge=False)
    told.add_column(style="dim")
    told.add_column()
    told.add_row("formula", operation.formula)
    for fact, sentence in facts(operation):
        told.add_row(fact, sentence.replace("`", ""))
    console.print(told)
    if operation.parameters:
        console.print(_parameters(operation.parameters))
    console.print(_examples(operation.examples))


def _parameters(parameters: Sequence[Parameter]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("parameter", "type", "values", "default", "what it is"):
        table.add_column(column)
    for one in parameters:
        table.add_row(Text(one.name, "bold"), one.type, values(one), default(one), one.help)
    return table


def _examples(examples: Sequence[Example]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("in a pipeline", "the same in Python"):
        table.add_column(column)
    for one in examples:
        table.add_row(Text(one.text, "bold"), Text(python(one)))
    return table
