"""The operations: what changes pixels. One file a family; ndarray in, ndarray out.

The registry holds the built-in operations and those that :func:`load_extra` added. Reading it, and everything that
describes an operation, works without OpenCV and NumPy.
"""

from __future__ import annotations

import importlib
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from tilework.errors import SettingsError
from tilework.imaging.operations import (
    distance,
    edges,
    filters,
    gradients,
    hit_or_miss,
    magnitude,
    morphology,
    openings,
    point,
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
    Site,
    WholeImageOperation,
)
from tilework.imaging.operations.parameters import Arguments, Parameter, Value, write

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Arguments",
    "Example",
    "LocalOperation",
    "Measured",
    "MeasuredOperation",
    "Operation",
    "Parameter",
    "Part",
    "Pixels",
    "Reduced",
    "Site",
    "Value",
    "WholeImageOperation",
    "describe",
    "load_extra",
    "prepare",
    "registry",
]

FAMILIES = (point, filters, edges, gradients, magnitude, morphology, openings, hit_or_miss, distance)

NAME = re.compile(r"[a-z][a-z0-9_]*")
"""How an operation or a parameter may be called in the pipeline language."""

_operations: dict[str, Operation] = {
    operation.name: operation for family in FAMILIES for operation in family.OPERATIONS
}


def registry() -> Mapping[str, Operation]:
    """Every operation there is, by name: a read-only view that shows later additions."""
    return MappingProxyType(_operations)


def load_extra(module: str) -> tuple[str, ...]:
    """Add a module's own operations and return their names; to load it again changes nothing.

    ``module`` is an importable name; its ``OPERATIONS`` is an iterable of :class:`Operation`. Raises
    :class:`~tilework.errors.SettingsError` if it cannot be imported, lacks that, or takes a name that is in use; then
    none of its operations is added.
    """
    try:
        operations = tuple(importlib.import_module(module).OPERATIONS)
    except Exception as error:
        raise SettingsError(
            f"TILEWORK_EXTRA_OPERATIONS: cannot load the operations of {module!r}: {type(error).__name__}: {error}"
        ) from error
    for operation in operations:
        _check_extra(module, operation)
    _operations.update({operation.name: operation for operation in operations})
    return tuple(operation.name for operation in operations)


def _check_extra(module: str, operation: object) -> None:
    where = f"TILEWORK_EXTRA_OPERATIONS: {module!r}"
    if not isinstance(operation, Operation):
        raise SettingsError(f"{where} offers {operation!r}, which is no Operation.")
    names = [operation.name, *(parameter.name for parameter in operation.parameters)]
    for name in names:
        if not NAME.fullmatch(name):
            raise SettingsError(f"{where} offers the name {name!r}; names are small letters, digits and _.")
    if isinstance(operation, MeasuredOperation) and operation.paints and not operation.makes_mask:
        raise SettingsError(
            f"{where} offers {operation.name!r}, which paints and makes no mask: its alpha would be lost."
        )
    known = _operations.get(operation.name)
    if known is not None and type(known) is not type(operation):
        raise SettingsError(f"{where} offers {operation.name!r}, a name that is in use.")


def describe(operation: Operation) -> dict[str, object]:
    """Everything about an operation as JSON-able data, from which command line, API and page make their forms."""
    return {
        "name": operation.name,
        "family": operation.family,
        "summary": operation.summary,
        "formula": operation.formula,
        "usage": usage(operation),
        "parameters": [parameter.describe() for parameter in operation.parameters],
        "dtypes": list(operation.dtypes),
        "channels": list(operation.channels),
        "makes_mask": operation.makes_mask,
        "exact": operation.exact,
        "inexact": operation.inexact,
        "alpha": "Dropped: the result is a mask." if operation.makes_mask else operation.alpha,
        "nodata": operation.nodata,
        "examples": [
            {"text": example.text, "python": example.python, "title": example.title}
            for example in operation.examples
        ],
    }


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
    """Load OpenCV into this process, keep it to one thread, for the ranks share the cores among them, and to its own code.

    IPP, where OpenCV has it, gives other floats on other processors, and in windows (a 5 x 5 Laplacian of float32).
    """
    import cv2

    cv2.setNumThreads(1)
    cv2.ocl.setUseOpenCL(False)
    cv2.ipp.setUseIPP(False)
