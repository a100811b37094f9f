"""The operation that is tried, and what it is tried with: arguments at and within their bounds, and kinds of pixels."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from tilework.errors import PipelineError, TileworkError
from tilework.imaging.example_pictures import shown_examples
from tilework.imaging.operations import Pixels, trying
from tilework.imaging.operations.parameters import write
from tilework.imaging.pipeline import Pipeline, Step, default_of, parse
from tilework.imaging.windows import Size
from tilework.testing.pictures import a_picture

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tilework.imaging.formats import Picture
    from tilework.imaging.operations import Example, Operation, Parameter, Value

ROOMY = Size(157, 101)
"""Large enough for what examples name: corners of a crop, a picture that is laid on it."""

FARTHEST = {"int": 10**9, "float": 1e30}
"""What stands for a bound that is not stated: whatever there is no bound for, must work."""

MOST_SAMPLES = 1 << 19
"""Of a result that a trial makes."""

MOST_SECONDS = 1.0
"""That a trial may take, as the operation states its cost."""


@dataclass(frozen=True, slots=True)
class Subject:
    """An operation on trial, with its ``examples``, the ``steps`` to try and the ``kinds`` of pixels that it takes.

    The first steps are those of its examples. ``rival`` is what had its name in the registry, perhaps itself.
    """

    operation: Operation
    examples: tuple[Example, ...]
    steps: tuple[Step, ...]
    kinds: tuple[Pixels, ...]
    seed: int
    rival: Operation | None

    def random(self, about: str) -> Random:
        """Numbers for one promise, the same each time."""
        return Random(f"{self.seed} {about}")  # noqa: S311 - to be repeatable, not unguessable

    def fit(self, step: Step, pixels: Pixels, wanted: Size) -> Size | None:
        """The size that is wanted, or a roomier one where a step needs that; None where it takes neither."""
        return next((size for size in (wanted, ROOMY) if self._takes(step, pixels, size)), None)

    def _takes(self, step: Step, pixels: Pixels, size: Size) -> bool:
        """Whether a step takes such a picture, and gives one that a trial can afford."""
        pipeline = Pipeline((step,))
        try:
            kind, output = pipeline.kinds(pixels)[-1], pipeline.sizes(size)[-1]
        except TileworkError:
            # refused before any pixel is read, with a sentence
            return False
        seconds = step.operation.cost(step.arguments) * size.pixels * pixels.channels / 1e6
        return output.pixels * (kind.channels + kind.alpha) <= MOST_SAMPLES and seconds <= MOST_SECONDS


@dataclass(frozen=True, slots=True)
class Trial:
    """A pipeline on a picture, and how to say so."""

    pipeline: Pipeline
    picture: Picture
    what: str

    @classmethod
    def of(
        cls, tried: Step | Pipeline, size: Size, pixels: Pixels, seed: int, content: str = "noise"
    ) -> Trial:
        """A trial on a picture that the words of it lead back to."""
        pipeline = tried if isinstance(tried, Pipeline) else Pipeline((tried,))
        alpha = " with alpha" if pixels.alpha else ""
        what = f"{pipeline} on {size} {pixels.dtype} x {pixels.channels}{alpha} ({content}, seed {seed})"
        picture = a_picture(size, pixels, seed, content)
        return cls(shown_examples(pipeline, picture.colour), picture, what)

    @property
    def step(self) -> Step:
        """The step on trial, where it is alone."""
        return self.pipeline.steps[-1]


def subject_of(
    operation: Operation, examples: Sequence[Example] | None, seed: int, rival: Operation | None
) -> Subject:
    """What to try ``operation`` with; its own examples if there are no others. Raises what it raises of itself."""
    shown = tuple(operation.examples if examples is None else examples)
    kinds = [
        Pixels(dtype, channels, alpha)
        for channels in operation.channels
        for alpha in (False, True)
        for dtype in operation.dtypes
    ]
    return Subject(operation, shown, tuple(_steps(operation, shown, seed)), tuple(kinds), seed, rival)


def shown_by(operation: Operation, text: str) -> Pipeline | None:
    """The pipeline of a text if its last step is one of ``operation``; None where it is not, or cannot be parsed."""
    with trying(operation):
        try:
            pipeline = parse(text)
        except PipelineError:
            return None
    return pipeline if pipeline.steps and pipeline.steps[-1].operation is operation else None


def _steps(operation: Operation, examples: Sequence[Example], seed: int) -> Iterator[Step]:
    """Those of the examples, then each parameter at its bounds and between them, the others as in the first example."""
    shown = [
        pipeline.steps[-1]
        for example in examples
        if (pipeline := shown_by(operation, example.text)) is not None
    ]
    plain = plain_arguments(operation)
    base = shown[0].arguments if shown else plain
    if base is not None:
        found = dict.fromkeys(shown or [Step(operation, base)])
        for parameter in operation.parameters:
            for value in values_of(parameter, seed):
                for arguments in (base, plain):
                    step = _changed(operation, arguments, parameter.name, value)
                    if step is not None:
                        found.setdefault(step)
                        break
        yield from found


def _changed(
    operation: Operation, arguments: Mapping[str, Value] | None, name: str, value: Value
) -> Step | None:
    """The arguments with another value, if they go together."""
    if arguments is None:
        return None
    changed = {**arguments, name: value}
    try:
        operation.check(changed)
    except (ValueError, TileworkError):
        return None
    return Step(operation, changed)


def plain_arguments(operation: Operation) -> dict[str, Value] | None:
    """Defaults, and what a form starts with; None where a parameter has neither."""
    arguments: dict[str, Value] = {}
    for parameter in operation.parameters:
        value = default_of(operation, parameter.name, arguments)
        value = parameter.example if value is None else value
        if value is None:
            return None
        try:
            arguments[parameter.name] = parameter.accept(value)
        except ValueError:
            return None
    return arguments


def values_of(parameter: Parameter, seed: int) -> list[Value]:
    """Values that a parameter's bounds allow: the ends, every choice, and some between. All pass its ``accept``."""
    if parameter.choices:
        return list(parameter.choices)
    if parameter.type == "bool":
        return [False, True]
    if parameter.type not in FARTHEST:
        return []
    low, high = _ends(parameter)
    start = parameter.default if parameter.default is not None else parameter.example
    around = start if isinstance(start, (int, float)) else 0
    random = Random(f"{seed} {parameter.name}")  # noqa: S311 - to be repeatable, not unguessable
    if parameter.type == "int":
        near = range(max(int(low), int(around) - 3), min(int(high), int(around) + 3) + 1)
        values = [low, high, *near, low + 1, high - 1, random.randint(int(low), int(high))]
    else:
        values = [low, high, random.uniform(low, high), random.uniform(low, min(high, low + 2))]
    return list(dict.fromkeys(value for each in values if (value := _accepted(parameter, each)) is not None))


def beyond(parameter: Parameter) -> list[tuple[Value, str]]:
    """Values that a parameter's bounds do not allow, and which bound that is."""
    found: list[tuple[Value, str]] = []
    for bound, step, word in ((parameter.minimum, -1, "minimum"), (parameter.maximum, 1, "maximum")):
        if bound is not None:
            found.append((bound + step, f"beyond its {word} {write(bound)}"))
    if parameter.choices:
        found.append(("no_such_choice", "none of its choices"))
    if parameter.odd and parameter.minimum is not None:
        found.append((int(parameter.minimum) // 2 * 2 + 2, "even"))
    return found


def _ends(parameter: Parameter) -> tuple[int | float, int | float]:
    far = FARTHEST[parameter.type]
    return (
        -far if parameter.minimum is None else parameter.minimum,
        far if parameter.maximum is None else parameter.maximum,
    )


def _accepted(parameter: Parameter, value: float) -> Value | None:
    if parameter.type == "int":
        value = int(value)
    try:
        return parameter.accept(value)
    except ValueError:
        return None


def paired(subject: Subject, random: Random) -> Iterator[tuple[Step, Pixels]]:
    """Steps with kinds of pixels: first each of either at least once, then all the rest, in some order."""
    steps, kinds = subject.steps, subject.kinds
    if not steps or not kinds:
        return
    order = list(kinds)
    random.shuffle(order)
    first = list(
        dict.fromkeys(
            (steps[index % len(steps)], order[index % len(kinds)])
            for index in range(max(len(steps), len(kinds)))
        )
    )
    yield from first
    rest = [pair for pair in itertools.product(steps, kinds) if pair not in set(first)]
    random.shuffle(rest)
    yield from rest
