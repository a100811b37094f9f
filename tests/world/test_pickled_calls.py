"""What a call and its outcome promise on their way, without any MPI."""

import operator
from collections.abc import Callable
from typing import Any

import pytest

from tilework.errors import PipelineError, UnexpectedError
from tilework.world.pickled_calls import pack_call, perform, unpack_outcome


def outcome(function: Callable[..., object], *args: object, **kwargs: object) -> tuple[bool, Any]:
    return unpack_outcome(perform(pack_call(function, args, kwargs), "Rank 1"))


def misuse_pipeline() -> None:
    raise PipelineError("No such operation.", position=4, advice="Try blur.")


def interrupt() -> None:
    raise KeyboardInterrupt


class UnpicklableError(Exception):
    def __init__(self, left: int, right: int) -> None:
        super().__init__(left)


def raise_unpicklable() -> None:
    raise UnpicklableError(1, 2)


def test_a_result_comes_back() -> None:
    assert outcome(operator.add, 2, 3) == (True, 5)
    assert outcome(int, "ff", base=16) == (True, 255)


def test_a_failure_keeps_its_type_its_fields_and_its_traceback() -> None:
    succeeded, error = outcome(misuse_pipeline)
    assert not succeeded
    assert type(error) is PipelineError
    assert (error.reason, error.position, error.advice) == ("No such operation.", 4, "Try blur.")
    assert error.__notes__[0].startswith("Rank 1:\nTraceback")
    assert "in misuse_pipeline" in error.__notes__[0]


@pytest.mark.parametrize("function", [interrupt, raise_unpicklable])
def test_what_cannot_come_back_as_it_is_comes_back_in_words(function: Callable[[], None]) -> None:
    succeeded, error = outcome(function)
    assert not succeeded
    assert type(error) is UnexpectedError
    assert function.__name__ in error.__notes__[0]


def test_bytes_that_are_no_call_are_a_failure_of_that_task() -> None:
    succeeded, error = unpack_outcome(perform(b"no call", "Rank 1"))
    assert not succeeded
    assert isinstance(error, Exception)
