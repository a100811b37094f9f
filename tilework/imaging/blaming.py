"""What an operation raises becomes a failure that names it."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from tilework.errors import OperationFailedError, TileworkError

if TYPE_CHECKING:
    from tilework.imaging.operations import Operation

OUT_OF_MEMORY = -4
"""OpenCV's error code StsNoMem; as a MemoryError it is no verdict on the operation."""

MOST_QUOTED = 300
"""Characters of a foreign error message that a reason quotes."""


class blaming:  # noqa: N801 - as of contextlib, of which a generator would cost each tile a microsecond
    """Turn what ``operation`` raises within into a failure that names it; a lack of memory is not its fault."""

    __slots__ = ("operation",)

    def __init__(self, operation: Operation) -> None:
        self.operation = operation

    def __enter__(self) -> None:
        """Nothing is to be done."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        """Raise what is told of ``error``, if it is the operation's."""
        if isinstance(error, Exception):
            blame(self.operation, error)


def blame(operation: Operation, error: Exception) -> None:
    """Raise what is told of ``error``, which ``operation`` raised; return if it tells enough itself."""
    if isinstance(error, (TileworkError, MemoryError)):
        return
    of_opencv, of_the_system = getattr(error, "code", None), getattr(error, "errno", None)
    if of_opencv == OUT_OF_MEMORY or of_the_system == errno.ENOMEM or "bad_alloc" in str(error):
        raise MemoryError(str(error)) from error
    raise OperationFailedError(
        f"The operation {operation.name} failed: {type(error).__name__}: {str(error)[:MOST_QUOTED]}"
    ) from error
