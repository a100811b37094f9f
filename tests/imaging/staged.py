"""A picture through the stages of large images, and its tiles joined again."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tilework.imaging.engine import PictureReader, run_window
from tilework.imaging.formats.cog import CogLayout
from tilework.imaging.operations import MeasuredOperation, Part, Site
from tilework.imaging.pipeline import Pipeline, parse
from tilework.imaging.stages.on_one_host import Ranks, measure
from tilework.imaging.stages.reporting import written_report
from tilework.imaging.stages.work import Work
from tilework.imaging.windows import Window
from tilework.testing.tiling import HeldPicture, HeldScratch, QuietReader, staged, windowed

if TYPE_CHECKING:
    from tilework.imaging.formats import Picture

__all__ = ["HeldPicture", "HeldScratch", "QuietReader", "by_measure", "staged", "staged_report", "windowed"]


def by_measure(picture: Picture, text: str) -> Picture:
    """One operation that is measured first, as by parts, though OpenCV may have a call for the whole."""
    step, size = parse(text).steps[0], picture.size
    operation, window = step.operation, Window.whole(size)
    assert isinstance(operation, MeasuredOperation)
    measured = operation.measure(picture.colour, Site(window, size, window, size), step.arguments)
    top = operation.reduce([Part(window, measured.partial)], step.arguments)
    known = step.knowing(operation.settle(top.partial, step.arguments))
    return run_window(PictureReader(picture), Pipeline((known,)), window)


def staged_report(
    picture: Picture, pipeline: Pipeline, *, tile: int = 16, columns: int = 32, overviews: int = 1
) -> bytes:
    """The report that a pipeline asks for, measured in units of ``columns``."""
    layout = CogLayout(size=picture.size, pixels=picture.pixels, tile=tile, compression="none")
    with TemporaryDirectory() as place:
        work = Work(HeldPicture(picture), pipeline, layout, HeldScratch(), columns, overviews)
        measure(work, Path(place), Ranks(None, 1, lambda _: None, float, int), 60)
        return written_report(work, lambda: None)
