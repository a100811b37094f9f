"""What a world's death means for the tasks that were in it: pure reasoning over what was found."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilework.errors import WorldDiedError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SIGNALLED = 128
"""mpiexec's exit code for a rank that a signal ended, less the signal's number, as a shell has it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why the world died: ``reason``, the ``signal`` that did it, if one did, and the tasks that are ``suspects``."""

    reason: str
    signal: int | None = None
    suspects: frozenset[int] = frozenset()

    def error(self, task: int) -> WorldDiedError:
        """The failure of ``task``."""
        return WorldDiedError(self.reason, suspect=task in self.suspects, signal=self.signal)


def judge(code: int, dead: Mapping[int, int], running: Mapping[int, int]) -> Verdict:
    """The verdict from mpiexec's exit ``code`` (negative: killed by a signal), the ``dead`` and their tasks.

    ``dead`` are the process ids, by rank, of the ranks that were gone when the death was noticed; ``running`` the tasks
    that their slots name. When mpiexec itself was killed its ranks die with it, and nobody is suspect.
    """
    if code < 0:
        return Verdict(f"The MPI world died: mpiexec was killed by {_name(-code)}.", -code)
    number = code - _SIGNALLED if code > _SIGNALLED else None
    ended = f"was killed by {_name(number)}" if number else f"exited with status {code}"
    if not dead:
        return Verdict(f"The MPI world died: mpiexec {ended}.", number)
    who = " and ".join(f"rank {rank} (pid {pid})" for rank, pid in dead.items())
    return Verdict(f"The MPI world died: {who} {ended}.", number, frozenset(running.values()))


def _name(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"
