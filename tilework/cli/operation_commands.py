"""The commands about operations: what there is, whether it keeps its promises, and how to begin one of your own."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from tilework.cli.options import JsonOption  # noqa: TC001 - typer reads the annotations

# as for jobs: --help must not wait for what a command needs
# ruff: noqa: PLC0415


def operations(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]…", help="Only these, in full.", show_default=False)
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Try whether they keep their promises.")] = False,
    seconds: Annotated[
        float, typer.Option(metavar="S", help="With --check: processor time for each.", min=0.0, max=3600.0)
    ] = 4.0,
    json: JsonOption = False,
) -> None:
    """List the operations of pipelines, or tell everything about some.

    Those of installed plugins are among them, and those of the module that
    TILEWORK_EXTRA_OPERATIONS names. --check puts operations through the kit of
    docs/own-operations.md, and ends with status 1 if a promise is broken.

      tilework operations
      tilework operations canny
      tilework operations --check canny
    """
    if check:
        from tilework.cli import operation_checks

        raise typer.Exit(operation_checks.run(names or (), seconds, json=json))
    from tilework.cli import operations as command

    raise typer.Exit(command.run(names or (), json=json))


def new_operation(
    name: Annotated[str, typer.Argument(help="What it is to be called in pipelines.", show_default=False)],
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Default: tilework-NAME here.", show_default=False)
    ] = None,
) -> None:
    """Write a small package with an operation of your own, and its test.

    It is whole and works: install it, then change what it does. docs/own-operations.md
    tells what an operation is.

      tilework new-operation despeckle
    """
    from tilework.cli import new_operation as command

    raise typer.Exit(command.run(name, folder))


COMMANDS = (operations, new_operation)
