"""Every example of every operation beside the Python that gives the same pixels, and chains beside their parts.

Both run in this process, in one thread, in turn. The image has the entropy of a photograph.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from benchmarks import tables
from benchmarks.photos import photograph
from tilework.imaging.engine import PictureReader, run_whole, run_window
from tilework.imaging.example_pictures import example_pictures, shown_examples
from tilework.imaging.formats import Picture
from tilework.imaging.operations import (
    LocalOperation,
    MeasuredOperation,
    Operation,
    WholeImageOperation,
    prepare,
    registry,
)
from tilework.imaging.pipeline import Pipeline, parse
from tilework.imaging.windows import Size, Window, tiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.results import Figures, Row, Rows
    from benchmarks.scope import Scope
    from tilework.imaging.operations import Example
    from tilework.imaging.operations.contract import Image

TILE = Size(512, 512)

REACHED = 0.9
"""Of the speed of Python's expression, for what is one pass of OpenCV's."""

LEAST_TURNS = 4

CHAINS = (
    "invert | blur(9) | erode(3) | dilate(3)",
    "blur(5) | open(3) | close(3) | gradient(3)",
    "erode(3) | dilate(3) | dilate(3) | erode(3)",
    "blur(9) | magnitude | erode(3)",
    "gamma(0.5) | levels(10, 240) | posterize(8) | invert",
)
"""On a whole photo of 8 bits: the last is of single samples."""

CHAIN = "chain: "
"""What the rows of chains begin with."""

Turn = tuple["Callable[[], object]", "Callable[[], object]", int]
"""Ours, Python's, and how many pixels of the result both make."""


@dataclass(frozen=True, slots=True)
class Case:
    """An example on pixels of one depth, the first that it holds for, in colour if the operation takes colours."""

    operation: Operation
    example: Example

    @property
    def row(self) -> str:
        """What its row is called."""
        return f"{self.example.text} {self.dtype}"

    @property
    def dtype(self) -> str:
        """The depth."""
        return (self.example.dtypes or self.operation.dtypes)[0]

    @property
    def channels(self) -> int:
        """Of colour."""
        return max(self.operation.channels)

    @property
    def where(self) -> str:
        """``tiles``: both on the same windows; ``tiles, whole``: ours in tiles, Python's on the whole; ``whole``: both."""
        named = any(parameter.type == "picture" for parameter in self.operation.parameters)
        if named or isinstance(self.operation, (MeasuredOperation, WholeImageOperation)):
            return "whole"
        return "tiles" if isinstance(self.operation, LocalOperation) else "tiles, whole"

    def turns(self, image: Image) -> Iterator[Turn]:
        """What is timed on ``image``, a call of each at a time."""
        picture, pipeline = Picture(image), shown_examples(parse(self.example.text), image)
        named = example_pictures(image)
        reader, code = PictureReader(picture), compile(self.example.python, "<example>", "eval")

        def python(part: Image) -> Callable[[], object]:
            return lambda: eval(code, {"cv2": cv2, "np": np, "image": part, **named})  # noqa: S307 - our own text

        result = pipeline.sizes(picture.size)[-1]
        windows = list(tiles(result, TILE))
        if self.where == "whole":
            yield lambda: run_whole(picture, pipeline), python(image), result.pixels
        elif self.where == "tiles":
            for window in windows:
                source = pipeline.sites(window, picture.size, picture.pixels)[0].source
                part = image[source.within(Window.whole(picture.size))]
                yield _tile(reader, pipeline, window), python(part), window.size.pixels
        else:
            yield (
                lambda: [run_window(reader, pipeline, each) for each in windows],
                python(image),
                result.pixels,
            )


def _tile(reader: PictureReader, pipeline: Pipeline, window: Window) -> Callable[[], object]:
    return lambda: run_window(reader, pipeline, window)


def cases() -> list[Case]:
    """All that there are."""
    return [Case(operation, example) for operation in registry().values() for example in operation.examples]


def measure(scope: Scope) -> Iterator[tuple[str, Figures]]:
    """Each example, then each chain."""
    prepare()
    square = photo(scope.square, scope.square)
    for case in cases():
        yield case.row, compared(case, of_depth(square, case), scope)
    whole = Picture(photo(*scope.photo))
    for text in CHAINS:
        yield CHAIN + text, chained(whole, text, scope)


def photo(columns: int, rows: int) -> Image:
    """A photograph in bytes and colour."""
    image = cv2.imdecode(np.frombuffer(photograph(0, columns, rows), np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image


def of_depth(picture: Image, case: Case) -> Image:
    """The photograph as the case wants it: all bits of whole numbers used, floats from 0 to 1."""
    image = picture if case.channels == picture.shape[2] else np.ascontiguousarray(picture[:, :, 1])
    if case.dtype.startswith("float"):
        return (image / 255).astype(case.dtype)
    spread = np.iinfo(case.dtype).max // 255
    return image.astype(case.dtype) * np.dtype(case.dtype).type(spread)


def compared(case: Case, image: Image, scope: Scope) -> Figures:
    """Megapixels of the result a second, ours and the expression's: medians of all turns, as many as fit the time."""
    ours: list[float] = []
    theirs: list[float] = []
    start, turns = time.perf_counter(), 0
    while turns < LEAST_TURNS or time.perf_counter() - start < scope.operation_seconds:
        for one, other, pixels in case.turns(image):
            both = ((one, ours), (other, theirs))
            # who comes second finds the pixels in the cache
            for run, speeds in both if turns % 2 else reversed(both):
                speeds.append(pixels / 1e6 / _seconds(run))
        turns += 1
    own, python = statistics.median(ours), statistics.median(theirs)
    return {"where": case.where, "ours": own, "python": python}


def chained(picture: Picture, text: str, scope: Scope) -> Figures:
    """Median milliseconds of a chain on the whole photo, and of its operations one by one, each on what the last left."""
    pipeline = parse(text)
    parts = [Pipeline((step,)) for step in pipeline.steps]
    whole: list[float] = []
    apart: list[float] = []
    for _ in range(max(LEAST_TURNS, 3 * scope.rounds)):
        whole.append(_seconds(lambda: run_whole(picture, pipeline)))
        apart.append(_seconds(lambda: _one_by_one(picture, parts)))
    return {"chain": statistics.median(whole) * 1e3, "parts": statistics.median(apart) * 1e3}


def _one_by_one(picture: Picture, parts: Sequence[Pipeline]) -> Picture:
    for part in parts:
        picture = run_whole(picture, part)
    return picture


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def told(rows: Rows) -> Iterator[str]:
    """What was measured of the operations that there are, which of them are slow, and the chains."""
    yield (
        "One rank beside the example's Python, which gives the same pixels, in the same process and one thread, in turn; a "
        "ratio above 1 says that Tilework is quicker. *Tiles*: both make tiles of 512 x 512 pixels, from the same windows of "
        "a photograph. *Tiles, whole*: Tilework makes tiles, Python the whole image. *Whole*: both the whole image, for the "
        "operation must know it. Megapixels of the result a second."
    )
    measured = [(case, rows[case.row]) for case in cases() if case.row in rows]
    yield "\n".join(_table(measured))
    slow = [f"`{case.example.text}` ({_ratio(row):.2f})" for case, row in measured if _ratio(row) < REACHED]
    if slow:
        yield f"Below {REACHED}: {', '.join(slow)}."
    chains = [(text, rows[CHAIN + text].figures) for text in CHAINS if CHAIN + text in rows]
    if chains:
        yield "A chain on a whole photo beside its operations one by one, each on what the one before has left:"
        yield "\n".join(_chains(chains))


def _ratio(row: Row) -> float:
    return float(row.figures["ours"] / row.figures["python"])


def _table(measured: Sequence[tuple[Case, Row]]) -> Iterator[str]:
    yield from tables.head("example", "pixels", "on", "Tilework, MP/s", "Python, MP/s", "ratio")
    for case, row in measured:
        figures = row.figures
        yield from tables.row(
            _code(case.example.text),
            f"{case.dtype} x {case.channels}",
            figures["where"],
            _speed(figures["ours"]),
            _speed(figures["python"]),
            f"{_ratio(row):.2f}",
        )


def _code(text: str) -> str:
    """A pipeline in a cell."""
    return f"`{text}`".replace("|", "\\|")


def _speed(megapixels: float) -> str:
    return f"{megapixels:,.0f}" if megapixels > 100 else f"{megapixels:.3g}"


def _chains(chains: Sequence[tuple[str, Figures]]) -> Iterator[str]:
    yield from tables.head("chain", "chain, ms", "one by one, ms", "ratio")
    for text, figures in chains:
        chain, parts = figures["chain"], figures["parts"]
        yield from tables.row(_code(text), f"{chain:.0f}", f"{parts:.0f}", f"{parts / chain:.2f}")
