"""What an operation raises is its failure, unless it says that there is no memory."""

from __future__ import annotations

import errno

import cv2
import pytest

from tilework.errors import DamagedImageError, OperationFailedError
from tilework.imaging.blaming import blaming
from tilework.imaging.operations import registry

INVERT = registry()["invert"]


def raised(error: Exception) -> Exception:
    """What becomes of ``error``."""
    with pytest.raises(Exception) as caught, blaming(INVERT):  # noqa: PT011 - which one it is, is the question
        raise error
    return caught.value


def test_a_failure_names_the_operation_and_what_it_said() -> None:
    told = raised(ValueError("too blue"))
    assert isinstance(told, OperationFailedError)
    assert told.reason == "The operation invert failed: ValueError: too blue"


def test_a_designed_failure_stays_what_it_is() -> None:
    error = DamagedImageError("cut")
    assert raised(error) is error


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("none"),
        RuntimeError("std::bad_alloc"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
    ],
    ids=["python", "c++", "a mapping of the system"],
)
def test_a_lack_of_memory_is_not_its_fault(error: Exception) -> None:
    assert isinstance(raised(error), MemoryError)


def test_opencvs_own_lack_of_memory_is_not_its_fault() -> None:
    error = cv2.error("Failed to allocate 1 bytes")
    error.code = cv2.Error.StsNoMem
    assert isinstance(raised(error), MemoryError)
