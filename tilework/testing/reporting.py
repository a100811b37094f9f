"""Reports of measured operations: JSON and CSV can be written, hold what they should, and are the same in units."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, cast

from tilework.errors import OperationFailedError, TileworkError
from tilework.imaging.engine import report_whole
from tilework.testing.findings import Finding
from tilework.testing.grouping import known_of
from tilework.testing.pictures import CONTENTS
from tilework.testing.subject import ROOMY, Trial
from tilework.testing.tiling import staged_report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.imaging.operations import MeasuredOperation
    from tilework.testing.findings import Found
    from tilework.testing.subject import Subject

TILES = (16, 32, 48)
"""Columns of units, in pixels: of the first there are many, and the last ones are narrow."""


def reports(subject: Subject) -> Iterator[Found]:
    """Each form of the first step's report, then of any, on pictures of any kind."""
    formats = subject.operation.report_formats
    if not formats:
        return
    random = subject.random("reports")
    for turn in count() if subject.steps and subject.kinds else ():
        first = turn < len(formats)
        step = subject.steps[0] if first else random.choice(subject.steps)
        pixels, content = random.choice(subject.kinds), CONTENTS[turn % len(CONTENTS)]
        size = subject.fit(step, pixels, ROOMY)
        if size is None:
            yield "skipped"
            continue
        trial = Trial.of(step, size, pixels, random.randrange(100), content)
        yield _reported(trial, formats[turn % len(formats)], random.choice(TILES))


def _reported(trial: Trial, output: str, columns: int) -> Found:
    pipeline = replace(trial.pipeline, output=output)
    what = f"output({output}) of {trial.what}"
    try:
        whole = report_whole(trial.picture, pipeline)
        cut = staged_report(trial.picture, pipeline, columns=columns)
    except OperationFailedError as error:
        return Finding("reports", f"{what} cannot be made: {error.reason}")
    except TileworkError:
        # refused with a sentence
        return None
    if trial.pipeline.exact and cut != whole:
        return Finding(
            "reports", f"{what} is another report in units of {columns} columns: {_first(whole, cut)}"
        )
    return _counted(trial, what, whole) if output == "json" else None


def _counted(trial: Trial, what: str, whole: bytes) -> Found:
    """Whether there are as many rows as the operation says, where it lists them."""
    operation = cast("MeasuredOperation", trial.step.operation)
    if not operation.lists:
        return None
    told, rows = int(known_of(trial.step, trial.picture)["count"]), len(json.loads(whole)["rows"])
    return None if told == rows else Finding("reports", f"{what} has {rows} rows, and settle counts {told}")


def _first(whole: bytes, cut: bytes) -> str:
    """The first line that differs."""
    for one, other in zip(whole.splitlines(), cut.splitlines(), strict=False):
        if one != other:
            return f"{other.decode().strip()[:80]} instead of {one.decode().strip()[:80]}"
    return f"{len(cut.splitlines())} lines instead of {len(whole.splitlines())}"
