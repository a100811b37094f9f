"""One thing that is looked at, and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from tilework.errors import ServiceError, TileworkError

if TYPE_CHECKING:
    from collections.abc import Callable


class Health(Enum):
    """How it stands with one thing."""

    FINE = "fine"
    SILENT = "no answer"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Check:
    """``look`` tells what it found in a sentence, or raises: ServiceError where that may pass, else what is wrong.

    ``status`` is the exit status of a worker host that cannot start for it.
    """

    name: str
    status: int
    look: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check has found: a sentence, and advice where it is not fine."""

    name: str
    status: int
    health: Health
    sentence: str
    advice: str = ""


def find(check: Check) -> Finding:
    """Look once."""
    try:
        return Finding(check.name, check.status, Health.FINE, check.look())
    except ServiceError as error:
        return Finding(check.name, check.status, Health.SILENT, error.reason, error.advice)
    except TileworkError as error:
        return Finding(check.name, check.status, Health.WRONG, error.reason, error.advice)
