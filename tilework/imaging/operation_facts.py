"""What is true of an operation: API, command line and the pages of the docs say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilework.imaging.operations import (
    LocalOperation,
    MeasuredOperation,
    Operation,
    Pixels,
    WholeImageOperation,
    usage,
)
from tilework.imaging.operations.parameters import write
from tilework.imaging.pipeline import parse
from tilework.imaging.plugins import origin_of
from tilework.imaging.windows import Size, Window

if TYPE_CHECKING:
    from tilework.imaging.operations import Arguments, Example, Parameter
    from tilework.imaging.windows import Margin

CHANNELS = {(1,): "grey", (3,): "colour", (1, 3): "grey and colour"}

LIGHT, HEAVY = 0.15, 1.0
"""Seconds of a core for a million samples, from above: below the one is light, from the other on heavy."""

FAR = Size(100, 100)
"""An image of which one corner has nothing to do with the other."""


def describe(operation: Operation) -> dict[str, object]:
    """Everything that an operation declares as JSON-able data, from which the page makes its forms."""
    return {
        "name": operation.name,
        "family": operation.family,
        "summary": operation.summary,
        "formula": operation.formula,
        "usage": usage(operation),
        "parameters": [parameter.describe() for parameter in operation.parameters],
        "dtypes": list(operation.dtypes),
        "channels": list(operation.channels),
        "reports": list(operation.report_formats),
        "columns": list(operation.columns) if isinstance(operation, MeasuredOperation) else [],
        "exact": operation.exact,
        "inexact": operation.inexact,
        "examples": [
            {"text": example.text, "python": example.python, "title": example.title}
            for example in operation.examples
        ],
    }


def described(operation: Operation) -> dict[str, object]:
    """The same, with its :func:`facts` by name, and where it comes from."""
    origin = origin_of(operation.name)
    try:
        told = dict(facts(operation))
    except Exception:  # noqa: BLE001 - what a plugin cannot say of itself is no reason to say nothing of all others
        told = {}
    return {
        **describe(operation),
        "facts": told,
        "origin": {"distribution": origin.distribution, "version": origin.version},
    }


def facts(operation: Operation) -> tuple[tuple[str, str], ...]:
    """What it takes and gives, alpha, nodata, what it reads, what it costs, whether tiles are exact: name and sentence.

    What depends on arguments is told of the operation's first example.
    """
    text, arguments = _first_use(operation)
    with_text = f" with `{text}`" if operation.parameters else ""
    return (
        ("takes", f"{', '.join(operation.dtypes)}; {CHANNELS[tuple(sorted(operation.channels))]}"),
        ("gives", operation.result or _gives(operation, arguments)),
        *([("values", operation.values)] if operation.values else []),
        *_reports(operation),
        ("alpha", _alpha(operation, arguments)),
        ("nodata", operation.nodata),
        ("reads", _reads(operation, arguments) + with_text),
        ("costs", _cost_class(operation.cost(arguments)) + with_text),
        ("tiled", "exactly as whole" if operation.exact else operation.inexact or "may differ from whole"),
    )


def values(parameter: Parameter) -> str:
    """What a parameter may be: its choices, or its bounds and unit."""
    if parameter.choices or parameter.type == "bool":
        return ", ".join(map(write, parameter.choices or (True, False)))
    if parameter.type == "matrix":
        return _sides(parameter)
    low = "" if parameter.minimum is None else write(parameter.minimum)
    high = "" if parameter.maximum is None else write(parameter.maximum)
    bounds = (
        f"{low} to {high}" if low and high else f"from {low}" if low else f"up to {high}" if high else "any"
    )
    return bounds + (", odd" if parameter.odd else "") + (f" {parameter.unit}" if parameter.unit else "")


def _sides(parameter: Parameter) -> str:
    """What a matrix may be, and how it is written."""
    most = "" if parameter.longest is None else f", up to {' x '.join(map(str, parameter.longest))}"
    return f"numbers, rows apart by ;{most}" + (", odd" if parameter.odd else "")


def python(example: Example) -> str:
    """The Python that gives the same pixels as an example, and of which depths, if not of all."""
    return f"{example.python}  # {', '.join(example.dtypes)}" if example.dtypes else example.python


def default(parameter: Parameter) -> str:
    """What it is if not given: its default, the parameter it follows, or that it must be given."""
    if parameter.default is not None:
        return write(parameter.default)
    return parameter.default_from or "must be given"


def _first_use(operation: Operation) -> tuple[str, Arguments]:
    """The first example's own step, in canonical form, and its arguments."""
    if operation.examples:
        step = parse(operation.examples[0].text).steps[-1]
    else:
        given = ", ".join(
            write(one.example) for one in operation.parameters if one.required and one.example is not None
        )
        step = parse(f"{operation.name}({given})").steps[-1]
    return step.canonical, step.arguments


def _gives(operation: Operation, arguments: Arguments) -> str:
    if operation.masks(arguments):
        return "a mask of 0 and 255, stored as PNG or TIFF"
    if operation.makes_labels:
        return "labels of 32 bits, 0 for the background, stored as TIFF"
    taken = [Pixels(dtype, channels) for channels in operation.channels for dtype in operation.dtypes]
    given = {each: operation.output_pixels(each, arguments) for each in taken}
    if all(one == other for one, other in given.items()):
        return "the same depth and channels"
    kinds = set(given.values())
    if len(kinds) == 1:
        (kind,) = kinds
        return f"{kind.dtype}, {CHANNELS[(kind.channels,)]}"
    depths = {each.dtype for each in kinds}
    colours = {each.channels for each in kinds}
    depth = (
        "the same depth"
        if all(one.dtype == other.dtype for one, other in given.items())
        else ", ".join(sorted(depths))
    )
    return f"{depth}; {CHANNELS[tuple(sorted(colours))]}"


def _reports(operation: Operation) -> tuple[tuple[str, str], ...]:
    outputs = " or ".join(f"`output({each})`" for each in operation.report_formats)
    return (("reports", f"its numbers instead of the picture, with {outputs} behind it"),) if outputs else ()


def _alpha(operation: Operation, arguments: Arguments) -> str:
    pixels = Pixels(operation.dtypes[0], operation.channels[-1], alpha=True)
    if operation.alpha == Operation.alpha and not operation.output_pixels(pixels, arguments).alpha:
        return "Dropped: the result is a mask." if operation.masks(arguments) else "Dropped."
    return operation.alpha


def _reads(operation: Operation, arguments: Arguments) -> str:
    if isinstance(operation, WholeImageOperation):
        return "the whole image at once: it is not worked on in blocks"
    around = (
        _around(operation.margin(arguments))
        if isinstance(operation, LocalOperation)
        else "a window of its own"
    )
    if isinstance(operation, MeasuredOperation) and operation.paints:
        return f"the whole image once, {around}"
    if isinstance(operation, MeasuredOperation) and not _measured_dtypes(operation):
        return f"for a report the whole image once, else {around}"
    if isinstance(operation, MeasuredOperation):
        then = "no more of it" if _only_measures(operation, arguments) else around
        return f"the whole image once, to measure it{_of_depths(operation)}; then {then}"
    return around


def _only_measures(operation: MeasuredOperation, arguments: Arguments) -> bool:
    """Whether any two pixels of the result ask for the same of the image, and so for nothing of their own."""
    asked = {operation.source_window(Window(at, at, at + 1, at + 1), FAR, arguments) for at in (0, 99)}
    return len(asked) == 1


def _of_depths(operation: MeasuredOperation) -> str:
    """Of which depths it measures, if not of all."""
    measured = _measured_dtypes(operation)
    return "" if len(measured) == len(operation.dtypes) else f" (only {', '.join(measured)})"


def _measured_dtypes(operation: MeasuredOperation) -> list[str]:
    return [dtype for dtype in operation.dtypes if operation.measures(Pixels(dtype, 1))]


def _around(margin: Margin) -> str:
    reach = (margin.left, margin.top, margin.right, margin.bottom)
    if not any(reach):
        return "the pixel itself"
    if len(set(reach)) == 1:
        return f"{margin.left} px around a pixel"
    return f"{margin.left} px to the left, {margin.top} above, {margin.right} to the right, {margin.bottom} below"


def _cost_class(seconds: float) -> str:
    word = "light" if seconds < LIGHT else "heavy" if seconds >= HEAVY else "medium"
    return f"{word}: at most {seconds:.2g} s of a core for a million samples"
