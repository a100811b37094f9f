"""Windows: nothing outside of them counts, and what is made of them is what the whole gives."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from tilework.errors import TileworkError
from tilework.imaging.engine import PictureReader, run_whole, run_window
from tilework.imaging.operations import MeasuredOperation
from tilework.imaging.pipeline import Pipeline, parse
from tilework.imaging.windows import Grid, Size, Window
from tilework.testing.comparing import apart, unlike, where
from tilework.testing.findings import Finding
from tilework.testing.grouping import known_of
from tilework.testing.pictures import CONTENTS, a_picture
from tilework.testing.subject import Trial
from tilework.testing.tiling import staged, windowed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from tilework.imaging.formats import Picture
    from tilework.imaging.operations import Pixels
    from tilework.imaging.pipeline import Step
    from tilework.testing.findings import Found
    from tilework.testing.subject import Subject

CUTS = (
    (Size(13, 11), Size(1, 1)),
    (Size(389, 19), Size(61, 8)),
    (Size(61, 43), Size(7, 5)),
    (Size(1, 37), Size(1, 5)),
    (Size(37, 1), Size(3, 1)),
    (Size(131, 67), Size(64, 37)),
)
"""Pictures and tiles to begin with: odd sides, single rows and columns, tiles of one pixel, and rows that are longer than
several vectors of floats and end in the middle of one."""

PLAIN_TURNS = 2
"""With the first example alone, on noise, before other arguments, contents and chains."""

UNITS_EVERY = 3
"""Turns of which one goes through the stages of large images, which takes longer; what measures always does."""

BEFORE = ("", "blur(3)", "erode(4)")
BEHIND = ("", "erode(3)", "blur(5, 3)")
"""Neighbours in a chain, whose margins are uneven, too."""


MOST_TILES = 400
"""Of a result that is made window by window."""

MOST_UNITS = 12
"""Of a result: each leaves files."""

SMALLEST_TILE = 16
"""Pixels: what a file of tiles can have."""

INEXACT = {"u": 2.0, "i": 2.0, "f": 1e-3}
"""By which pixels of an operation that is not exact may differ for what lies outside of its window; noise differs by more."""


def windows(subject: Subject) -> Iterator[Found]:
    """A window of the result is the same when everything outside of the source window is another picture's."""
    if isinstance(subject.operation, MeasuredOperation) and subject.operation.paints:
        return
    random = subject.random("windows")
    while subject.steps and subject.kinds:
        step, pixels = random.choice(subject.steps), random.choice(subject.kinds)
        wanted = Size(random.choice([1, 23, 41, 67, 150]), random.choice([1, 19, 31, 53]))
        size = subject.fit(step, pixels, wanted)
        if size is not None:
            yield _perturbed(Trial.of(step, size, pixels, random.randrange(100)), random)
        else:
            yield "skipped"


def _measures(step: Step) -> bool:
    """Whether another picture outside would be one of which other things are known."""
    return isinstance(step.operation, MeasuredOperation)


def _perturbed(trial: Trial, random: Random) -> Found:
    step, picture = trial.step, trial.picture
    output = _a_window(trial.pipeline.sizes(picture.size)[-1], random)
    try:
        step = step.knowing(known_of(step, picture))
        whole = _whole_of(step, picture)
    except Exception:  # noqa: BLE001 - the bounds' own business
        return None
    try:
        source = step.operation.source_window(output, picture.size, step.arguments).clamped(picture.size)
        other = picture if _measures(step) else _other_outside(picture, source, random.randrange(100, 200))
        first, second = (each.part(output.within(_all_of(trial))) for each in (whole, _whole_of(step, other)))
        alone = run_window(PictureReader(picture), Pipeline((step,)), output)
    except ValueError as error:
        return Finding("windows", f"{trial.what}: the window for {_window(output)} cannot be: {error}")
    except TileworkError as error:
        return Finding("windows", f"{trial.what}: {error.reason}")
    if unlike(first, second) and (
        step.operation.exact or apart(first, second) > INEXACT[first.colour.dtype.kind]
    ):
        return Finding(
            "windows",
            f"{trial.what}: pixels of {_window(output)} depend on pixels outside of the declared {_window(source)}",
        )
    if step.operation.exact and unlike(first, alone):
        return Finding(
            "windows",
            f"{trial.what}: {_window(output)} alone has other pixels than in the whole: {where(first, alone)}",
        )
    return None


def _window(window: Window) -> str:
    return f"columns {window.left} to {window.right - 1}, rows {window.top} to {window.bottom - 1}"


def _all_of(trial: Trial) -> Window:
    return Window.whole(trial.pipeline.sizes(trial.picture.size)[-1])


def _whole_of(step: Step, picture: Picture) -> Picture:
    """One call on the whole, with what is known already."""
    (size,) = Pipeline((step,)).sizes(picture.size)[1:]
    return run_window(PictureReader(picture), Pipeline((step,)), Window.whole(size))


def _other_outside(picture: Picture, source: Window, seed: int) -> Picture:
    other = a_picture(picture.size, picture.pixels, seed)
    place = source.within(Window.whole(picture.size))
    other.colour[place] = picture.colour[place]
    if other.alpha is not None and picture.alpha is not None:
        other.alpha[place] = picture.alpha[place]
    return other


def _a_window(size: Size, random: Random) -> Window:
    left, top = random.randrange(size.width), random.randrange(size.height)
    return Window(left, top, random.randint(left + 1, size.width), random.randint(top + 1, size.height))


def tiles(subject: Subject) -> Iterator[Found]:
    """Tiles, units and chains against the whole."""
    random = subject.random("tiles")
    measures = isinstance(subject.operation, MeasuredOperation)
    for turn in count() if subject.steps and subject.kinds else ():
        size, tile = CUTS[turn] if turn < len(CUTS) else _a_cut(random)
        for dtype in subject.operation.dtypes:
            trial = _a_trial(subject, size, dtype, random, plain=turn < PLAIN_TURNS)
            if trial is None:
                yield "skipped"
            elif measures or turn % UNITS_EVERY == UNITS_EVERY - 1:
                yield _in_units(trial, random)
            else:
                yield _in_tiles(trial, tile)


def _a_trial(subject: Subject, size: Size, dtype: str, random: Random, *, plain: bool) -> Trial | None:
    """The first step on noise where it is to be plain; else any step, perhaps in a chain. None where it does not fit."""
    pixels = random.choice([kind for kind in subject.kinds if kind.dtype == dtype])
    step = subject.steps[0] if plain else random.choice(subject.steps)
    fitting = subject.fit(step, pixels, size)
    if fitting is None:
        return None
    chain = Pipeline((step,)) if plain else _chain(step, pixels, fitting, random)
    return Trial.of(
        chain, fitting, pixels, random.randrange(100), "noise" if plain else random.choice(CONTENTS)
    )


def _a_cut(random: Random) -> tuple[Size, Size]:
    size = Size(random.randint(1, 140), random.randint(1, 70))
    return size, Size(
        random.randint(max(1, size.width // 9), 80), random.randint(max(1, size.height // 9), 60)
    )


def _chain(step: Step, pixels: Pixels, size: Size, random: Random) -> Pipeline:
    """The step among neighbours that go with it."""
    before, behind = (parse(text).steps if text else () for text in map(random.choice, (BEFORE, BEHIND)))
    for steps in ((*before, step, *behind), (step, *behind), (*before, step)):
        pipeline = Pipeline(steps)
        try:
            pipeline.kinds(pixels)
            pipeline.sizes(size)
        except TileworkError:
            continue
        return pipeline
    return Pipeline((step,))


def _in_tiles(trial: Trial, tile: Size) -> Found:
    """Tiles of a size, or of a larger one where they would be too many."""
    output = trial.pipeline.sizes(trial.picture.size)[-1]
    while Grid(output, tile).count > MOST_TILES:
        tile = Size(tile.width * 2 + 1, tile.height * 2 + 1)
    return _same(trial, f"in tiles of {tile}", lambda: windowed(trial.picture, trial.pipeline, tile))


def _in_units(trial: Trial, random: Random) -> Found:
    """Units of one, two or four tiles, and not too many."""
    output, tile = trial.pipeline.sizes(trial.picture.size)[-1], SMALLEST_TILE
    while Grid(output, Size(tile, tile)).count > MOST_UNITS * 4:
        tile *= 2
    wide = [
        columns
        for columns in (tile, 2 * tile, 4 * tile)
        if Grid(output, Size(columns, tile)).count <= MOST_UNITS
    ]
    columns = random.choice(wide or [4 * tile])
    return _same(
        trial,
        f"in units of {columns} columns of tiles of {tile}",
        lambda: staged(trial.picture, trial.pipeline, tile=tile, columns=columns, overviews=0)[0],
    )


def _same(trial: Trial, how: str, make: Callable[[], Picture]) -> Found:
    whole = _as_declared(trial)
    if whole is None:
        return None
    try:
        cut = make()
    except Exception as error:  # noqa: BLE001 - windows may be told wrongly in any way
        return Finding("tiles", f"{trial.what} {how} fails: {type(error).__name__}: {error}")
    if not unlike(cut, whole):
        return None
    if trial.pipeline.exact:
        return Finding("tiles", f"{trial.what} {how} has other pixels than the whole: {where(whole, cut)}")
    return apart(cut, whole)


def _as_declared(trial: Trial) -> Picture | None:
    """The whole's result; None where it fails, or is not what was declared, which other parts find."""
    try:
        whole = run_whole(trial.picture, trial.pipeline)
    except TileworkError:
        return None
    kind, size = trial.pipeline.kinds(trial.picture.pixels)[-1], trial.pipeline.sizes(trial.picture.size)[-1]
    return whole if (whole.pixels, whole.size) == (kind, size) else None
