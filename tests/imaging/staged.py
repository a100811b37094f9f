"""A picture through the stages of large images, and its tiles joined again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.engine import PictureReader, run_window
from tilework.imaging.operations import MeasuredOperation, Part, Site
from tilework.imaging.pipeline import Pipeline, parse
from tilework.imaging.windows import Window
from tilework.testing.tiling import HeldPicture, HeldScratch, QuietReader, staged, staged_report, windowed

if TYPE_CHECKING:
    from tilework.imaging.formats import Picture

__all__ = ["HeldPicture", "HeldScratch", "QuietReader", "by_measure", "staged", "staged_report", "windowed"]


def by_measure(picture: Picture, text: str) -> Picture:
    """One operation that is measured first, as by parts, though OpenCV may have a call for the whole."""
    step, size = parse(text).steps[0], picture.size
    operation, window = step.operation, Window.whole(size)
    assert isinstance(operation, MeasuredOperation)
    measured = operation.measure(picture.colour, Site.of_whole(size), step.arguments)
    top = operation.reduce([Part(window, measured.partial)], step.arguments)
    known = step.knowing(operation.settle(top.partial, step.arguments))
    return run_window(PictureReader(picture), Pipeline((known,)), window)
