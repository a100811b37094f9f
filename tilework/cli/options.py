"""Options that several commands share. Nothing heavy is loaded for them: --help must not wait."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

PipelineOption = Annotated[
    str,
    typer.Option(
        "--pipeline", "-p", metavar="TEXT", help="What to do, such as 'blur(9) | canny(100, 200)'.",
        show_default=False,
    ),
]  # fmt: skip
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
BatchOption = Annotated[str, typer.Option("--batch", metavar="NAME", help="Only the jobs of this batch.")]
CodeOption = Annotated[
    str, typer.Option("--code", metavar="CODE", help="Only what failed with this code, such as crashed.")
]


class StateName(Enum):
    """The states of a job, as the option takes them; kept here so that --help loads nothing else."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    CANCELLED = "CANCELLED"


class FormatName(Enum):
    """How an export is written."""

    CSV = "csv"
    JSONL = "jsonl"


class OutputName(Enum):
    """The formats that a result can be asked for in."""

    PNG = "png"
    JPEG = "jpeg"
    TIFF = "tiff"
    WEBP = "webp"


OutputOption = Annotated[
    OutputName | None,
    typer.Option(help="The result's format; its source's own, unless `tilework formats` says otherwise."),
]
PageOption = Annotated[
    int | None, typer.Option(min=0, help="The page to read of a file with several; they count from 0.")
]
