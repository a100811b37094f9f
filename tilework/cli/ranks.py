"""What a rank does for the command line: one file into another, through the same engine as on a worker host."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from tilework.errors import TileworkError, UnexpectedError, UnwritableError
from tilework.guard.images import bound_process, process_guarded
from tilework.imaging.plugins import load_own_operations
from tilework.imaging.run import FileOutcome, prepare_process, process_file

if TYPE_CHECKING:
    from tilework.cli.files import Errand
    from tilework.imaging.limits import Limits
    from tilework.imaging.pipeline import Pipeline


def start_rank(extra_operations: str, limits: Limits) -> None:
    """Make a rank ready: the executor's initializer. ``extra_operations`` names a module, or is empty."""
    prepare_process()
    load_own_operations(extra_operations)
    bound_process(limits)


def run_errand(errand: Errand, pipeline: Pipeline, limits: Limits, *, suspect: bool = False) -> FileOutcome:
    """Process one file; whatever goes wrong with it is its outcome, and no other file's.

    One that is ``suspect`` is worked on in guarded children, and cannot even end this process.
    """
    began = time.perf_counter()
    how = partial(process_guarded, suspect=suspect)
    try:
        return process_file(errand.source, errand.target, pipeline, limits, exact_name=True, how=how)
    except OSError as error:
        return not_done(errand, unwritable(errand, error), time.perf_counter() - began)
    except Exception as error:  # noqa: BLE001 - an operation may raise anything; it is told as this file's failure
        return not_done(errand, unexpected(error), time.perf_counter() - began)


def not_done(errand: Errand, error: TileworkError, seconds: float = 0.0) -> FileOutcome:
    """The outcome of a file that gave no result."""
    return FileOutcome(errand.source, None, None, None, None, seconds, error)


def unexpected(error: BaseException) -> TileworkError:
    """A failure that has a name of ours, or one that quotes it."""
    if isinstance(error, TileworkError):
        return error
    return UnexpectedError(f"The work failed: {type(error).__name__}: {error}")


def unwritable(errand: Errand, error: OSError) -> TileworkError:
    """The failure of a result's folder or disk."""
    return UnwritableError(f"The result {str(errand.target)!r} cannot be written: {error.strerror or error}.")
