"""What a result is, as far as its pipeline or the name of its file tells."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from tilework.imaging import grammar
from tilework.imaging.formats import Format, tile_archive
from tilework.imaging.formats.table import ROWS, row
from tilework.imaging.plan import wanted_format
from tilework.imaging.report import ReportFormat

if TYPE_CHECKING:
    from tilework.imaging.pipeline import Pipeline


class ResultKind(StrEnum):
    """What a result's file holds. Only an image is to be looked at as it is; the others are downloads."""

    IMAGE = "image"
    REPORT = "report"
    ARCHIVE = "archive"


def kind_of(name: str) -> ResultKind:
    """What a result is by the end of its file's name or key."""
    if name.endswith(tuple(each.suffix for each in ReportFormat)):
        return ResultKind.REPORT
    if name.endswith(tuple(map(tile_archive.suffix, grammar.ARCHIVES))):
        return ResultKind.ARCHIVE
    return ResultKind.IMAGE


def suffix_of(name: str) -> str:
    """How the name of a result's file or key ends: ``.png``, or ``.dzi.tar`` of an archive of tiles."""
    archives = map(tile_archive.suffix, grammar.ARCHIVES)
    return next((each for each in archives if name.endswith(each)), PurePosixPath(name).suffix)


def sentence_of(pipeline: Pipeline) -> str:
    """What the result of a pipeline will be, in one sentence or two, whatever image it is for."""
    if pipeline.is_report:
        return "The result is a report, and no image."
    if pipeline.is_archive:
        return f"The result is an archive of tiles for viewers ({tile_archive.suffix(str(pipeline.output))})."
    told = _format_of(pipeline)
    reports = pipeline.steps[-1].operation.report_formats if pipeline.steps else ()
    if not reports:
        return told
    outputs = " or ".join(f"output({each})" for each in reports)
    return f"{told} {outputs} behind it gives its numbers instead."


def outputs_of(pipeline: Pipeline) -> list[str]:
    """The outputs that a pipeline can be asked for to some purpose, whatever image it is for.

    A report stands behind what reports; a mask goes to no lossy format, and labels only to TIFF.
    """
    reports = pipeline.steps[-1].operation.report_formats if pipeline.steps else ()
    images = [name for name in grammar.OUTPUTS if name not in (*grammar.REPORTS, *grammar.ARCHIVES)]
    if pipeline.ends_in_labels:
        return [Format.TIFF.value, *reports]
    kept = [
        name
        for name in images
        if {wanted_format(each.format, replace(pipeline, output=name)) for each in ROWS} == {Format(name)}
    ]
    return [*kept, *grammar.ARCHIVES, *reports]


def _format_of(pipeline: Pipeline) -> str:
    if pipeline.ends_in_labels and pipeline.output is None:
        return "The result is of numbers that only a TIFF holds."
    what = "a mask: " if pipeline.makes_mask else "a " if pipeline.is_lossless else ""
    if pipeline.output is not None:
        (made,) = {wanted_format(each.format, pipeline) for each in ROWS}
        what = what or "a "
        return f"The result is {what}{row(Format(made)).name}."
    if what:
        return f"The result is {what}PNG, or TIFF for a TIFF."
    return "The result keeps the format it came in, where that can hold it."
