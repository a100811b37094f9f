"""The commands about what a bucket holds for Tilework beside images: presets, and pictures that pipelines name."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated, Any

import typer

from tilework.cli.options import JsonOption  # noqa: TC001 - typer reads the annotations

# as for jobs: --help must not wait for what a command needs
# ruff: noqa: PLC0415


def _file(option: str, *, help: str) -> Any:  # noqa: A002 - typer's own word
    """An option that names a file which is there."""
    return typer.Option(option, metavar="FILE", help=help, exists=True, dir_okay=False, show_default=False)


def presets(
    check: Annotated[
        Path | None,
        _file("--check", help="Only say what is wrong with this file."),
    ] = None,
    put: Annotated[
        Path | None,
        _file("--set", help="Check this file, then put it in place."),
    ] = None,
    json: JsonOption = False,
) -> None:
    r"""List the presets: an image dropped under drop/NAME/ goes through NAME's pipeline.

    Some come with Tilework. A running system's own are in the object
    .tilework/presets.toml of its input bucket, and go before those:

      \[presets]
      cells = "blur(5) | canny(40, 90)"

    A job keeps the pipeline that its preset had when it was taken up.

      tilework presets
      tilework presets --check presets.toml
      tilework presets --set presets.toml
    """
    from tilework.cli import presets as command

    raise typer.Exit(command.run(check=check, put=put, json=json))


def pictures(
    put: Annotated[
        Path | None,
        _file("--set", help="Check this image, then put it in place."),
    ] = None,
    name: Annotated[
        str, typer.Option(metavar="NAME", help="What it is called; else as the file is, less its suffix.")
    ] = "",
    json: JsonOption = False,
) -> None:
    """List the pictures that pipelines can name, as overlay(logo) does.

    They are the objects under .tilework/pictures/ of the input bucket, each
    called as the picture is. A job keeps the version that it began with.

      tilework pictures
      tilework pictures --set logo.png
      tilework pictures --set 2026.png --name logo
    """
    from tilework.cli import pictures as command

    raise typer.Exit(command.run(put=put, name=name, json=json))


COMMANDS = (presets, pictures)
