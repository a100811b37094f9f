"""Calls and their outcomes as bytes: what a task looks like on its way to a rank and back.

Rank 0 passes these bytes on without looking into them. Whatever cannot be pickled, on either side, becomes the failure
of that one task.
"""

from __future__ import annotations

import pickle
import traceback
from typing import TYPE_CHECKING, Any

from tilework.errors import UnexpectedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# Both ends are processes of one user that authenticated each other, so unpickling is no gate for strangers.
# ruff: noqa: S301


def pack_call(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> bytes:
    """A call as bytes; the function must be importable by its name in the ranks. Raises whatever pickling raises."""
    return pickle.dumps((function, tuple(args), dict(kwargs)), pickle.HIGHEST_PROTOCOL)


def perform(call: bytes, where: str) -> bytes:
    """Do the call and return its outcome as bytes; raises nothing. ``where`` is said above a failure's traceback."""
    try:
        function, args, kwargs = pickle.loads(call)
        return pickle.dumps((True, function(*args, **kwargs)), pickle.HIGHEST_PROTOCOL)
    except BaseException as error:  # noqa: BLE001 - a task may raise anything, sys.exit included; its future gets it
        return pack_failure(error, where)


def unpack_outcome(outcome: bytes) -> tuple[bool, Any]:
    """(True, the result) or (False, the exception). Raises whatever unpickling raises."""
    succeeded, value = pickle.loads(outcome)
    return succeeded, value


def pack_failure(error: BaseException, where: str) -> bytes:
    """The exception as it was raised, with the remote traceback as a note.

    What is no Exception (SystemExit, KeyboardInterrupt) would end the process that asks for the result, and what
    cannot make the way there and back would tell nothing: both come as UnexpectedError.
    """
    note = f"{where}:\n{''.join(traceback.format_exception(error))}"
    summary = "".join(traceback.format_exception_only(error)).strip()
    if isinstance(error, Exception):
        try:
            error.add_note(note)
            failure = pickle.dumps((False, error), pickle.HIGHEST_PROTOCOL)
            pickle.loads(failure)
        except Exception:  # noqa: BLE001, S110 - reported below, in words
            pass
        else:
            return failure
    stand_in = UnexpectedError(f"The task ended with {summary}.")
    stand_in.add_note(note)
    return pickle.dumps((False, stand_in), pickle.HIGHEST_PROTOCOL)
