"""What an operation says of itself, held against what it does: facts, bounds, results, examples."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from tilework.errors import OperationFailedError
from tilework.imaging import operation_facts
from tilework.imaging.engine import run_whole
from tilework.imaging.example_pictures import example_pictures
from tilework.imaging.operations import NAME, MeasuredOperation, Pixels
from tilework.imaging.operations.contract import ITEM_BYTES
from tilework.imaging.operations.parameters import write
from tilework.imaging.windows import Size
from tilework.testing.findings import Finding
from tilework.testing.subject import ROOMY, Trial, beyond, paired, shown_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.imaging.formats import Picture
    from tilework.imaging.operations import Example, Operation
    from tilework.imaging.operations.contract import Image
    from tilework.imaging.pipeline import Step
    from tilework.testing.findings import Found
    from tilework.testing.subject import Subject

SMALL = Size(29, 23)
"""Odd sides, and more than the margin of what is usual."""


def facts(subject: Subject) -> Iterator[Finding]:
    """Everything that is only said."""
    operation = subject.operation
    for sentence in (*_of_names(operation), *_of_pixels(operation), *_of_parameters(operation)):
        yield Finding("facts", sentence)
    for example in subject.examples:
        if shown_by(operation, example.text) is None:
            yield Finding("facts", f"the example {example.text!r} is no pipeline that ends with it")
    if subject.rival is not None and type(subject.rival) is not type(operation):
        yield Finding("facts", f"the name {operation.name!r} is in use")
    if not subject.examples:
        yield Finding("facts", "it shows no example")
    try:
        told = {**operation_facts.describe(operation), "facts": operation_facts.facts(operation)}
        json.dumps(told, allow_nan=False)
    except Exception as error:  # noqa: BLE001 - it may raise anything when it is asked of itself
        yield Finding("facts", f"it cannot be described as JSON: {type(error).__name__}: {error}")
    for step in subject.steps:
        if _would_lose_alpha(subject, step):
            yield Finding(
                "facts", f"{step.canonical} paints, and declares that alpha stays, which would be lost"
            )
        cost = operation.cost(step.arguments)
        if not (math.isfinite(cost) and cost >= 0):
            yield Finding("facts", f"the cost of {step.canonical} is {cost}, no number of seconds")


def _of_names(operation: Operation) -> Iterator[str]:
    for name in (operation.name, *(parameter.name for parameter in operation.parameters)):
        if not NAME.fullmatch(name):
            yield f"the name {name!r} is not of small letters, digits and _"
    for word in ("family", "summary", "formula", "alpha", "nodata"):
        if not getattr(operation, word, ""):
            yield f"it states no {word}"


def _of_pixels(operation: Operation) -> Iterator[str]:
    if strange := [each for each in operation.dtypes if each not in ITEM_BYTES]:
        yield f"the depth {strange[0]!r} is none of {', '.join(ITEM_BYTES)}"
    if not operation.dtypes or not operation.channels or not {1, 3}.issuperset(operation.channels):
        yield "it takes depths, and channels of 1, 3 or both: some at least"
    if operation.exact == bool(operation.inexact):
        yield "an operation that is not exact says why and by how much, and no other does"
    if not (math.isfinite(operation.scratch) and operation.scratch >= 0):
        yield f"its scratch is {operation.scratch}, no multiple of the input's bytes"


def _would_lose_alpha(subject: Subject, step: Step) -> bool:
    operation = step.operation
    return (
        isinstance(operation, MeasuredOperation)
        and operation.paints
        and any(kind.alpha and operation.output_pixels(kind, step.arguments).alpha for kind in subject.kinds)
    )


def _of_parameters(operation: Operation) -> Iterator[str]:
    for parameter in operation.parameters:
        if not parameter.help.endswith("."):
            yield f"the help of {parameter.name} is no sentence that ends with a full stop"
        if parameter.required and parameter.example is None:
            yield f"{parameter.name} has neither a default nor an example, so that a form could begin with it"
        for word, value in (("default", parameter.default), ("example", parameter.example)):
            try:
                if value is not None:
                    parameter.accept(value)
            except ValueError as error:
                yield f"the {word} of {parameter.name} is out of its own bounds: {error}"


def bounds_and_results(subject: Subject) -> Iterator[Found]:
    """Every allowed argument with every kind of pixel, on small pictures; what is not allowed is refused."""
    yield from _refusals(subject)
    random = subject.random("bounds")
    for step, pixels in paired(subject, random):
        size = subject.fit(step, pixels, random.choice([SMALL, SMALL, Size(1, 1), Size(1, 31), Size(37, 2)]))
        if size is None:
            yield "skipped"
        else:
            trial = Trial.of(step, size, pixels, random.randrange(100), random.choice(["noise", "blobs"]))
            yield _result(trial)


def _refusals(subject: Subject) -> Iterator[Found]:
    for parameter in subject.operation.parameters:
        for value, why in beyond(parameter):
            try:
                parameter.accept(value)
            except ValueError:
                yield None
            else:
                yield Finding("bounds", f"{parameter.name}={write(value)} is {why}, and is not refused")


def _result(trial: Trial) -> Finding | None:
    try:
        result = run_whole(trial.picture, trial.pipeline)
    except OperationFailedError as error:
        if error.__cause__ is None:
            return Finding("declared", f"{trial.what}: {error.reason}")
        return _failed(trial, error.__cause__)
    except Exception as error:  # noqa: BLE001 - whatever an operation raises is what is looked for
        return _failed(trial, error)
    sentence = _unlike_declared(trial, result)
    return None if sentence is None else Finding("declared", f"{trial.what} {sentence}")


def _failed(trial: Trial, error: BaseException) -> Finding:
    return Finding(
        "bounds",
        f"{trial.what} is within its bounds, and fails: {type(error).__name__}: {str(error).strip()}",
    )


def _unlike_declared(trial: Trial, result: Picture) -> str | None:
    expected = trial.pipeline.kinds(trial.picture.pixels)[-1]
    if result.pixels != expected:
        return f"declares {_told(expected)}, and gives {_told(result.pixels)}"
    if result.alpha is not None and result.alpha.shape != result.colour.shape[:2]:
        return f"gives an alpha of shape {result.alpha.shape} for {result.size}"
    if result.alpha is not None and result.alpha.dtype != result.colour.dtype:
        return f"gives an alpha of {result.alpha.dtype} beside colours of {result.colour.dtype}"
    if trial.step.operation.masks(trial.step.arguments):
        values = np.setdiff1d(result.colour, (0,))
        if values.size > 1:
            return f"makes a mask, and gives beside 0 the values {', '.join(map(str, values[:3].tolist()))}"
    return None


def _told(pixels: Pixels) -> str:
    return f"{pixels.dtype} x {pixels.channels}{' with alpha' if pixels.alpha else ''}"


def examples(subject: Subject) -> Iterator[Found]:
    """Each example against the Python beside it: on a whole picture, with every kind of pixel that it is for."""
    for number, example in enumerate(subject.examples):
        for dtype in example.dtypes or subject.operation.dtypes:
            for channels in subject.operation.channels:
                yield _shown(subject.operation, example, Pixels(dtype, channels), number)


def _shown(operation: Operation, example: Example, pixels: Pixels, seed: int) -> Finding | None:
    pipeline = shown_by(operation, example.text)
    if pipeline is None:
        return None
    trial = Trial.of(pipeline, ROOMY, pixels, seed, "blobs" if pixels.dtype == "uint8" else "noise")
    try:
        result = run_whole(trial.picture, trial.pipeline).colour
        expected = by_hand(example, trial.picture.colour)
    except Exception as error:  # noqa: BLE001 - an expression may raise anything
        return Finding(
            "examples", f"{trial.what}, or {example.python}, fails: {type(error).__name__}: {error}"
        )
    if not isinstance(expected, np.ndarray) or (expected.dtype, expected.shape) != (
        result.dtype,
        result.shape,
    ):
        return Finding(
            "examples", f"{trial.what} gives {_array(result)}, and {example.python} {_array(expected)}"
        )
    if result.tobytes() != expected.tobytes():
        count = np.count_nonzero(result != expected)
        return Finding("examples", f"{trial.what} differs from {example.python} in {count} sample(s)")
    return None


def by_hand(example: Example, image: Image) -> object:
    """What the Python of an example gives."""
    return eval(example.python, {"cv2": cv2, "np": np, "image": image, **example_pictures(image)})  # noqa: S307 - it stands beside the operation's own code


def _array(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} of shape {value.shape}"
    return f"a {type(value).__name__}"
