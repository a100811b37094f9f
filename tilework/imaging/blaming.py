"""What an operation raises becomes a failure that names it."""

from __future__ import annotations

import contextlib
import errno
from typing import TYPE_CHECKING

from tilework.errors import OperationFailedError, TileworkError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tilework.imaging.operations import Operation

OUT_OF_MEMORY = -4
"""OpenCV's error code StsNoMem; as a MemoryError it is no verdict on the operation."""

MOST_QUOTED = 300
"""Characters of a foreign error message that a reason quotes."""


@contextlib.contextmanager
def blaming(operation: Operation) -> Iterator[None]:
    """Turn what ``operation`` raises into a failure that names it; a lack of memory is not its fault."""
    try:
        yield
    except (TileworkError, MemoryError):
        raise
    except Exception as error:
        of_opencv, of_the_system = getattr(error, "code", None), getattr(error, "errno", None)
        if of_opencv == OUT_OF_MEMORY or of_the_system == errno.ENOMEM or "bad_alloc" in str(error):
            raise MemoryError(str(error)) from error
        raise OperationFailedError(
            f"The operation {operation.name} failed: {type(error).__name__}: {str(error)[:MOST_QUOTED]}"
        ) from error
