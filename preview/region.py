"""A region of a pipeline's result, made of no more of the image than it depends on, by the engine that the workers have.

An operation that must know something of the whole image is told it exactly where the image is small enough to be measured
whole. Where not, it is told what a sample says: some windows of its input at full size, spread evenly; or, if its result
is painted from what is connected (canny, components), what the surroundings of the region say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from preview.cost import check_region, check_work, is_quick
from preview.refusals import NoSuchRegionError
from preview.sampling import known_of_sample
from tilework.imaging.engine import PictureReader, knowing_whole, run_whole, run_window
from tilework.imaging.operations import MeasuredOperation
from tilework.imaging.pipeline import Pipeline
from tilework.imaging.stages.readers import Band
from tilework.imaging.windows import Margin, Window

if TYPE_CHECKING:
    from preview.opened import Opened
    from tilework.imaging.formats import Picture
    from tilework.imaging.formats.contract import Reader
    from tilework.imaging.pipeline import Step
    from tilework.imaging.windows import Size

Approximation: TypeAlias = Literal["sample", "surroundings"]

AROUND = 256
"""Pixels around a region that is worked on as if it were the whole image."""


@dataclass(frozen=True, slots=True)
class Region:
    """``window`` of the result, which has ``size``; its pixels are exactly those of the result if ``approximate`` is empty.

    ``source`` is what the region depends on of the image, upright, margins included.
    """

    picture: Picture
    window: Window
    size: Size
    source: Window
    approximate: tuple[Approximation, ...] = ()


def render(image: Opened, pipeline: Pipeline, window: Window, *, nearest: bool = False) -> Region:
    """Make ``window``, in pixels of the result and cut to it, of the result that ``pipeline`` makes of ``image``.

    One that lies beyond the result is refused, or with ``nearest`` moved to where it meets it. Of a report it is the picture that the report is about. Raises NoSuchRegionError, RegionTooLargeError,
    RegionTooSlowError, what reading the image raises, and UnsupportedPixelsError and OperationFailedError as the engine.
    """
    pipeline = replace(pipeline, output=None, page=None)
    size = pipeline.sizes(image.size)[-1]
    window = within(moved(window, size) if nearest else window, size)
    check_region(window)
    check_work(pipeline, window, image.size, image.pixels)
    source = pipeline.sites(window, image.size, image.pixels)[0].source if pipeline.steps else window
    measured = pipeline.measured(image.pixels)
    if not measured:
        return Region(run_window(image, pipeline, window), window, size, source)
    head = pipeline.up_to(measured[-1] + 1)
    if image.fits_whole and is_quick(head, image.size, image.pixels, image.image_bytes):
        reader, left = _measured_whole(image, pipeline, measured[-1])
        return Region(run_window(reader, left, window), window, size, source)
    approximated = _Approximated(image, pipeline)
    picture = approximated.picture(window)
    return Region(picture, window, size, source, tuple(dict.fromkeys(approximated.ways)))


def moved(window: Window, size: Size) -> Window:
    """The window, moved by as little as lets all of it lie in an image of ``size``, or as much of it as there is."""
    left = max(0, min(window.left, size.width - window.width))
    top = max(0, min(window.top, size.height - window.height))
    return Window(left, top, left + window.width, top + window.height)


def within(window: Window, size: Size) -> Window:
    """What of a window lies in an image of ``size``. Raises NoSuchRegionError if nothing does."""
    try:
        return window.clamped(size)
    except ValueError:
        raise NoSuchRegionError(
            f"The region from column {window.left} and row {window.top} is beyond the result, which has {size} pixels."
        ) from None


def _measured_whole(image: Opened, pipeline: Pipeline, last: int) -> tuple[Reader, Pipeline]:
    """Measure all that is to be measured, on all of the image; the steps that are left are without anything to measure.

    What stands before the last such step is made of the whole image once, and again only when it changes.
    """
    step = pipeline.steps[last]
    if isinstance(step.operation, MeasuredOperation) and step.operation.paints:
        return PictureReader(_made(image, pipeline.up_to(last + 1))), pipeline.after(last + 1)
    before = _made(image, pipeline.up_to(last))
    knowing = knowing_whole(before, step)
    return PictureReader(before), Pipeline((knowing, *pipeline.steps[last + 1 :]))


def _made(image: Opened, pipeline: Pipeline) -> Picture:
    whole = image.whole()
    if not pipeline.steps:
        return whole
    return image.made(pipeline.canonical, lambda: run_whole(whole, pipeline))


class _Approximated:
    """A pipeline that is told of the whole what parts of it say; ``ways`` are how."""

    def __init__(self, image: Opened, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._sizes = pipeline.sizes(image.size)
        self._kinds = pipeline.kinds(image.pixels)
        self._reader: Reader = image
        self._settled: list[Step] = []
        self.ways: list[Approximation] = []

    def picture(self, window: Window) -> Picture:
        for index, step in enumerate(self._pipeline.steps):
            operation = step.operation
            if not step.measures(self._kinds[index]) or not isinstance(operation, MeasuredOperation):
                self._settled.append(step)
            elif operation.paints:
                self._paint(index, window)
            else:
                self._tell(index, window)
        return run_window(self._reader, Pipeline(tuple(self._settled)), window)

    def _tell(self, index: int, window: Window) -> None:
        """Tell a step what a sample says, of its whole input or of what is there of that."""
        before = Pipeline(tuple(self._settled))
        place = self._needed(index, window) if isinstance(self._reader, Band) else None
        step = self._pipeline.steps[index]
        self._settled.append(known_of_sample(self._reader, before, step, place))
        self.ways.append("sample")

    def _paint(self, index: int, window: Window) -> None:
        """Work on the surroundings of what is needed as if they were the whole image."""
        step = self._pipeline.steps[index]
        place = self._needed(index, window)
        check_work(self._pipeline.up_to(index), place, self._sizes[0], self._kinds[0])
        part = run_window(self._reader, Pipeline(tuple(self._settled)), place)
        painted = run_whole(part, Pipeline((step,)))
        self._reader = Band(self._sizes[index + 1], place, painted)
        self._settled = []
        self.ways.append("surroundings")

    def _needed(self, index: int, window: Window) -> Window:
        """What the steps from ``index`` on need of its input for ``window`` of the result, and their surroundings."""
        left = self._pipeline.after(index)
        sites = left.sites(window, self._sizes[index], self._kinds[index])
        painting = sum(
            isinstance(step.operation, MeasuredOperation) and step.operation.paints for step in left.steps
        )
        around = Margin.even(AROUND * painting, AROUND * painting)
        return sites[0].source.padded(around).clamped(self._sizes[index])
