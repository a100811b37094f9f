"""The commands and their options, as ``--help`` teaches them."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tilework import __version__
from tilework.cli import (
    bucket_commands,
    cost_commands,
    host_commands,
    job_commands,
    operation_commands,
    sign_in_commands,
)
from tilework.cli.options import (  # noqa: TC001 - typer reads the annotations
    BatchOption,
    CompressionOption,
    JsonOption,
    OutputOption,
    OverviewsOption,
    PageOption,
    PicturesOption,
    PipelineOption,
    StateName,
    TileSizeOption,
    WorkingSetOption,
)

if TYPE_CHECKING:
    from tilework.world.spread.hosts import Hosts

# The commands' own modules are imported when they are called: --help must not wait for OpenCV or boto3.
# ruff: noqa: PLC0415

app = typer.Typer(
    name="tilework",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

MOST_RANKS = 256


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"tilework {__version__}")
        raise typer.Exit


@app.callback()
def tilework(
    api: Annotated[
        str, typer.Option(metavar="URL", help="Go through a deployment's API; see login.", show_default=False)
    ] = "",
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Process images exactly as OpenCV would, here or by a running Tilework.

    Files, with nothing else running:

      tilework process in.jpg out.jpg --pipeline 'invert | blur(9)'
      tilework process photos/ results/ --pipeline 'blur(9)' --ranks 4

    Through a running system, which is found by the environment or, while
    `make run` runs, by the .tilework/local.env of its checkout:

      tilework submit photos/ --pipeline 'canny(100, 200)' --wait
      tilework jobs --state FAILED
      tilework why 1f0c93ab
      tilework retry --failed

    Through the API of a deployment, as whoever is signed in:

      tilework login https://abc123.execute-api.eu-central-1.amazonaws.com
      tilework submit photos/ --pipeline 'canny(100, 200)' --wait

    Exit status: 0 all done, 1 some failed, 2 wrong use, 3 no service answered.
    """
    if api:
        os.environ["TILEWORK_API_URL"] = api


@app.command()
def process(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SRC", help="A file, or a folder with all below it.", exists=True, show_default=False
        ),
    ],
    destination: Annotated[
        str,
        typer.Argument(
            metavar="DST", help="The result's file, or folder (new ones end in /).", show_default=False
        ),
    ],
    pipeline: PipelineOption,
    *,
    ranks: Annotated[
        int, typer.Option(min=1, max=MOST_RANKS, help="Processes that compute; above 1, in an MPI world.")
    ] = 1,
    hosts: Annotated[
        str,
        typer.Option(metavar="A,B:4", help="Hosts that compute, --ranks each or as many as said; see hosts."),
    ] = "",
    output: OutputOption = None,
    page: PageOption = None,
    tile_size: TileSizeOption = 512,
    working_set: WorkingSetOption = None,
    compression: CompressionOption = None,
    overviews: OverviewsOption = True,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a line for each image.")
    ] = False,
    profile: Annotated[
        bool, typer.Option("--profile", help="Tell, rank by rank, where the seconds went.")
    ] = False,
    pictures: PicturesOption = None,
) -> None:
    """Process a file into a file, or a folder into a folder, without any AWS.

    A result has the format of its source, or the one that `tilework formats`
    tells for it. Masks, such as canny's, are PNG (of a TIFF, TIFF), and then
    the suffix changes: a.jpg becomes a.png, or a.jpg.png where the folder holds
    an a.png as well. Existing results are overwritten, sources never;
    hidden files are left out. A result appears whole or not at all, so Ctrl-C
    keeps those that are done.

    An image of any size is worked on in the same memory: one that is larger and
    can be read by windows (TIFF, PNM) becomes a tiled TIFF with overviews, a
    Cloud-Optimized GeoTIFF, block by block on all ranks.

      tilework process photo.jpg smooth.jpg --pipeline 'blur(9)'
      tilework process slide.tif edges.tif --pipeline 'canny(100, 200)' --ranks 8
      tilework process scans/ edges/ --pipeline 'canny(100, 200)' --json

    A picture that a pipeline names is the file of that name in a folder:

      tilework process photos/ shown/ --pipeline 'overlay(logo)' --pictures ./

    With --hosts the ranks of one MPI world compute on several hosts, which must
    see SRC and DST as this one does; `tilework hosts` shows whether they can.

      tilework process slide.tif edges.tif --pipeline 'blur(9)' --hosts a,b,c:8
    """
    from tilework.cli.interrupts import Interrupts
    from tilework.cli.living_world import LivingWorld
    from tilework.cli.surroundings import extra_operations, limits_of, pictures_folder

    limits = limits_of(working_set)
    with (
        Interrupts() as interrupts,
        _several(hosts, ranks) as others,
        LivingWorld(ranks, limits, extra_operations(), others) as living,
    ):
        if living.wanted:
            # the ranks start while this process imports the rest
            living.begin()
        from tilework.cli import process as command
        from tilework.cli.pipelines import pipeline_of
        from tilework.imaging.stages.planning import Wishes

        text = pipeline_of(pipeline, page=page, output=output.value if output else None).canonical
        into_folder = destination.endswith(os.sep) and not source.is_dir()
        target = Path(destination) / source.name if into_folder else Path(destination)
        wishes = Wishes(tile_size, compression.value if compression else None, overviews)
        ways = command.Ways(limits, wishes, living, interrupts, profile, pictures_folder(pictures))
        raise typer.Exit(command.run(source, target, text, ways, json=json))


def _several(hosts: str, ranks: int) -> AbstractContextManager[Hosts | None]:
    """The hosts of a command that names some."""
    if not hosts:
        return nullcontext()
    from tilework.cli.several_hosts import hosts_of, say

    return hosts_of(hosts, ranks, say)


@app.command()
def submit(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...", help="Files, or folders with all below them.", exists=True, show_default=False
        ),
    ],
    pipeline: PipelineOption,
    *,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until all jobs have ended.")] = False,
    batch: Annotated[
        str, typer.Option(metavar="NAME", help="A name for this batch, to find its jobs by.")
    ] = "",
    output: OutputOption = None,
    page: PageOption = None,
    json: JsonOption = False,
) -> None:
    """Put files into a running system's input bucket; print their jobs' ids.

    The object's key is submitted/ and the file's name, or its path from the
    folder's name on; hidden files are left out. With --wait the status is 0
    only if every job is DONE. Ctrl-C stops the waiting, not the jobs.

      tilework submit photo.jpg --pipeline 'blur(9)' --wait
      tilework submit photos/ --pipeline 'canny(100, 200)' --batch holidays
    """
    from tilework.cli import submit as command
    from tilework.cli.pipelines import pipeline_of

    text = pipeline_of(pipeline, page=page, output=output.value if output else None).canonical
    raise typer.Exit(command.run(paths, text, batch=batch, wait=wait, json=json))


@app.command()
def jobs(
    state: Annotated[
        list[StateName] | None,
        typer.Option(case_sensitive=False, help="Only jobs in this state; may be given several times."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many, the latest changed first.")
    ] = None,
    before: Annotated[
        str,
        typer.Option(metavar="PLACE", help="Go on where a page ended, or at a time (2025-11-24T09:30)."),
    ] = "",
    batch: BatchOption = "",
    json: JsonOption = False,
) -> None:
    """List the jobs of a running system, the latest changed first.

    All of them, unless an option says less. Where --limit leaves some out, the
    --before of the next page is told. With --json each job is an object with
    all that its row in the job table holds.

      tilework jobs --state FAILED --limit 100
      tilework jobs --batch holidays --json
    """
    from tilework.cli import listing
    from tilework.jobs.job import State

    states = [State(one.value) for one in state or []]
    raise typer.Exit(listing.run_jobs(states, limit=limit, before=before, batch=batch, json=json))


@app.command()
def job(
    job_id: Annotated[
        str, typer.Argument(metavar="ID", help="A job's id, or its first digits.", show_default=False)
    ],
    json: JsonOption = False,
) -> None:
    """Tell everything about one job: where it stands, and why.

    As many digits of the id are enough as make it the only one, at least four;
    `tilework jobs` shows the first eight.

      tilework job 1f0c93ab
    """
    from tilework.cli import listing

    raise typer.Exit(listing.run_job(job_id, json=json))


@app.command()
def logs(
    job_id: Annotated[
        str, typer.Argument(metavar="ID", help="A job's id, or its first digits.", show_default=False)
    ],
    json: JsonOption = False,
) -> None:
    """Print what all processes on this machine have logged about one job.

    For a system that `make run` runs here; details are there if it was started
    with TILEWORK_LOG_LEVEL=DEBUG. Of a deployed one CloudWatch has the lines:
    docs/logs-and-metrics.md tells how to ask it.

      tilework logs 1f0c93ab
    """
    from tilework.cli import logs as command

    raise typer.Exit(command.run(job_id, json=json))


@app.command()
def formats(json: JsonOption = False) -> None:
    """List the formats that are read, and what becomes of each.

    The first bytes of a file decide which it is. docs/formats.md tells more of
    each: colour, orientation, what is kept; and it lists the limits.

      tilework formats
      tilework formats --json
    """
    from tilework.cli import formats as command

    raise typer.Exit(command.run(json=json))


for _command in (
    *bucket_commands.COMMANDS,
    *operation_commands.COMMANDS,
    *job_commands.COMMANDS,
    *host_commands.COMMANDS,
    *cost_commands.COMMANDS,
    *sign_in_commands.COMMANDS,
):
    app.command()(_command)


def main() -> None:
    """Run the command line; every failure of the tree is told in a sentence."""
    from tilework.errors import TileworkError

    try:
        app(prog_name="tilework")
    except TileworkError as error:
        from tilework.cli.statuses import status_of, tell

        tell(error)
        sys.exit(status_of(error))
