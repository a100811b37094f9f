"""What is told outside of jobs that have ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Ending:
    """One job that ended. ``result_key`` is empty where there is no result, ``code`` where nothing failed.

    ``bucket``, ``key`` and ``version`` are the image's, and empty where the job's row is gone.
    """

    id: str
    state: str
    bucket: str
    key: str
    version: str
    result_key: str
    code: str


class Announcer(Protocol):
    """Tells whoever listens."""

    def __call__(self, endings: Sequence[Ending]) -> None:
        """Tell of ``endings``. Raises ServiceError where some were not told; then all are to be told again."""
        ...
