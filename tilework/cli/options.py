"""Options that several commands share. Nothing heavy is loaded for them: --help must not wait."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path
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
    DZI = "dzi"
    XYZ = "xyz"
    JSON = "json"
    CSV = "csv"


OutputOption = Annotated[
    OutputName | None,
    typer.Option(
        help="The result's format; its source's own, unless `tilework formats` says otherwise. "
        "json and csv: what the last operation reports."
    ),
]
PageOption = Annotated[
    int | None, typer.Option(min=0, help="The page to read of a file with several; they count from 0.")
]


PicturesOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER", help="Where the pictures lie that the pipeline names; else TILEWORK_PICTURES.",
        exists=True, file_okay=False,
    ),
]  # fmt: skip


class CompressionName(Enum):
    """How the tiles of a large result can be packed."""

    DEFLATE = "deflate"
    LZW = "lzw"
    JPEG = "jpeg"
    NONE = "none"


UNITS = {"": 1, "B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}
"""What amounts of memory are given in."""


def _tile_size(value: int) -> int:
    if value not in range(16, 4097, 16):  # TIFF 6.0, section 15; a tile is encoded in memory
        raise typer.BadParameter("a tile's side is a multiple of 16, from 16 to 4096")
    return value


def _bytes(text: str) -> int:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMG]?i?B?)", text.strip(), re.IGNORECASE)
    unit = found[2].upper().replace("I", "") if found else None
    unit = unit + "B" if unit in {"K", "M", "G"} else unit
    if found is None or unit not in UNITS or float(found[1]) * UNITS[unit] < 1:
        raise typer.BadParameter("an amount of memory, such as 4MB or 1.5GB")
    return int(float(found[1]) * UNITS[unit])


TileSizeOption = Annotated[
    int, typer.Option(metavar="PIXELS", callback=_tile_size, help="Side of the tiles of a large result.")
]
WorkingSetOption = Annotated[
    int | None,
    typer.Option(
        metavar="BYTES",
        parser=_bytes,
        help="Memory of a rank for one image, such as 512MB; less makes more blocks.",
    ),
]
CompressionOption = Annotated[
    CompressionName | None,
    typer.Option(help="How the tiles of a large result are packed; else as its source's."),
]
OverviewsOption = Annotated[
    bool,
    typer.Option("--overviews/--no-overviews", help="Whether a large result has its pyramid of overviews."),
]
