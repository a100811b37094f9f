"""The commands that do something to jobs of a running system, and their options, as ``--help`` teaches them."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from tilework.cli.options import BatchOption, CodeOption, FormatName, JsonOption, PipelineOption

# The commands' own modules are imported when they are called: --help must not wait for boto3.
# ruff: noqa: PLC0415

IdsArgument = Annotated[
    list[str],
    typer.Argument(metavar="ID...", help="Jobs' ids, or their first digits.", show_default=False),
]
KeyArgument = Annotated[
    str, typer.Argument(metavar="KEY", help="The image's key in the input bucket.", show_default=False)
]
PrefixArgument = Annotated[
    str,
    typer.Argument(metavar="PREFIX", help="What the keys begin with; '' for all.", show_default=False),
]


def retry(
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID...", help="Jobs' ids, or their first digits.", show_default=False),
    ] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="Every job that FAILED and may succeed; with --code also others.")
    ] = False,
    code: CodeOption = "",
    batch: BatchOption = "",
    json: JsonOption = False,
) -> None:
    """Try jobs again that FAILED or were CANCELLED, with fresh attempts.

    Nothing is uploaded again: the version is there, and the job keeps its id.
    What still has the same fault fails again, with the same reason.

      tilework retry 1f0c93ab
      tilework retry --failed --code crashed --batch holidays
    """
    from tilework.cli import orders

    raise typer.Exit(orders.run_retry(ids or [], failed=failed, code=code, batch=batch, json=json))


def cancel(ids: IdsArgument, json: JsonOption = False) -> None:
    """Call jobs off that wait or are worked on.

    A worker that has one stops before it stores a result, once it finds its
    lease lost. A job that nobody has taken up yet is found by its whole id.

      tilework cancel 1f0c93ab
    """
    from tilework.cli import orders

    raise typer.Exit(orders.run_cancel(ids, json=json))


def rerun(
    key: KeyArgument,
    pipeline: PipelineOption,
    *,
    version: Annotated[str, typer.Option(metavar="ID", help="Of which version; else the latest.")] = "",
    revision: Annotated[
        str, typer.Option(metavar="TEXT", help="Makes another job of the same version and pipeline.")
    ] = "",
    batch: Annotated[str, typer.Option(metavar="NAME", help="The job's batch; else the image's own.")] = "",
    json: JsonOption = False,
) -> None:
    """Put an image that is there through a pipeline, without uploading it again.

    The result lies beside the others, under a key of its own. Asking twice is
    asking once, unless --revision makes a difference.

      tilework rerun photos/harbour.jpg --pipeline 'canny(100, 200)'
    """
    from tilework.cli import orders

    raise typer.Exit(
        orders.run_rerun(key, pipeline, version=version, revision=revision, batch=batch, json=json)
    )


def why(
    job_id: Annotated[
        str, typer.Argument(metavar="ID", help="A job's id, or its first digits.", show_default=False)
    ],
    json: JsonOption = False,
) -> None:
    """Tell the story of a job, and what can be done about it.

    Its attempts with their hosts, ranks, reasons and times (the last twenty),
    and what the keeper or a user did between them. What can be done comes as a
    command line that is ready to be used.

      tilework why 1f0c93ab
    """
    from tilework.cli import why as command

    raise typer.Exit(command.run(job_id, json=json))


def batch(
    name: Annotated[
        str,
        typer.Argument(
            metavar="[NAME]", help="The batch's name; else the latest are listed.", show_default=False
        ),
    ] = "",
    *,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until all its jobs have ended.")] = False,
    json: JsonOption = False,
) -> None:
    """Tell how a batch stands as a whole: done, failed, still to come.

    Its size is what `tilework submit --batch` or the page noted when it was
    started. With --wait the status is 0 only if every job is DONE.

      tilework batch
      tilework batch holidays --wait
    """
    from tilework.cli import batches as command

    raise typer.Exit(command.run(name, wait=wait, json=json))


def export(
    format: Annotated[  # noqa: A002 - the option's name
        FormatName, typer.Option(case_sensitive=False, help="CSV, or JSON lines.")
    ] = FormatName.CSV,
    code: CodeOption = "",
    batch: BatchOption = "",
) -> None:
    """Print the failed jobs as a table: which, why, and how to rerun each.

    The last column is a command line that is ready to be used. How many of how
    many, by code, goes to stderr.

      tilework export --batch holidays > failed.csv
      tilework export --format jsonl --code damaged
    """
    from tilework.cli import export as command

    raise typer.Exit(command.run(format.value, code=code, batch=batch))


def statistics(
    days: Annotated[int, typer.Option(min=1, max=366, help="How many days back.")] = 7,
    json: JsonOption = False,
) -> None:
    """Tell what ended, a day and a pipeline.

    Jobs done and failed by code, megapixels, CPU seconds, bytes. The keeper counts what the workers tell it when a job ends:
    close, not exact; the job table is the authority.

      tilework statistics --days 30
    """
    from tilework.cli import statistics as command

    raise typer.Exit(command.run(days, json=json))


def fetch(
    prefix: PrefixArgument,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the results go.", show_default=False)],
    pipeline: Annotated[
        str,
        typer.Option("--pipeline", "-p", metavar="TEXT", help="Results of a rerun through this pipeline."),
    ] = "",
    json: JsonOption = False,
) -> None:
    """Fetch the results of images, back in the folders that their sources lay in.

    Folders are those of the keys, from the last slash of PREFIX on. Of each image
    the latest version counts. Asked again, it goes on where it stopped, and
    fetches what is new. Nothing is ever written outside DIR, and no file that is
    not of an earlier fetch is overwritten.

      tilework fetch submitted/photos/ results/
    """
    from tilework.cli import fetch as command

    raise typer.Exit(command.run(prefix, folder, pipeline=pipeline, json=json))


def backfill(
    prefix: PrefixArgument,
    every_version: Annotated[
        bool, typer.Option("--every-version", help="Older versions of a key, too.")
    ] = False,
    dry: Annotated[bool, typer.Option("--dry", help="Only count.")] = False,
    json: JsonOption = False,
) -> None:
    """Make jobs of images that lie in the input bucket without one.

    Such as those that were there before the deployment, of which no event ever
    came. What has a job already is left alone.

      tilework backfill archive/2019/ --dry
    """
    from tilework.cli import backfill as command

    raise typer.Exit(command.run(prefix, every_version=every_version, dry=dry, json=json))


def erase(
    key: KeyArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: JsonOption = False,
) -> None:
    """Erase an image: all its versions, results and rows. There is no way back.

    Its jobs are called off first; where a worker may still store a result, that
    is waited for. It takes your own credentials: no worker may delete.

      tilework erase photos/harbour.jpg
    """
    from tilework.cli import erase as command

    raise typer.Exit(command.run(key, yes=yes, json=json))


COMMANDS = (retry, cancel, rerun, why, batch, export, statistics, fetch, backfill, erase)
