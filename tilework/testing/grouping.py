"""Measured operations on random grids, joined in random trees: the same is known, and painted, whatever the cutting."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, cast

import numpy as np

from tilework.errors import UnsupportedPixelsError
from tilework.imaging.engine import run_whole
from tilework.imaging.formats import Picture
from tilework.imaging.formats.bands import blank
from tilework.imaging.operations import MeasuredOperation, Part
from tilework.imaging.operations.contract import NOTHING
from tilework.imaging.pipeline import Pipeline
from tilework.imaging.stages.readers import paste
from tilework.imaging.windows import Size, Window
from tilework.testing.comparing import unlike, where
from tilework.testing.findings import Finding
from tilework.testing.pictures import CONTENTS
from tilework.testing.subject import Trial

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from tilework.imaging.operations import Measured
    from tilework.imaging.operations.contract import Arrays
    from tilework.imaging.pipeline import Step
    from tilework.testing.findings import Found
    from tilework.testing.subject import Subject

SIZES = (Size(13, 9), Size(61, 43), Size(1, 29), Size(150, 37))


class NoArrayError(ValueError):
    """Something that was measured is no array, and cannot travel."""


@dataclass(frozen=True, slots=True)
class Node:
    """Cells of a grid that were joined, and from what: cells or nodes of them."""

    part: Part
    joint: Arrays
    children: tuple[Node, ...]
    kept: Arrays


def known_of(step: Step, picture: Picture) -> Arrays:
    """What a measured operation knows of a whole picture; nothing of any other operation."""
    if not isinstance(step.operation, MeasuredOperation):
        return NOTHING
    cell = _measured(step, picture, Window.whole(picture.size))
    return step.operation.settle(_joined(step, [cell]).part.partial, step.arguments)


def grouping(subject: Subject) -> Iterator[Found]:
    """Random grids and trees against the whole."""
    if not isinstance(subject.operation, MeasuredOperation):
        return
    random = subject.random("grouping")
    turn = 0
    while subject.steps and subject.kinds:
        step, pixels = random.choice(subject.steps), random.choice(subject.kinds)
        size = subject.fit(step, pixels, SIZES[turn % len(SIZES)])
        if size is not None:
            trial = Trial.of(step, size, pixels, random.randrange(100), CONTENTS[turn % len(CONTENTS)])
            yield _grouped(trial, random)
        else:
            yield "skipped"
        turn += 1


def _grouped(trial: Trial, random: Random) -> Found:
    step = trial.step
    operation = cast("MeasuredOperation", step.operation)
    size = trial.picture.size
    columns, rows = _cuts(size.width, random), _cuts(size.height, random)
    how = f"cut at columns {columns[1:-1]} and rows {rows[1:-1]}"
    try:
        cells = [
            [
                _measured(step, trial.picture, Window(left, top, right, bottom))
                for left, right in _pairs(columns)
            ]
            for top, bottom in _pairs(rows)
        ]
        top = _tree(step, cells, random)
        known = operation.settle(top.part.partial, step.arguments)
        if operation.paints:
            return _painted(trial, how, top, known)
        expected = known_of(step, trial.picture)
    except NoArrayError as error:
        return Finding("pickling", f"{trial.what}: {error}")
    except UnsupportedPixelsError:
        return None
    except Exception as error:  # noqa: BLE001 - whatever an operation raises is what is looked for
        return Finding("grouping", f"{trial.what}, {how}, fails: {type(error).__name__}: {error}")
    for name in sorted({*expected, *known}):
        one, other = (np.asarray(each[name]) if name in each else None for each in (expected, known))
        if one is None or other is None or not _same(one, other):
            return Finding(
                "grouping",
                f"{trial.what}, {how}, knows {name} = {_short(other)}; measured at once it is {_short(one)}",
            )
    return None


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()


def _short(value: np.ndarray | None) -> str:
    return "nothing" if value is None else repr(value.tolist())[:60]


def _painted(trial: Trial, how: str, top: Node, known: Arrays) -> Found:
    picture = blank(trial.picture.size, trial.pipeline.kinds(trial.picture.pixels)[-1])
    for window, colour in _leaves(trial.step, top, known):
        paste(Picture(colour), window, picture, Window.whole(picture.size))
    whole = run_whole(trial.picture, trial.pipeline)
    if unlike(whole, picture):
        return Finding(
            "grouping", f"{trial.what}, {how}, is painted unlike the whole: {where(whole, picture)}"
        )
    return None


def _leaves(step: Step, node: Node, known: Arrays) -> Iterator[tuple[Window, np.ndarray]]:
    """The painted cells below a node, of which this is known."""
    operation = cast("MeasuredOperation", step.operation)
    if not node.children:
        yield node.part.window, operation.paint(node.kept, known, node.part.window.size)
        return
    shares = operation.descend(known, node.joint)
    for index, child in enumerate(node.children):
        yield from _leaves(step, child, shares[index] if isinstance(shares, Sequence) else shares)


def _cuts(length: int, random: Random) -> list[int]:
    inner = random.sample(range(1, length), min(length - 1, random.randint(0, 5)))
    return [0, *sorted(inner), length]


def _pairs(cuts: list[int]) -> list[tuple[int, int]]:
    return list(pairwise(cuts))


def _tree(step: Step, cells: list[list[Node]], random: Random) -> Node:
    """Join cells of a grid: cut it in up to three bands one way, join each of them so, and then the bands."""
    rows, columns = len(cells), len(cells[0])
    if rows * columns == 1:
        return _joined(step, [cells[0][0]]) if random.random() < 0.3 else cells[0][0]  # noqa: PLR2004
    if random.random() < 0.25:  # noqa: PLR2004
        return _joined(step, [cell for row in cells for cell in row])
    if columns == 1 or (rows > 1 and random.random() < 0.5):  # noqa: PLR2004
        bands = [cells[top:bottom] for top, bottom in _pairs(_cuts_at_least_one(rows, random))]
    else:
        bands = [
            [row[left:right] for row in cells] for left, right in _pairs(_cuts_at_least_one(columns, random))
        ]
    return _joined(step, [_tree(step, band, random) for band in bands])


def _cuts_at_least_one(length: int, random: Random) -> list[int]:
    return [0, *sorted(random.sample(range(1, length), min(length - 1, random.randint(1, 2)))), length]


def _measured(step: Step, picture: Picture, window: Window) -> Node:
    operation = cast("MeasuredOperation", step.operation)
    site = Pipeline((step,)).measured_site(0, window, picture.size, picture.pixels)
    image = picture.part(site.source.within(Window.whole(picture.size))).colour
    measured: Measured = operation.measure(image, site, step.arguments)
    return Node(Part(window, _sent(measured.partial)), NOTHING, (), _sent(measured.kept))


def _joined(step: Step, nodes: Sequence[Node]) -> Node:
    operation = cast("MeasuredOperation", step.operation)
    reduced = operation.reduce([node.part for node in nodes], step.arguments)
    windows = [node.part.window for node in nodes]
    around = Window(
        min(window.left for window in windows),
        min(window.top for window in windows),
        max(window.right for window in windows),
        max(window.bottom for window in windows),
    )
    return Node(Part(around, _sent(reduced.partial)), _sent(reduced.joint), tuple(nodes), NOTHING)


def _sent(arrays: Arrays) -> Arrays:
    """As they arrive elsewhere: arrays that cannot be written to. Raises NoArrayError."""
    found = {}
    for name, value in pickle.loads(pickle.dumps(dict(arrays))).items():  # noqa: S301 - pickled just now
        array = np.asarray(value)
        if array.dtype.hasobject:
            raise NoArrayError(f"what it measured as {name!r} is no array of numbers: {value!r:.60}")
        array.setflags(write=False)
        found[name] = array
    return found
