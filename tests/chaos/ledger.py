"""The dropper's own list: what was asked for, written down before it is asked for, and what was done to it since."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tilework.jobs.job import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.corpus import Specimen

SPOILT = "unreadable_message"
"""The code of a body that nobody can read."""


@dataclass(slots=True, eq=False)
class Entry:
    """A job that was asked for, by a drop, a rerun of one, or a body that nobody can read (``specimen`` None).

    ``job`` is empty until the PUT of the drop has been answered: only then its version is known.
    """

    key: str
    pipeline: str
    specimen: Specimen | None
    asked: float
    job: str = ""
    version: str = ""
    cancelled: bool = False
    gone: bool = False
    retries: int = 0

    @property
    def codes(self) -> tuple[str, ...]:
        """Those of its failure, none where it is to be done."""
        return (SPOILT,) if self.specimen is None else self.specimen.codes

    @property
    def ends(self) -> frozenset[State]:
        """Which of them are right."""
        if self.cancelled:
            return frozenset({State.CANCELLED})
        own = State.FAILED if self.codes else State.DONE
        # whoever had read it before its version went may still end it in its own way
        return frozenset({own, State.SKIPPED}) if self.gone else frozenset({own})

    @property
    def is_ordinary(self) -> bool:
        """Whether one rank works on it alone."""
        return self.specimen is None or not self.specimen.large


@dataclass(slots=True)
class Ledger:
    """All entries, in their order."""

    entries: list[Entry] = field(default_factory=list)
    _writing: threading.Lock = field(default_factory=threading.Lock)

    def write(self, key: str, pipeline: str, specimen: Specimen | None, *, job: str = "", version: str = "") -> Entry:  # fmt: skip
        """Write down what is about to be asked for."""
        entry = Entry(key, pipeline, specimen, time.time(), job, version)
        with self._writing:
            self.entries.append(entry)
        return entry

    def known(self, wanted: Callable[[Entry], bool], last: int) -> list[Entry]:
        """Those of the ``last`` entries that were told their job and are ``wanted``."""
        with self._writing:
            recent = self.entries[-last:]
        return [entry for entry in recent if entry.job and wanted(entry)]

    def version_is_gone(self, version: str) -> None:
        """Note that a version was deleted, for all jobs about it."""
        for entry in self.entries:
            if entry.version == version:
                entry.gone = True
