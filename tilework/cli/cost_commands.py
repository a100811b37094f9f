"""The command about money."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tilework.cli.options import JsonOption  # noqa: TC001 - typer reads the annotations

# as for jobs: --help must not wait for what a command needs
# ruff: noqa: PLC0415

TEMPLATE = Path("cdk.out") / "Tilework.template.json"
"""Where `make synth` leaves it."""


def cost(
    template: Annotated[
        Path, typer.Option(metavar="FILE", help="The synthesized template of the deployment.")
    ] = TEMPLATE,
    *,
    photos: Annotated[float, typer.Option(min=0, help="Photos a month.")] = 0,
    megapixels: Annotated[float, typer.Option(min=0.001, help="Of a photo.")] = 12,
    gigapixels: Annotated[float, typer.Option(min=0, help="Of large images, a month.")] = 0,
    storage: Annotated[float, typer.Option(metavar="GB", min=0, help="Kept in both buckets.")] = 0,
    wakes: Annotated[
        float, typer.Option(min=0, help="How often a month the fleet is woken out of its sleep.")
    ] = 0,
    page_hours: Annotated[
        float, typer.Option(min=0, help="Hours a month that pages are looked at, all together.")
    ] = 0,
    json: JsonOption = False,
) -> None:
    """Tell what a deployment costs: idle, by photos and gigapixels, and a month.

    Reckoned from the template that `make synth` writes, a table of AWS's list
    prices with their date, and the processor time that `make bench` has measured.
    Nothing is asked of AWS. Gigapixels of a month are taken to be the dearest of
    those that were measured. An hour of a page is taken to have jobs under way.

      tilework cost
      tilework cost --photos 1000000 --wakes 30 --storage 6000
    """
    from tilework.bill.reckoning import Load
    from tilework.cli import cost as command

    load = Load(
        photos=photos, megapixels=megapixels, gigapixels=gigapixels, storage_gb=storage, wakes=wakes, page_hours=page_hours
    )  # fmt: skip
    raise typer.Exit(command.run(template, load, json=json))


COMMANDS = (cost,)
