"""The operations: what changes pixels. A few files a family; ndarray in, ndarray out.

The registry holds the built-in operations and those that :func:`load_extra` added. Reading it, and everything that
describes an operation, works without OpenCV and NumPy.
"""

from __future__ import annotations

import contextlib
import importlib
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from tilework.errors import SettingsError
from tilework.imaging.operations import (
    bilateral,
    colour,
    compare,
    components,
    curves,
    distance,
    edges,
    geometry,
    gradients,
    histogram_report,
    hit_or_miss,
    kernels,
    local_threshold,
    magnitude,
    median,
    morphology,
    non_local_means,
    openings,
    overlay,
    pad,
    point,
    resize,
    sharpening,
    smoothing,
    tone,
    warp,
)
from tilework.imaging.operations.contract import (
    Example,
    LocalOperation,
    Measured,
    MeasuredOperation,
    Operation,
    Part,
    Pixels,
    Reduced,
    Report,
    Site,
    WholeImageOperation,
)
from tilework.imaging.operations.parameters import Arguments, Parameter, Value, write
from tilework.imaging.windows import Margin

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = [
    "Arguments",
    "Example",
    "LocalOperation",
    "Margin",
    "Measured",
    "MeasuredOperation",
    "NotAddedError",
    "Operation",
    "Parameter",
    "Part",
    "Pixels",
    "Reduced",
    "Report",
    "Site",
    "Value",
    "WholeImageOperation",
    "add",
    "load_extra",
    "prepare",
    "registry",
    "trying",
]

FAMILIES = (
    point,
    curves,
    colour,
    tone,
    histogram_report,
    components,
    smoothing,
    median,
    bilateral,
    non_local_means,
    sharpening,
    kernels,
    local_threshold,
    edges,
    gradients,
    magnitude,
    morphology,
    openings,
    hit_or_miss,
    distance,
    geometry,
    pad,
    resize,
    warp,
    overlay,
    compare,
)

NAME = re.compile(r"[a-z][a-z0-9_]*")
"""How an operation or a parameter may be called in the pipeline language."""

RESERVED = ("page", "output")
"""Words of the pipeline language that frame a pipeline."""

_operations: dict[str, Operation] = {
    operation.name: operation for family in FAMILIES for operation in family.OPERATIONS
}


_offered_by: dict[str, str] = {}
"""Which distribution or module added an operation, by its name; none of those that come with Tilework."""


def registry() -> Mapping[str, Operation]:
    """Every operation there is, by name: a read-only view that shows later additions."""
    return MappingProxyType(_operations)


@contextlib.contextmanager
def trying(operation: Operation) -> Iterator[None]:
    """Let pipelines name ``operation`` for a while, instead of whatever has its name: for tests of it."""
    known = _operations.get(operation.name)
    _operations[operation.name] = operation
    try:
        yield
    finally:
        if known is None:
            del _operations[operation.name]
        else:
            _operations[operation.name] = known


class NotAddedError(ValueError):
    """Something that cannot be an operation of the registry; a sentence says why."""


def add(offered: Iterable[object], by: str) -> tuple[str, ...]:
    """Add operations to the registry, all or none, and return their names; ``by`` is the distribution or module.

    For the same one to add an operation again changes nothing. Raises NotAddedError for what is no operation, is called
    what no operation may be, or by a name that is in use.
    """
    found: dict[str, Operation] = {}
    for operation in offered:
        if not isinstance(operation, Operation):
            raise NotAddedError(f"it offers {operation!r}, which is no Operation")
        _check_new(operation, by)
        if operation.name in found:
            raise NotAddedError(f"it offers {operation.name!r} twice")
        found[operation.name] = operation
    _operations.update(found)
    _offered_by.update(dict.fromkeys(found, by))
    return tuple(found)


def load_extra(module: str) -> tuple[str, ...]:
    """Add a module's own operations and return their names; to load it again changes nothing.

    ``module`` is an importable name; its ``OPERATIONS`` is an iterable of :class:`Operation`. Raises
    :class:`~tilework.errors.SettingsError` if it cannot be imported, lacks that, or takes a name that is in use; then
    none of its operations is added.
    """
    try:
        return add(importlib.import_module(module).OPERATIONS, module)
    except NotAddedError as error:
        raise SettingsError(f"TILEWORK_EXTRA_OPERATIONS: {module!r}: {error}.") from error
    except Exception as error:
        raise SettingsError(
            f"TILEWORK_EXTRA_OPERATIONS: cannot load the operations of {module!r}: {type(error).__name__}: {error}"
        ) from error


def _check_new(operation: Operation, by: str) -> None:
    for fact in ("name", "family", "summary", "formula"):
        if not isinstance(getattr(operation, fact, None), str):
            raise NotAddedError(f"it offers {type(operation).__name__}, which says no {fact}")
    for name in (operation.name, *(parameter.name for parameter in operation.parameters)):
        if not NAME.fullmatch(name):
            raise NotAddedError(f"it offers the name {name!r}; names are small letters, digits and _")
    if operation.name in RESERVED:
        raise NotAddedError(f"it offers {operation.name!r}, a word of the pipeline language")
    if isinstance(operation, MeasuredOperation) and operation.paints and _keeps_alpha(operation):
        raise NotAddedError(f"it offers {operation.name!r}, which paints and keeps alpha: that would be lost")
    known = _operations.get(operation.name)
    again = _offered_by.get(operation.name) == by and type(known) is type(operation)
    if known is not None and not again:
        raise NotAddedError(f"it offers {operation.name!r}, a name that is in use")


def _keeps_alpha(operation: Operation) -> bool:
    """Whether a result has the input's alpha: with the defaults, for what has some, which are not what decides that."""
    pixels = Pixels(operation.dtypes[0], operation.channels[0], alpha=True)
    values = {
        each.name: each.example if each.default is None else each.default for each in operation.parameters
    }
    return operation.output_pixels(
        pixels, {name: value for name, value in values.items() if value is not None}
    ).alpha


class Named(Protocol):
    """What is written as a name with parameters."""

    @property
    def name(self) -> str:
        """How it is called."""
        ...

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What can stand between its parentheses."""
        ...


def usage(operation: Named) -> str:
    """How to write it: ``blur(width, height=width, sigma=0)``."""

    def one(parameter: Parameter) -> str:
        if parameter.default is not None:
            return f"{parameter.name}={write(parameter.default)}"
        return (
            parameter.name if parameter.default_from is None else f"{parameter.name}={parameter.default_from}"
        )

    return f"{operation.name}({', '.join(map(one, operation.parameters))})"


def prepare() -> None:
    """Load OpenCV into this process, without IPP, and keep it to one thread: the ranks share the cores among them.

    IPP changes cubic resizing, and others a little, with the processor that it finds, and has another bilateral filter,
    which it takes for images of some sizes only; without it a result depends on OpenCV alone.
    """
    import cv2

    cv2.ipp.setUseIPP(False)
    cv2.setNumThreads(1)
    cv2.ocl.setUseOpenCL(False)
