"""Results that are no image: what an operation reports, as JSON or CSV.

A report holds facts of the pixels and the pipeline alone, none of the job, so that the same image and pipeline give the
same bytes. JSON: ``schema``, ``operation``, ``pipeline``, ``image``, the operation's ``data``, and its ``rows`` if it has
columns. CSV (RFC 4180, lines end with a line feed): the columns' names, then the rows.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, cast

from tilework.errors import TooLargeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tilework.imaging.operations import MeasuredOperation, Pixels, Report
    from tilework.imaging.pipeline import Pipeline
    from tilework.imaging.windows import Size

SCHEMA = 1
"""Of reports; it rises when a reader of an older one would misunderstand a newer."""

MOST_ROWS = 1_000_000
"""Of a report: as JSON some 130 MB, which is the most that spreadsheets and browsers open at all."""

ROW_BYTES = 500
"""Memory of a row while a report is made: its columns, the same sorted, and its text. Measured: 460 as JSON."""


ROW_SECONDS = 1e-5
"""Of one core to write a row, from above. Measured: 0.0000054 as JSON, 0.000004 as CSV."""

ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


class ReportFormat(StrEnum):
    """The forms of a report."""

    JSON = "json"
    CSV = "csv"

    @property
    def suffix(self) -> str:
        """How its file names end."""
        return f".{self.value}"

    @property
    def content_type(self) -> str:
        """Its media type."""
        return {"json": "application/json", "csv": "text/csv; charset=utf-8"}[self.value]


def most_rows(pipeline: Pipeline, size: Size) -> int:
    """Rows that a pipeline's report on an image of ``size`` may have, if those are listed: one for two pixels at most."""
    if not pipeline.is_report or not reported(pipeline).lists:
        return 0
    return min(MOST_ROWS, -(-pipeline.sizes(size)[-2].pixels // 2))


def check_rows(count: int, operation: MeasuredOperation) -> None:
    """Raise TooLargeError for more rows than a report may have."""
    if count > MOST_ROWS:
        raise TooLargeError(
            f"{operation.name} found {count:,} rows; a report has at most {MOST_ROWS:,}.",
            advice="Report on less: smooth the image first, or leave out what is small (min_area). A picture has no such limit.",
        )


def reported(pipeline: Pipeline) -> MeasuredOperation:
    """The operation whose report the pipeline asks for, its last."""
    return cast("MeasuredOperation", pipeline.steps[-1].operation)


def written(report: Report, pipeline: Pipeline, size: Size, pixels: Pixels) -> bytes:
    """The report as the pipeline asks for it; ``size`` and ``pixels`` are those of what was reported on.

    Raises TooLargeError.
    """
    operation = reported(pipeline)
    check_rows(len(report.rows), operation)
    if pipeline.output == ReportFormat.CSV:
        return _csv(report, operation.columns)
    told: dict[str, object] = {
        "schema": SCHEMA,
        "operation": pipeline.steps[-1].canonical,
        "pipeline": pipeline.canonical,
        "image": {
            "width": size.width,
            "height": size.height,
            "dtype": pixels.dtype,
            "channels": pixels.channels,
        },
        "data": _plain(report.data),
    }
    head = json.dumps(told, indent=2, ensure_ascii=False, allow_nan=False)
    if not operation.columns:
        return (head + "\n").encode()
    # a row a line, and never all rows as objects at once
    file = io.BytesIO()
    file.write((head.removesuffix("\n}") + ',\n  "rows": [').encode())
    for number, row in enumerate(report.rows):
        plain = {name: _plain(row[name]) for name in operation.columns}
        file.write(f"{',' if number else ''}\n    {ENCODER.encode(plain)}".encode())
    file.write(b"\n  ]\n}\n")
    return file.getvalue()


def _csv(report: Report, columns: Sequence[str]) -> bytes:
    file = io.BytesIO()
    with io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True) as text:
        table = csv.writer(text, lineterminator="\n")
        table.writerow(columns)
        for row in report.rows:
            table.writerow([_cell(_plain(row[name])) for name in columns])
        return file.getvalue()


def _cell(value: object) -> object:
    """As JSON writes it: truth in small letters; nothing is nothing."""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else value


def _plain(value: object) -> object:
    """What JSON holds: NumPy's scalars and arrays as Python's, numbers that are not finite as none."""
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value
